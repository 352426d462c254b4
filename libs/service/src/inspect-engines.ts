import { inspectKafka, type KafkaFacts } from '@millrace/bus/inspect-kafka'
import { inspectCassandra, type CassandraFacts } from '@millrace/cassandra/inspect-cassandra'
import type { TopicGeneration } from '@millrace/catalog/catalog'
import { catalogMigrations } from '@millrace/catalog/migrate-catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { inspectElasticsearch, type ElasticsearchFacts } from '@millrace/fragment-index/inspect-elasticsearch'
import { fragmentStoreMigrations } from '@millrace/fragment-store/migrate-fragment-store'
import { inspectRedis, type RedisFacts } from '@millrace/redis/inspect-redis'
import { cassandraOptions, elasticsearchOptions, kafkaOptions, redisOptions } from './engine-options.ts'
import type { EnginesOptions } from './engines.ts'
import type { ServiceSettings } from './settings.ts'

/** Looks at the engines that the settings name, and changes nothing. Each asks once, and does not wait for an engine that is away. */
export interface Inspections {
  /** @throws {BusUnavailableError} */
  kafka(topics: readonly string[]): Promise<KafkaFacts>
  /** @throws {CassandraUnavailableError} */
  cassandra(): Promise<CassandraFacts>
  /** The generation that `millrace migrate` has made; undefined before it. @throws {CatalogUnavailableError} */
  generation(): Promise<TopicGeneration | undefined>
  /** @throws {IndexUnavailableError} */
  elasticsearch(): Promise<ElasticsearchFacts>
  /** @throws {RedisUnavailableError} */
  redis(): Promise<RedisFacts>
}

export function createInspections(settings: ServiceSettings, options: EnginesOptions): Inspections {
  const cassandra = cassandraOptions(settings, options)
  return {
    kafka: async (topics) => await inspectKafka(kafkaOptions(settings, options), topics),
    cassandra: async () => await inspectCassandra(cassandra, [...catalogMigrations(), ...(await fragmentStoreMigrations())]),
    generation: async () => {
      await using catalog = await openCatalog({ kind: 'cassandra', ...cassandra })
      return await catalog.currentGeneration()
    },
    elasticsearch: async () => await inspectElasticsearch(elasticsearchOptions(settings, options)),
    redis: async () => await inspectRedis(redisOptions(settings, options)),
  }
}

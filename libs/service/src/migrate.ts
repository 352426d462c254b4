import { bootstrapKeys, type BootstrapKeys } from '@millrace/access/bootstrap-keys'
import { openBus } from '@millrace/bus/open-bus'
import { topicsOf, type Topics } from '@millrace/bus/topics'
import type { Catalog, TopicGeneration } from '@millrace/catalog/catalog'
import { migrateCatalog } from '@millrace/catalog/migrate-catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { migrateFragmentIndex } from '@millrace/fragment-index/migrate-fragment-index'
import { migrateFragmentStore } from '@millrace/fragment-store/migrate-fragment-store'
import { assertLogReachesCommits } from './assert-log-reaches-commits.ts'
import { cassandraOptions, elasticsearchOptions, kafkaOptions } from './engine-options.ts'
import { openPatiently, type Patience } from './open-patiently.ts'
import type { EnginesOptions } from './engines.ts'
import type { ServiceSettings } from './settings.ts'

export interface Migrated {
  readonly generation: TopicGeneration
  readonly keys: BootstrapKeys
}

/**
 * Makes what the services need in the engines, or brings it up to this version: keyspace and tables, index templates, the first generation of topics, the first tenant
 * and its keys. Safe to run twice, from two places, and again after it was cut off. Waits for engines that start.
 */
export async function migrate(settings: ServiceSettings, options: EnginesOptions & Patience): Promise<Migrated> {
  const { random, clock } = options
  const cassandra = cassandraOptions(settings, options)
  const migration = { ...cassandra, replicationFactor: settings.cassandraReplicationFactor, random }
  await openPatiently('Cassandra', options, async () => {
    await migrateFragmentStore(migration)
    await migrateCatalog(migration)
  })
  await openPatiently('Elasticsearch', options, async () => await migrateFragmentIndex(elasticsearchOptions(settings, options)))
  await using catalog = await openPatiently('the catalog in Cassandra', options, async () => await openCatalog({ kind: 'cassandra', ...cassandra }))
  const generation = await catalog.openGeneration({ generation: random.text(GENERATION_LENGTH), partitions: settings.partitions })
  await using bus = await openPatiently('Kafka', options, async () => await openBus({ kind: 'kafka', ...kafkaOptions(settings, options) }))
  const topics = topicsOf(generation)
  // Topics of a generation that has commits are never made anew: their offsets would begin again, and what they take would pass for committed.
  if (await hasCommits(catalog, topics)) await openPatiently('Kafka', options, async () => { await assertLogReachesCommits(bus, catalog, topics) })
  else for (const topic of [topics.batches, topics.routed, topics.commits, topics.deadLetters]) await openPatiently('Kafka', options, async () => await bus.createTopic(topic, { partitions: topics.partitions }))
  return { generation, keys: await bootstrapKeys(catalog, { random, clock }, settings) }
}

/** Two billion names. */
const GENERATION_LENGTH = 6

async function hasCommits(catalog: Catalog, { generation, partitions }: Topics): Promise<boolean> {
  for (let partition = 0; partition < partitions; partition++) if ((await catalog.readPosition(`${generation}/${partition}`)).sequence > 0) return true
  return false
}

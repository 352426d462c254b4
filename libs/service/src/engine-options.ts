import type { BusConfig } from '@millrace/bus/open-bus'
import type { CassandraOptions } from '@millrace/cassandra/cassandra-session'
import type { FragmentIndexConfig } from '@millrace/fragment-index/open-fragment-index'
import type { LimitsConfig } from '@millrace/limits/open-limits'
import type { EnginesOptions } from './engines.ts'
import type { ServiceSettings } from './settings.ts'

// How the settings of each engine are told to its adapters.

type OptionsOf<Config, Kind extends string> = Omit<Extract<Config, { readonly kind: Kind }>, 'kind'>

export function kafkaOptions({ kafkaBrokers, kafkaReplicationFactor, kafkaMinInsyncReplicas, kafkaTls, kafkaUsername, kafkaPassword }: ServiceSettings, { name, clock, log }: EnginesOptions): OptionsOf<BusConfig, 'kafka'> {
  return {
    brokers: kafkaBrokers, clientId: `millrace-${name}`, replicationFactor: kafkaReplicationFactor, minInsyncReplicas: kafkaMinInsyncReplicas, ssl: kafkaTls, clock, log,
    ...(kafkaUsername === undefined || kafkaPassword === undefined ? {} : { sasl: { mechanism: 'scram-sha-512', username: kafkaUsername, password: kafkaPassword } }),
  }
}

/** Of the catalog, the objects and the migrations alike. */
export function cassandraOptions(settings: ServiceSettings, { clock, log }: EnginesOptions): CassandraOptions {
  const { cassandraContactPoints, cassandraLocalDataCenter, cassandraKeyspace, cassandraUsername, cassandraPassword } = settings
  return {
    contactPoints: cassandraContactPoints, localDataCenter: cassandraLocalDataCenter, keyspace: cassandraKeyspace, clock, log,
    ...(cassandraUsername === undefined || cassandraPassword === undefined ? {} : { credentials: { username: cassandraUsername, password: cassandraPassword } }),
  }
}

export function elasticsearchOptions(settings: ServiceSettings, { clock, random, log }: EnginesOptions): OptionsOf<FragmentIndexConfig, 'elasticsearch'> {
  const { elasticsearchNodes, elasticsearchPrefix, elasticsearchShards, elasticsearchReplicas, elasticsearchUsername, elasticsearchPassword } = settings
  return {
    nodes: elasticsearchNodes, prefix: elasticsearchPrefix, shards: elasticsearchShards, replicas: elasticsearchReplicas, clock, random, log,
    ...(elasticsearchUsername === undefined || elasticsearchPassword === undefined ? {} : { auth: { username: elasticsearchUsername, password: elasticsearchPassword } }),
  }
}

/** Of the limits, the cache and the tail alike. */
export function redisOptions({ redisAddress, redisPrefix, redisTls, redisUsername, redisPassword }: ServiceSettings, { clock, random, log }: EnginesOptions): OptionsOf<LimitsConfig, 'redis'> {
  return {
    address: redisAddress, prefix: redisPrefix, isTls: redisTls, clock, random, log,
    ...(redisUsername === undefined ? {} : { username: redisUsername }), ...(redisPassword === undefined ? {} : { password: redisPassword }),
  }
}

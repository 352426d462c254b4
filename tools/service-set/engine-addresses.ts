import type { EngineName } from '@millrace/simulator/describe-on'

/** Where each engine is: `host:port`, of Elasticsearch `http://host:port`. */
export type EngineAddresses = Readonly<Record<EngineName, string>>

export function addressesOf(engines: readonly { readonly name: EngineName; readonly address: string }[]): EngineAddresses {
  const addresses = Object.fromEntries(engines.map(({ name, address }) => [name, address])) as Partial<Record<EngineName, string>>
  const { kafka, cassandra, elasticsearch, redis } = addresses
  if (kafka === undefined || cassandra === undefined || elasticsearch === undefined || redis === undefined) throw new Error('the services need all four engines')
  return { kafka, cassandra, elasticsearch, redis }
}

/** As the services' settings. */
export function engineEnvironment({ kafka, cassandra, elasticsearch, redis }: EngineAddresses): Readonly<Record<string, string>> {
  return { MILLRACE_KAFKA_BROKERS: kafka, MILLRACE_CASSANDRA_CONTACT_POINTS: cassandra, MILLRACE_ELASTICSEARCH_NODES: elasticsearch, MILLRACE_REDIS_ADDRESS: redis }
}

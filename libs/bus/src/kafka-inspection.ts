import { BusUnavailableError } from './bus.ts'
import type { KafkaFacts, TopicFacts } from './inspect-kafka.ts'
import { KafkaAdmin, type KafkaAdminOptions } from './kafka-admin.ts'
import { loadKafkajs } from './kafka-driver.ts'

/** Reads what {@link KafkaFacts} holds. @throws {BusUnavailableError} */
export async function readKafkaFacts(options: KafkaAdminOptions, wanted: readonly string[]): Promise<KafkaFacts> {
  const { ConfigResourceTypes } = loadKafkajs()
  const admin = new KafkaAdmin(options)
  try {
    const { brokers } = await admin.run('describing the cluster', async (driver) => await driver.describeCluster())
    const existing = new Set(await admin.run('listing topics', async (driver) => await driver.listTopics()))
    // Only those that there are: asking for others could make them.
    const names = wanted.filter((name) => existing.has(name))
    const metadata = names.length === 0 ? [] : (await admin.run('describing topics', async (driver) => await driver.fetchTopicMetadata({ topics: names }))).topics
    const settings = names.length === 0 ? new Map<string, ReadonlyMap<string, string>>() : await readSettings(admin, names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })))
    const [broker] = brokers
    const ofBroker = broker === undefined ? undefined : await readSettings(admin, [{ type: ConfigResourceTypes.BROKER, name: String(broker.nodeId) }]).catch(() => undefined)
    const makesTopics = broker === undefined ? undefined : ofBroker?.get(String(broker.nodeId))?.get('auto.create.topics.enable')
    return {
      brokers: brokers.length, makesTopics: makesTopics === undefined ? undefined : makesTopics === 'true',
      topics: metadata.map(({ name, partitions }): TopicFacts => ({
        name, settings: settings.get(name) ?? new Map<string, string>(),
        partitions: partitions.map(({ partitionId, leader, replicas, isr }) => ({ partition: partitionId, hasLeader: leader >= 0, replicas: replicas.length, inSync: isr.length })),
      })),
    }
  } finally {
    admin.close()
  }
}

/** Settings by resource. */
async function readSettings(admin: KafkaAdmin, resources: readonly { readonly type: number; readonly name: string }[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const answer = await admin.run('reading settings', async (driver) => await driver.describeConfigs({ resources: [...resources], includeSynonyms: false }))
  const [refused] = answer.resources.filter(({ errorCode }) => errorCode !== 0)
  if (refused !== undefined) throw new BusUnavailableError(`Kafka refused to tell the settings of ${refused.resourceName}: ${refused.errorMessage}`)
  return new Map(answer.resources.map(({ resourceName, configEntries }) => [resourceName, new Map(configEntries.map(({ configName, configValue }) => [configName, configValue]))]))
}

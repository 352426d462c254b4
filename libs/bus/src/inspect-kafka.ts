import type { Clock } from '@millrace/runtime/clock'
import type { KafkaClientOptions } from './kafka-client.ts'

/** What Kafka is at the moment, for people who look for what is wrong. */
export interface KafkaFacts {
  readonly brokers: number
  /** Of any broker: whether a mere metadata request makes a topic. Undefined where it may not be asked. */
  readonly makesTopics: boolean | undefined
  /** Of the topics that were asked for, those that there are. */
  readonly topics: readonly TopicFacts[]
}

export interface TopicFacts {
  readonly name: string
  readonly partitions: readonly { readonly partition: number; readonly hasLeader: boolean; readonly replicas: number; readonly inSync: number }[]
  /** Its settings by Kafka's own names. */
  readonly settings: ReadonlyMap<string, string>
}

/** Looks at Kafka, and changes nothing. @throws {BusUnavailableError} */
export async function inspectKafka(options: KafkaClientOptions & { readonly clock: Clock }, topics: readonly string[]): Promise<KafkaFacts> {
  const { readKafkaFacts } = await import('./kafka-inspection.ts')
  return await readKafkaFacts(options, topics)
}

import { BusUnavailableError } from './bus.ts'
import type { KafkaAdmin } from './kafka-admin.ts'

/** The oldest offset kept and the next one to be given; below `end` everything is on all in-sync replicas. */
export interface PartitionBounds {
  readonly start: number
  readonly end: number
}

/**
 * Reads the bounds of a topic's partitions, all with one request. Calls that come while one is on its way share the next one: never the one on its way, whose
 * answer may be older than the call.
 */
export class KafkaOffsets {
  readonly #admin: Pick<KafkaAdmin, 'run'>
  readonly #topics = new Map<string, { current: Promise<unknown>; next: Promise<ReadonlyMap<number, PartitionBounds>> | undefined }>()

  constructor(admin: Pick<KafkaAdmin, 'run'>) {
    this.#admin = admin
  }

  /** @throws {BusUnavailableError} also where the topic has no such partition. */
  async read(topic: string, partition: number): Promise<PartitionBounds> {
    const bounds = (await this.#readTopic(topic)).get(partition)
    if (bounds === undefined) throw new BusUnavailableError(`${topic} has no partition ${partition}`)
    return bounds
  }

  #readTopic(topic: string): Promise<ReadonlyMap<number, PartitionBounds>> {
    const state = this.#topics.get(topic) ?? { current: Promise.resolve(), next: undefined }
    this.#topics.set(topic, state)
    state.next ??= state.current.then(() => {
      const reading = this.#request(topic)
      state.next = undefined
      state.current = reading.catch(() => undefined)
      return reading
    })
    return state.next
  }

  async #request(topic: string): Promise<ReadonlyMap<number, PartitionBounds>> {
    const found = await this.#admin.run(`reading the offsets of ${topic}`, (admin) => admin.fetchTopicOffsets(topic))
    return new Map(found.map(({ partition, low, high }) => [partition, { start: Number(low), end: Number(high) }]))
  }
}

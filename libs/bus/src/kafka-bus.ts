import assert from 'node:assert/strict'
import { setMaxListeners } from 'node:events'
import type { Clock } from '@millrace/runtime/clock'
import type { Admin } from 'kafkajs'
import { BusUnavailableError, MAX_BUS_RECORD_BYTES, TopicConflictError, type Assignment, type Bus, type ConsumeOptions } from './bus.ts'
import { KafkaAdmin } from './kafka-admin.ts'
import { KafkaAppendQueue } from './kafka-append-queue.ts'
import type { KafkaClientOptions } from './kafka-client.ts'
import { consumeKafkaGroup } from './kafka-group.ts'
import { KafkaOffsets } from './kafka-offsets.ts'
import { openKafkaSender } from './kafka-sender.ts'
import { KafkaTrimmer } from './kafka-trimmer.ts'

export interface KafkaBusOptions extends KafkaClientOptions {
  readonly clock: Clock
  /** Copies of each record; of a topic when it is created. */
  readonly replicationFactor: number
  /** Copies that an append waits for; fewer in-sync replicas refuse it. */
  readonly minInsyncReplicas: number
}

/**
 * The bus on Kafka by kafkajs. Opens at once: brokers are reached when they are needed, and what is called before they are there fails with
 * {@link BusUnavailableError} or, in `consume`, waits.
 */
export async function openKafkaBus(options: KafkaBusOptions): Promise<Bus> {
  assert(options.minInsyncReplicas >= 1 && options.minInsyncReplicas <= options.replicationFactor, 'no more copies can be in sync than there are')
  return new KafkaBus(options)
}

/** Kafka's frame around one record of the largest size. */
const MESSAGE_OVERHEAD_BYTES = 4096
/** A leader serves a new topic within a second or two; a broker that just started may take longer. */
const LEADER_DEADLINE_MS = 30_000
const LEADER_POLL_MS = 100

class KafkaBus implements Bus {
  readonly #options: KafkaBusOptions
  readonly #admin: KafkaAdmin
  readonly #offsets: KafkaOffsets
  readonly #trimmer: KafkaTrimmer
  readonly #queue: KafkaAppendQueue
  readonly #consuming = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  constructor(options: KafkaBusOptions) {
    this.#options = options
    this.#admin = new KafkaAdmin(options)
    this.#offsets = new KafkaOffsets(this.#admin)
    this.#trimmer = new KafkaTrimmer({ admin: this.#admin, clock: options.clock, log: options.log })
    this.#queue = new KafkaAppendQueue({ open: () => openKafkaSender(options), clock: options.clock, log: options.log })
    setMaxListeners(0, this.#closing.signal)
  }

  async createTopic(topic: string, { partitions }: { readonly partitions: number }): Promise<void> {
    assert(/^[a-z0-9-]{1,100}$/.test(topic) && partitions > 0, 'a topic has a name of a-z, 0-9 and -, and at least one partition')
    await this.#admin.run(`creating ${topic}`, (admin) => admin.createTopics({ waitForLeaders: false, topics: [this.#topicConfig(topic, partitions)] }))
    const existing = await this.#waitForLeaders(topic)
    if (existing !== partitions) throw new TopicConflictError(`topic ${topic} has ${existing} partitions, not ${partitions}`)
  }

  append(topic: string, partition: number, value: Uint8Array): Promise<number> {
    assert(value.length > 0 && value.length <= MAX_BUS_RECORD_BYTES, 'a record has 1 to MAX_BUS_RECORD_BYTES bytes')
    return this.#queue.append(topic, partition, value)
  }

  async endOffset(topic: string, partition: number): Promise<number> {
    return (await this.#offsets.read(topic, partition)).end
  }

  async startOffset(topic: string, partition: number): Promise<number> {
    return (await this.#offsets.read(topic, partition)).start
  }

  async consume({ topic, group, signal }: ConsumeOptions, work: (assignment: Assignment) => Promise<void>): Promise<void> {
    const ending = AbortSignal.any([signal, this.#closing.signal])
    const consuming = consumeKafkaGroup({ ...this.#options, offsets: this.#offsets }, { topic, group, signal: ending }, work)
    this.#consuming.add(consuming)
    try {
      await consuming
    } finally {
      this.#consuming.delete(consuming)
    }
  }

  /** Resolves at once; the records go within seconds. */
  async trim(topic: string, partition: number, offset: number): Promise<void> {
    if (this.#closing.signal.aborted) throw new BusUnavailableError('the bus is closed')
    this.#trimmer.allow(topic, partition, offset)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await Promise.allSettled(this.#consuming)
    await this.#trimmer.close()
    await this.#queue.close()
    this.#admin.close()
  }

  #topicConfig(topic: string, numPartitions: number): NonNullable<Parameters<Admin['createTopics']>[0]>['topics'][number] {
    const { minInsyncReplicas, replicationFactor } = this.#options
    const config = {
      // Only what the commit log has passed is deleted, and only by us.
      'cleanup.policy': 'delete',
      'retention.ms': -1,
      'retention.bytes': -1,
      'min.insync.replicas': minInsyncReplicas,
      'unclean.leader.election.enable': false,
      'max.message.bytes': MAX_BUS_RECORD_BYTES + MESSAGE_OVERHEAD_BYTES,
    }
    return { topic, numPartitions, replicationFactor, configEntries: Object.entries(config).map(([name, value]) => ({ name, value: String(value) })) }
  }

  /** Partition count, once every leader serves. A new topic's leaders are named before they know it themselves. @throws {BusUnavailableError} */
  async #waitForLeaders(topic: string): Promise<number> {
    const { clock } = this.#options
    const giveUpMs = clock.monotonicMs() + LEADER_DEADLINE_MS
    for (;;) {
      try {
        const found = await this.#admin.run(`finding the leaders of ${topic}`, (admin) => admin.fetchTopicOffsets(topic))
        const { topics } = await this.#admin.run(`describing ${topic}`, (admin) => admin.fetchTopicMetadata({ topics: [topic] }))
        const count = topics[0]?.partitions.length ?? 0
        if (count > 0 && found.length === count) return count
      } catch (error) {
        if (clock.monotonicMs() > giveUpMs || this.#closing.signal.aborted) throw error
      }
      if (clock.monotonicMs() > giveUpMs) throw new BusUnavailableError(`${topic} has no leaders`)
      await clock.sleep(LEADER_POLL_MS, this.#closing.signal)
    }
  }
}

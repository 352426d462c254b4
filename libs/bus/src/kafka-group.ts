import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'
import type { Consumer, EachBatchPayload } from 'kafkajs'
import type { Assignment, BusRecord, ConsumeOptions } from './bus.ts'
import { createKafkaClient, type KafkaClientOptions } from './kafka-client.ts'
import type { KafkaOffsets } from './kafka-offsets.ts'
import { FETCH_BYTES, KafkaPartitionReader, type PartitionFetch } from './kafka-partition-reader.ts'

export type KafkaGroupOptions = KafkaClientOptions & { readonly clock: Clock; readonly offsets: KafkaOffsets }

type Work = (assignment: Assignment) => Promise<void>

/** A member that says nothing for this long loses its partitions: what a kill costs. Brokers allow no less than 6 s by default. */
export const SESSION_TIMEOUT_MS = 8_000
/** How soon a member hears of a rebalance. */
const HEARTBEAT_INTERVAL_MS = 1_000
/** How long a rebalance waits for a member that is alive and does not join again. */
const REBALANCE_TIMEOUT_MS = 10_000
/** Joining waits for the others; beyond it the client is stuck. */
const JOIN_DEADLINE_MS = REBALANCE_TIMEOUT_MS + 20_000
/** How long the end waits for the client to leave its group; it goes on in the background. */
const LEAVE_DEADLINE_MS = 3_000
/** An empty fetch ends after it. A partition that a reader has resumed waits for it, and so does leaving. */
const FETCH_WAIT_MS = 100
/** Of all partitions in one fetch from one broker. */
const FETCH_TOTAL_BYTES = 8 * FETCH_BYTES
const REQUEST_TIMEOUT_MS = 5_000
const RETRIES = 3
const REJOIN_PAUSE_MS = 500
const CHECK_INTERVAL_MS = 1_000
/** Positions in Kafka are for lag displays. */
const COMMIT_INTERVAL_MS = 5_000

/**
 * Runs `work` for the partitions that the group gives this process, through rebalances, restarts of brokers and crashes of the client, until `signal` aborts.
 * Every rebalance ends all assignments: the protocol is eager, and who keeps a partition would have to prove that nobody else had it meanwhile.
 */
export async function consumeKafkaGroup(options: KafkaGroupOptions, { topic, group, signal }: ConsumeOptions, work: Work): Promise<void> {
  while (!signal.aborted) {
    const membership = new Membership(options, { topic, group, signal }, work)
    const end = await membership.run()
    if (end.kind === 'work-failed') throw end.error
    if (end.kind === 'lost') {
      options.log.warn({ err: end.error, topic, group }, 'the group was lost; joining again')
      await options.clock.sleep(REJOIN_PAUSE_MS, signal)
    }
  }
}

type MembershipEnd = { readonly kind: 'stopped' } | { readonly kind: 'lost' | 'work-failed'; readonly error: unknown }

/** One client in the group, from its join until it leaves or fails. */
class Membership {
  readonly #options: KafkaGroupOptions
  readonly #consume: ConsumeOptions
  readonly #work: Work
  readonly #consumer: Consumer
  readonly #ended = new AbortController()
  #end: MembershipEnd = { kind: 'stopped' }
  /** Aborts with the assignments of one generation; undefined while the member joins. */
  #generation: AbortController | undefined
  #readers = new Map<number, KafkaPartitionReader>()
  /** The last work of each partition, settled or not: the next one waits for it. */
  readonly #works = new Map<number, Promise<void>>()
  /** When the group last answered, or joining began; monotonic ms. */
  #heardMs: number
  readonly #committed = new Map<number, number>()

  constructor(options: KafkaGroupOptions, consume: ConsumeOptions, work: Work) {
    this.#options = options
    this.#consume = consume
    this.#work = work
    this.#heardMs = options.clock.monotonicMs()
    const client = createKafkaClient(options, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES })
    this.#consumer = client.consumer({
      // Members with different topics in one group would be given each other's.
      groupId: `${consume.group}-${consume.topic}`,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxBytesPerPartition: FETCH_BYTES,
      maxBytes: FETCH_TOTAL_BYTES,
      allowAutoTopicCreation: false,
      readUncommitted: true,
      retry: { retries: RETRIES, restartOnFailure: () => Promise.resolve(false) },
    })
  }

  /** Returns when the member has left and all its works have ended. */
  async run(): Promise<MembershipEnd> {
    const { clock } = this.#options
    const stop = (): void => { this.#finish({ kind: 'stopped' }) }
    this.#consume.signal.addEventListener('abort', stop)
    const started = this.#start()
    started.catch((error: unknown) => { this.#finish({ kind: 'lost', error }) })
    let committedMs = clock.monotonicMs()
    while (!this.#ended.signal.aborted) {
      await clock.sleep(CHECK_INTERVAL_MS, this.#ended.signal)
      this.#checkSession()
      if (clock.monotonicMs() - committedMs < COMMIT_INTERVAL_MS) continue
      committedMs = clock.monotonicMs()
      this.#commitForDisplay()
    }
    this.#consume.signal.removeEventListener('abort', stop)
    await Promise.all(this.#works.values())
    const left = new AbortController()
    void this.#leave(started).then(() => { left.abort() })
    await clock.sleep(LEAVE_DEADLINE_MS, left.signal)
    return this.#end
  }

  async #start(): Promise<void> {
    const { clock } = this.#options
    const { topic } = this.#consume
    const consumer = this.#consumer
    consumer.on('consumer.heartbeat', () => { this.#heardMs = clock.monotonicMs() })
    consumer.on('consumer.rebalancing', () => { this.#revoke() })
    consumer.on('consumer.crash', ({ payload: { error } }) => { this.#finish({ kind: 'lost', error }) })
    consumer.on('consumer.group_join', ({ payload: { memberAssignment } }) => { this.#assign(memberAssignment[topic] ?? []) })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ autoCommit: false, eachBatch: async (payload) => { this.#deliver(payload) } })
  }

  /** A client that still joins cannot leave: it would join after all and keep its partitions from the others. */
  async #leave(started: Promise<void>): Promise<void> {
    await started.catch(() => undefined)
    await this.#consumer.disconnect().catch((error: unknown) => { this.#options.log.debug({ err: error }, 'a consumer was not closed') })
  }

  #finish(end: MembershipEnd): void {
    if (this.#ended.signal.aborted) return
    this.#end = end
    this.#ended.abort()
    this.#revoke()
  }

  #revoke(): void {
    this.#heardMs = this.#options.clock.monotonicMs()
    this.#generation?.abort()
    this.#generation = undefined
    this.#readers = new Map()
  }

  /** Called before anything of the new generation is fetched. */
  #assign(partitions: readonly number[]): void {
    this.#revoke()
    if (this.#ended.signal.aborted) return
    const { topic, group } = this.#consume
    this.#options.log.info({ topic, group, partitions }, 'partitions were assigned')
    this.#consumer.pause([{ topic, partitions: [...partitions] }])
    const generation = new AbortController()
    this.#generation = generation
    for (const partition of partitions) this.#works.set(partition, this.#runWork(partition, generation.signal))
  }

  async #runWork(partition: number, signal: AbortSignal): Promise<void> {
    const { clock, log, offsets } = this.#options
    const { topic } = this.#consume
    const name = `${topic}/${partition}`
    const reader = new KafkaPartitionReader({ name, signal, fetch: this.#fetchOf(partition, signal), bounds: () => offsets.read(topic, partition), clock, log })
    this.#readers.set(partition, reader)
    await this.#works.get(partition)
    if (signal.aborted) return
    try {
      await this.#work({ partition, signal, read: (offset) => reader.read(offset) })
    } catch (error) {
      if (signal.aborted) log.warn({ err: error, partition: name }, 'work failed after its partition was taken away')
      else this.#finish({ kind: 'work-failed', error })
    }
  }

  /**
   * A reader that ends after a rebalance must not touch what the next assignment of the partition does. A client that crashed refuses, before it tells us
   * that it crashed.
   */
  #fetchOf(partition: number, signal: AbortSignal): PartitionFetch {
    const { topic } = this.#consume
    const unlessTaken = (act: () => void): void => {
      if (signal.aborted) return
      try {
        act()
      } catch (error) {
        this.#finish({ kind: 'lost', error })
      }
    }
    return {
      seek: (offset) => { unlessTaken(() => { this.#consumer.seek({ topic, partition, offset: String(offset) }) }) },
      pause: () => { unlessTaken(() => { this.#consumer.pause([{ topic, partitions: [partition] }]) }) },
      resume: () => { unlessTaken(() => { this.#consumer.resume([{ topic, partitions: [partition] }]) }) },
    }
  }

  #deliver({ batch, isStale }: EachBatchPayload): void {
    const reader = this.#readers.get(batch.partition)
    if (reader === undefined || isStale()) return
    // One buffer of their own: as fetched, one record that is kept would keep the whole answer of the broker.
    const bytes = Buffer.allocUnsafeSlow(batch.messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0))
    let position = 0
    const records = batch.messages.map(({ offset, timestamp, value }): BusRecord => {
      assert(value !== null, 'no topic of ours is compacted')
      const end = position + value.copy(bytes, position)
      const record = { offset: Number(offset), value: bytes.subarray(position, end), appendedMs: Number(timestamp) }
      position = end
      return record
    })
    reader.deliver(records)
  }

  #checkSession(): void {
    const silentMs = this.#options.clock.monotonicMs() - this.#heardMs
    if (silentMs > (this.#generation === undefined ? JOIN_DEADLINE_MS : SESSION_TIMEOUT_MS)) this.#finish({ kind: 'lost', error: new Error(`the group did not answer for ${Math.round(silentMs)} ms`) })
  }

  #commitForDisplay(): void {
    const { topic } = this.#consume
    const moved = [...this.#readers].flatMap(([partition, { handedOut }]) => (handedOut === undefined || this.#committed.get(partition) === handedOut ? [] : [{ topic, partition, offset: String(handedOut) }]))
    if (moved.length === 0) return
    for (const { partition, offset } of moved) this.#committed.set(partition, Number(offset))
    this.#consumer.commitOffsets(moved).catch((error: unknown) => { this.#options.log.debug({ err: error }, 'the position for lag displays was not stored') })
  }
}

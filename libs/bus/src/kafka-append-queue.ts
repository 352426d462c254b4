import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import { BusFullError, BusUnavailableError } from './bus.ts'
import { Fifo } from './fifo.ts'
import { withDeadline } from './kafka-deadline.ts'

/** One connection to the log that sends. A client's part of appending; the order is kept by who calls it. */
export interface KafkaSender {
  /**
   * Sends records to several partitions and resolves once all are durable, with the offset of each one's first.
   * Rejects when the outcome of any is unknown: then this sender must not be used again.
   */
  send(runs: readonly PartitionRun[]): Promise<readonly number[]>
  /** After it nothing is sent any more, not even what is on its way inside the client. */
  close(): Promise<void>
}

/** Records of one partition in order, at most {@link MAX_RUN_BYTES} unless it is one. */
export interface PartitionRun {
  readonly topic: string
  readonly partition: number
  readonly values: readonly Uint8Array[]
}

/** An append fails when the log has not answered in this time. Intake says 503 then, which an agent repeats; a broker that is only busy answers far sooner. */
export const APPEND_DEADLINE_MS = 4_000
/** After a connection failed appends fail at once for this long: a client that repeats soon learns soon. */
export const DOWN_PAUSE_MS = 1_000
/** Appends that are not settled, as in the embedded bus; beyond it the producer is too fast for the log. */
export const MAX_PENDING_BYTES = 64 * 1024 * 1024
/** Of one partition in one send, because Kafka's limit of a message is one of all of a partition's messages in a send. */
export const MAX_RUN_BYTES = 1_048_576
/** What Kafka adds to a record: lengths, offset, header. Counted with the limit above, or many tiny records would not fit. */
export const RECORD_OVERHEAD_BYTES = 32
/** Of all partitions in one send. More would only make the first of its appends wait for the last. */
const MAX_SEND_BYTES = 8 * 1024 * 1024

interface PendingAppend {
  readonly value: Uint8Array
  readonly resolve: (offset: number) => void
  readonly reject: (error: Error) => void
}

interface Lane {
  readonly topic: string
  readonly partition: number
  readonly waiting: Fifo<PendingAppend>
}

interface Sending {
  readonly lane: Lane
  readonly appends: readonly PendingAppend[]
}

/**
 * Appends of all partitions, one send at a time: what gathers while one is on its way leaves in the next. After a failed send everything that waits
 * fails with it, because what comes later must not get in front of what may still be repeated; what is appended after that goes to a new sender.
 */
export class KafkaAppendQueue {
  readonly #open: () => Promise<KafkaSender>
  readonly #clock: Clock
  readonly #log: Log
  /** Lanes in which something waits, the longest waiting first. */
  readonly #lanes = new Map<string, Lane>()
  #sender: KafkaSender | undefined
  #unsettledBytes = 0
  #sending: Promise<void> | undefined
  #downUntilMs = 0
  #isClosed = false

  constructor({ open, clock, log }: { readonly open: () => Promise<KafkaSender>; readonly clock: Clock; readonly log: Log }) {
    this.#open = open
    this.#clock = clock
    this.#log = log
  }

  append(topic: string, partition: number, value: Uint8Array): Promise<number> {
    if (this.#isClosed) return Promise.reject(new BusUnavailableError('the bus is closed'))
    if (this.#clock.monotonicMs() < this.#downUntilMs) return Promise.reject(new BusUnavailableError('no broker answers'))
    if (this.#unsettledBytes + value.length > MAX_PENDING_BYTES) return Promise.reject(new BusFullError('too many bytes wait for the brokers'))
    return new Promise((resolve, reject) => {
      const name = `${topic}/${partition}`
      const lane = this.#lanes.get(name) ?? { topic, partition, waiting: new Fifo<PendingAppend>() }
      this.#lanes.set(name, lane)
      lane.waiting.push({ value, resolve, reject })
      this.#unsettledBytes += value.length
      this.#sending ??= this.#sendAll()
    })
  }

  /** Sends what waits; refuses what comes after. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#sending
    await this.#sender?.close()
  }

  async #sendAll(): Promise<void> {
    await Promise.resolve() // lets appends of the same turn join
    while (this.#lanes.size > 0) {
      const sendings = this.#take()
      try {
        const offsets = await this.#send(sendings)
        sendings.forEach(({ appends }, index) => {
          appends.forEach((append, i) => { this.#settle(append, (offsets[index] ?? 0) + i) })
        })
      } catch (error) {
        this.#failAll(sendings, error)
      }
    }
    this.#sending = undefined
  }

  /** At least one append; one run of each lane. */
  #take(): readonly Sending[] {
    const sendings: Sending[] = []
    let bytes = 0
    for (const [name, lane] of [...this.#lanes]) {
      if (bytes >= MAX_SEND_BYTES) break
      const appends: PendingAppend[] = []
      let runBytes = 0
      for (let next = lane.waiting.at(0); next !== undefined; next = lane.waiting.at(0)) {
        const size = next.value.length + RECORD_OVERHEAD_BYTES
        if (appends.length > 0 && runBytes + size > MAX_RUN_BYTES) break
        runBytes += size
        appends.push(next)
        lane.waiting.shift()
      }
      bytes += runBytes
      this.#lanes.delete(name)
      if (lane.waiting.length > 0) this.#lanes.set(name, lane) // at the end: the others come first next time
      sendings.push({ lane, appends })
    }
    return sendings
  }

  async #send(sendings: readonly Sending[]): Promise<readonly number[]> {
    const sender = (this.#sender ??= await this.#connect())
    const runs = sendings.map(({ lane: { topic, partition }, appends }) => ({ topic, partition, values: appends.map(({ value }) => value) }))
    return await withDeadline(this.#clock, APPEND_DEADLINE_MS, sender.send(runs))
  }

  async #connect(): Promise<KafkaSender> {
    const opening = this.#open()
    try {
      return await withDeadline(this.#clock, APPEND_DEADLINE_MS, opening)
    } catch (cause) {
      this.#downUntilMs = this.#clock.monotonicMs() + DOWN_PAUSE_MS
      void opening.then((late) => { this.#discard(late) }, () => undefined)
      throw cause
    }
  }

  #settle({ value, resolve }: PendingAppend, offset: number): void {
    this.#unsettledBytes -= value.length
    resolve(offset)
  }

  #failAll(sendings: readonly Sending[], cause: unknown): void {
    this.#log.warn({ err: cause, partitions: sendings.length, unsettledBytes: this.#unsettledBytes }, 'appending to the log failed')
    if (this.#sender !== undefined) this.#discard(this.#sender)
    this.#sender = undefined
    const error = new BusUnavailableError('the log did not take it for certain', { cause })
    for (const { appends } of sendings) for (const append of appends) append.reject(error)
    for (const { waiting } of this.#lanes.values()) for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.reject(error)
    this.#lanes.clear()
    this.#unsettledBytes = 0
  }

  /** In the background: a client that lost its broker may take long to close. */
  #discard(sender: KafkaSender): void {
    sender.close().catch((error: unknown) => { this.#log.warn({ err: error }, 'a producer was not closed') })
  }
}

import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import { BusCorruptError, BusUnavailableError, MAX_READ_AHEAD_BYTES, OffsetTrimmedError, type BusRecord } from './bus.ts'
import { Fifo } from './fifo.ts'
import type { PartitionBounds } from './kafka-offsets.ts'

/** What a consumer does for one partition of an assignment. */
export interface PartitionFetch {
  /** Fetches from this offset on; what was fetched before and not delivered is dropped. */
  seek(offset: number): void
  pause(): void
  resume(): void
}

export interface PartitionReaderOptions {
  /** Names the partition in errors. */
  readonly name: string
  readonly signal: AbortSignal
  readonly fetch: PartitionFetch
  /** @throws {BusUnavailableError} */
  readonly bounds: () => Promise<PartitionBounds>
  readonly clock: Clock
  readonly log: Log
}

/** Of one partition in one fetch. A larger message comes alone. */
export const FETCH_BYTES = 1_048_576
/** One fetch may come in after the pause, with a message of the largest size and its overhead. */
const PAUSE_AT_BYTES = MAX_READ_AHEAD_BYTES - 2 * (FETCH_BYTES + 64 * 1024)
/** Enough for the reader to work on until the fetches that were resumed bring more. */
const RESUME_AT_BYTES = PAUSE_AT_BYTES / 2
/** A reader that gets nothing for this long looks whether that is right: kafkajs says nothing when an offset is gone, or when it stopped fetching. */
export const IDLE_CHECK_MS = 5_000
/** How often the end of the log is looked at by a reader that is beyond it. */
const BEYOND_END_POLL_MS = 1_000

interface Reading {
  /** Offset of the next record that may be delivered. */
  expected: number
  readonly groups: Fifo<readonly BusRecord[]>
  bytes: number
  isPaused: boolean
  /** The first offset delivered in place of `expected`. */
  gapAt: number | undefined
  /** A gap at it was fetched again once. */
  refetchedAt: number | undefined
  wake: () => void
}

/**
 * One assigned partition: takes what the consumer fetches and gives it to the one who reads. Nothing is fetched but what a reader asked for, from the
 * offset that it asked for: positions of Kafka's own are never used. A new reading ends the one before.
 */
export class KafkaPartitionReader {
  readonly #options: PartitionReaderOptions
  #reading: Reading | undefined
  #handedOut: number | undefined

  constructor(options: PartitionReaderOptions) {
    this.#options = options
  }

  /** The offset after the last record that a reader has got; undefined before the first. For lag displays only. */
  get handedOut(): number | undefined {
    return this.#handedOut
  }

  /** Takes fetched records in offset order. What nobody waits for is dropped: every reading begins with a seek. */
  deliver(records: readonly BusRecord[]): void {
    const reading = this.#reading
    if (reading === undefined || reading.gapAt !== undefined || this.#options.signal.aborted) return
    const wanted: BusRecord[] = []
    for (const record of records) {
      if (record.offset < reading.expected) continue
      if (record.offset > reading.expected) {
        reading.gapAt = record.offset
        break
      }
      reading.expected += 1
      reading.bytes += record.value.length
      wanted.push(record)
    }
    if (wanted.length > 0) reading.groups.push(wanted)
    if (!reading.isPaused && (reading.bytes >= PAUSE_AT_BYTES || reading.gapAt !== undefined)) this.#pause(reading)
    reading.wake()
  }

  async *read(offset: number): AsyncGenerator<readonly BusRecord[]> {
    const { fetch, signal } = this.#options
    const reading: Reading = { expected: offset, groups: new Fifo(), bytes: 0, isPaused: true, gapAt: undefined, refetchedAt: undefined, wake: () => undefined }
    this.#reading?.wake()
    this.#reading = reading
    const isOver = (): boolean => signal.aborted || this.#reading !== reading
    try {
      fetch.pause()
      await this.#waitUntilInLog(reading, isOver)
      if (!isOver()) this.#fetchFrom(reading)
      while (!isOver()) {
        const group = reading.groups.shift()
        if (group === undefined) {
          await this.#waitForMore(reading, isOver)
          continue
        }
        this.#taken(reading, group)
        yield group
      }
    } finally {
      if (this.#reading === reading) {
        this.#reading = undefined
        fetch.pause()
      }
    }
  }

  #taken(reading: Reading, group: readonly BusRecord[]): void {
    reading.bytes -= group.reduce((sum, { value }) => sum + value.length, 0)
    this.#handedOut = (group.at(-1)?.offset ?? -1) + 1
    if (reading.isPaused && reading.gapAt === undefined && reading.bytes <= RESUME_AT_BYTES) {
      reading.isPaused = false
      this.#options.fetch.resume()
    }
  }

  #pause(reading: Reading): void {
    reading.isPaused = true
    this.#options.fetch.pause()
  }

  #fetchFrom(reading: Reading): void {
    this.#options.fetch.seek(reading.expected)
    reading.isPaused = false
    this.#options.fetch.resume()
  }

  /** Kafka answers a fetch beyond the end with an error that kafkajs takes for a reason to begin elsewhere. @throws {OffsetTrimmedError} @throws {BusUnavailableError} */
  async #waitUntilInLog(reading: Reading, isOver: () => boolean): Promise<void> {
    const { bounds, clock, signal } = this.#options
    while (!isOver()) {
      const { start, end } = await bounds()
      if (reading.expected < start) throw this.#trimmed(reading, start)
      if (reading.expected <= end) return
      await clock.sleep(BEYOND_END_POLL_MS, signal)
    }
  }

  /** Until something is delivered, the reading is over, or something is wrong. */
  async #waitForMore(reading: Reading, isOver: () => boolean): Promise<void> {
    if (reading.gapAt !== undefined) {
      await this.#refetch(reading, isOver)
      return
    }
    const { clock, signal } = this.#options
    const woken = new AbortController()
    reading.wake = () => { woken.abort() }
    signal.addEventListener('abort', reading.wake, { signal: woken.signal })
    await clock.sleep(IDLE_CHECK_MS, woken.signal)
    if (!woken.signal.aborted) await this.#checkIdle(reading, isOver)
    woken.abort()
  }

  async #checkIdle(reading: Reading, isOver: () => boolean): Promise<void> {
    const { bounds, log, name } = this.#options
    const { expected } = reading
    let found
    try {
      found = await bounds()
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error
      return // says nothing about the log; what has been read is right
    }
    if (isOver() || reading.expected !== expected || reading.gapAt !== undefined) return
    if (expected < found.start) throw this.#trimmed(reading, found.start)
    if (expected >= found.end) return
    log.warn({ partition: name, expected, end: found.end }, 'the log has more than was fetched; fetching again')
    this.#fetchFrom(reading)
  }

  /** After a gap: either what is missing was trimmed, or it comes when it is fetched again, or the log is damaged. */
  async #refetch(reading: Reading, isOver: () => boolean): Promise<void> {
    const { bounds, name } = this.#options
    const { start } = await bounds()
    if (isOver()) return
    if (reading.expected < start) throw this.#trimmed(reading, start)
    if (reading.refetchedAt === reading.expected) throw new BusCorruptError(`${name} goes on at offset ${reading.gapAt} instead of ${reading.expected}`)
    reading.refetchedAt = reading.expected
    reading.gapAt = undefined
    this.#fetchFrom(reading)
  }

  #trimmed({ expected }: Reading, start: number): OffsetTrimmedError {
    return new OffsetTrimmedError(`${this.#options.name} begins at ${start}, above ${expected}`)
  }
}

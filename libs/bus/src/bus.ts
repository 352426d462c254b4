/**
 * The durable log between the apps: topics of partitions of records with gapless offsets from 0.
 *
 * Designed for Kafka: appends are ordered within one partition only, an append's outcome may be unknown,
 * an assignment can be taken away at any moment, and the bus keeps no position of ours (the catalog's
 * commit log does). Nothing here creates a topic by itself.
 */
export interface Bus extends AsyncDisposable {
  /**
   * Creates a topic unless it exists, and waits until it takes records. Two processes may do so at once.
   *
   * @throws {TopicConflictError} it exists with another partition count.
   * @throws {BusUnavailableError} trying again is safe.
   */
  createTopic(topic: string, options: { readonly partitions: number }): Promise<void>

  /**
   * Appends one record and resolves with its offset once it is durable (embedded: fdatasync; Kafka: acks=all).
   *
   * Appends to one partition take effect in the order of the calls. After a failed one, later calls that
   * were already made may or may not be in the log.
   *
   * @param value 1 to {@link MAX_BUS_RECORD_BYTES} bytes; the bus reads it until the promise settles.
   * @throws {BusFullError} nothing was appended: too many bytes wait, the disk budget is used up, or the disk is full.
   * @throws {BusUnavailableError} it may or may not be in the log; appending again under the same request ids is safe.
   */
  append(topic: string, partition: number, value: Uint8Array): Promise<number>

  /** Offset that the next record will get. @throws {BusUnavailableError} also when the bus takes no more appends until it is opened again. */
  endOffset(topic: string, partition: number): Promise<number>

  /** Offset of the oldest record kept; equals the end offset when none is. @throws {BusUnavailableError} */
  startOffset(topic: string, partition: number): Promise<number>

  /**
   * Runs `work` for every partition that the group assigns to this process, until `signal` aborts; resolves
   * when all works have ended. `work` must end soon after its assignment's signal aborts (revoked or stopping).
   * When it throws while still assigned, `consume` aborts the other works and rejects with that error. A bus that
   * cannot be reached is no error of `consume`: it takes the assignments away and goes on when it can.
   */
  consume(options: ConsumeOptions, work: (assignment: Assignment) => Promise<void>): Promise<void>

  /**
   * Allows the bus to forget records below `offset`. The caller must have committed past them: a bus never
   * trims more than it was told, and may keep more.
   * @throws {BusUnavailableError} trimming again later is safe.
   */
  trim(topic: string, partition: number, offset: number): Promise<void>
}

export interface ConsumeOptions {
  readonly topic: string
  /** Members of one group share the topic's partitions; each partition has one member at a time, give or take a rebalance. */
  readonly group: string
  readonly signal: AbortSignal
}

/** A partition that this process may work on until `signal` aborts. */
export interface Assignment {
  readonly partition: number
  readonly signal: AbortSignal
  /**
   * Yields groups of one or more records in offset order from `offset` on, waiting at the end of the log,
   * until the assignment's signal aborts (then it ends without an error). Holds at most {@link MAX_READ_AHEAD_BYTES}.
   * An `offset` beyond the end waits for it. One read at a time: a new one may end the one before.
   *
   * @throws {OffsetTrimmedError} `offset` is below the start of the log. Data that the caller needed is gone.
   * @throws {BusCorruptError} a record in the middle is damaged. Never skipped.
   * @throws {BusUnavailableError} it cannot be read at the moment.
   */
  read(offset: number): AsyncIterable<readonly BusRecord[]>
}

export interface BusRecord {
  readonly offset: number
  /** The caller may keep it; nobody may write to it. */
  readonly value: Uint8Array
  /** When the bus took it, ms since 1970; for lag displays only. */
  readonly appendedMs: number
}

/** Above it Kafka brokers refuse a message by default. */
export const MAX_BUS_RECORD_BYTES = 1_048_576
/** Enough for several full records, small enough for many partitions in one process. */
export const MAX_READ_AHEAD_BYTES = 8 * 1024 * 1024

export class TopicConflictError extends Error {
  override readonly name = 'TopicConflictError'
  readonly code = 'TOPIC_CONFLICT'
  readonly retryable = false
}

export class BusFullError extends Error {
  override readonly name = 'BusFullError'
  readonly code = 'BUS_FULL'
  readonly retryable = true
}

export class BusUnavailableError extends Error {
  override readonly name = 'BusUnavailableError'
  readonly code = 'BUS_UNAVAILABLE'
  readonly retryable = true
}

export class OffsetTrimmedError extends Error {
  override readonly name = 'OffsetTrimmedError'
  readonly code = 'OFFSET_TRIMMED'
  readonly retryable = false
}

export class BusCorruptError extends Error {
  override readonly name = 'BusCorruptError'
  readonly code = 'BUS_CORRUPT'
  readonly retryable = false
}

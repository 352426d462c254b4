import type { Table } from '@millrace/fragment/table'

export interface DecodeOptions {
  /** The time of events that have none. */
  readonly receivedNs: bigint
  /** Events before it or after `newestNs` are rejected. */
  readonly oldestNs: bigint
  readonly newestNs: bigint
  /**
   * A part closes before the event that would make it larger, counted in bytes as received, or would bring it more than {@link MAX_PART_COLUMNS} names;
   * a larger event has a part of its own.
   */
  readonly maxPartBytes: number
  /** Larger events are rejected; {@link MAX_EVENT_BYTES} by default. */
  readonly maxEventBytes?: number
}

export interface DecodedEvents {
  /** Cut by the bytes as received and by nothing else, so that an equal body is cut alike. */
  readonly parts: readonly DecodedPart[]
  /** Events, the rejected ones included. */
  readonly received: number
  /** In order. */
  readonly rejected: readonly Rejection[]
  /**
   * Whether every event that was taken, at least one, names its own time in parts of a second, and not all of them a whole second: then equal
   * bodies are the same events.
   */
  readonly isSelfTimestamped: boolean
}

export interface DecodedPart {
  /** Events as received, rejected ones included. `_row` counts them from 0. */
  readonly rows: number
  /** One or more for each UTC day. */
  readonly tables: readonly Table[]
  readonly sourceBytes: number
}

export interface Rejection {
  /** Of the event in the request, or of its span. */
  readonly index: number
  readonly reason: string
}

/** Steps of at most some tenths of a millisecond, between which the caller may do something else. */
export type DecodeSteps = Generator<void, DecodedEvents, void>

export function runToEnd(steps: DecodeSteps): DecodedEvents {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Some tenths of a millisecond's work: nobody notices it, and pausing after it costs little. */
export const STEP_BYTES = 64 * 1024

/** One event. Larger ones are files or dumps in the wrong place, and a record of the bus holds no more. */
export const MAX_EVENT_BYTES = 1024 * 1024
/** Bounds what is kept for each event of a body of the smallest events. */
export const MAX_REQUEST_EVENTS = 500_000
/** Each day is a fragment of its own in the part's record. */
export const MAX_PART_DAYS = 128
/** Days times columns: what a part's fragments have together, if every day has every column. */
export const MAX_PART_DAY_COLUMNS = 16_384

/**
 * Parts of one request that close because of their names, some 16,000 names in all. Every column costs its encoding at each stage, so a request with
 * more is refused event by event.
 */
export const MAX_WIDE_PARTS = 4
/** Columns of one part of a request. Each costs some hundred bytes in a record, so more would not fit one. */
export const MAX_PART_COLUMNS = 4096
export const TOO_MANY_COLUMNS = `more than ${MAX_PART_COLUMNS} different attributes in one part of a request`

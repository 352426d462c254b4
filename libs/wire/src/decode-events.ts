import { NS_PER_DAY } from '@millrace/event/event'
import type { Table } from '@millrace/fragment/table'
import { EventScanner, MAX_PART_COLUMNS, TOO_MANY_COLUMNS } from './event-scanner.ts'
import { CLOSE_ARRAY, COMMA, CUT_OFF, NEWLINE, OPEN_ARRAY, type JsonReader } from './json-reader.ts'

/**
 * Decodes NDJSON, a JSON array of objects, or one object over several lines; the first byte and line tell which. Never throws for what a client
 * sent: an event that cannot be taken is rejected with a reason, and the others are kept.
 *
 * In NDJSON the next line is always found. In an array a syntax error also rejects what follows it, as one event, since where that begins is unknown.
 *
 * @param body read during the call only; the tables own their bytes.
 */
export function decodeEvents(body: Uint8Array, options: DecodeOptions): DecodedEvents {
  return runToEnd(decodeEventsInSteps(body, options))
}

/** As {@link decodeEvents}, in steps of {@link STEP_BYTES}, between which the caller may do something else. `body` is read during the first step only. */
export function* decodeEventsInSteps(body: Uint8Array, options: DecodeOptions): DecodeSteps {
  return yield* withScanner(function* (scanner) {
    const { reader } = scanner
    reader.load([body])
    const run = new Decoding(scanner, options)
    reader.hasNewlines = true
    const start = reader.blank(hasByteOrderMark(reader) ? 3 : 0)
    if (reader.bytes[start] === OPEN_ARRAY) yield* decodeArray(run, reader, start + 1)
    else yield* decodeLines(run, reader, start)
    return run.finish()
  })
}

/**
 * Decodes documents that stand in a body, one object each. Spans ascend and do not overlap.
 *
 * @param body as in {@link decodeEvents}.
 */
export function decodeDocuments(body: Uint8Array, spans: readonly DocumentSpan[], options: DecodeOptions): DecodedEvents {
  return runToEnd(decodeDocumentsInSteps(body, spans, options))
}

/** As {@link decodeDocuments}, in steps as {@link decodeEventsInSteps}. */
export function* decodeDocumentsInSteps(body: Uint8Array, spans: readonly DocumentSpan[], options: DecodeOptions): DecodeSteps {
  return yield* withScanner(function* (scanner) {
    const { reader } = scanner
    reader.hasNewlines = false
    const ends = reader.load(spans.map(({ start, end }) => body.subarray(start, end)))
    const run = new Decoding(scanner, options)
    let start = 0
    let stepEnd = STEP_BYTES
    for (const end of ends) {
      if (start >= stepEnd) {
        yield
        stepEnd = start + STEP_BYTES
      }
      takeLine(run, reader, start, end)
      start = end + 1
    }
    return run.finish()
  })
}

export type DecodeSteps = Generator<void, DecodedEvents, void>

/** Some tenths of a millisecond: nobody notices it, and pausing after it costs little. */
export const STEP_BYTES = 64 * 1024

function runToEnd(steps: DecodeSteps): DecodedEvents {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

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

export interface DocumentSpan {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

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

/** What a scanner has learned makes small requests fast. The one put back last is taken first, so that a request whose steps take long keeps none from them. */
const idle: EventScanner[] = []
/** More requests than this are rarely between two of their steps. */
const MAX_IDLE_SCANNERS = 4

function* withScanner<T>(work: (scanner: EventScanner) => Generator<void, T, void>): Generator<void, T, void> {
  const scanner = idle.pop() ?? new EventScanner()
  const result = yield* work(scanner) // if it throws, the scanner is lost: a half-filled row would spoil the next request
  scanner.reader.release()
  if (!scanner.isWorn && idle.length < MAX_IDLE_SCANNERS) idle.push(scanner)
  return result
}

/** One request on its way into parts. */
class Decoding {
  #scanner: EventScanner
  readonly #reader: JsonReader
  readonly #maxPartBytes: number
  readonly #oldest: DayTime
  readonly #newest: DayTime
  readonly #received: DayTime
  readonly #parts: DecodedPart[] = []
  readonly #rejected: Rejection[] = []
  #wideParts = 0
  #events = 0
  #rows = 0
  #bytes = 0
  #days = new Set<number>()
  #lastDay = NaN
  #isPrecise = true
  #isWithinSecond = false

  constructor(scanner: EventScanner, options: DecodeOptions) {
    this.#scanner = scanner
    this.#reader = scanner.reader
    this.#maxPartBytes = options.maxPartBytes
    this.#oldest = dayTime(options.oldestNs)
    this.#newest = dayTime(options.newestNs)
    this.#received = dayTime(options.receivedNs)
  }

  get isEmpty(): boolean {
    return this.#events === 0
  }

  get isFull(): boolean {
    return this.#events >= MAX_REQUEST_EVENTS
  }

  /** Scans an event without taking it: {@link take} or {@link reject} must follow. As {@link EventScanner.scan}. */
  scan(start: number): number {
    const end = this.#scanner.scan(start)
    if (end >= 0 || this.#reader.failure !== TOO_MANY_COLUMNS || !this.#canCloseWidePart) return end
    this.#scanner.builder.discardRow()
    this.#closePart()
    return this.#scanner.scan(start)
  }

  /** Forgets the event that was scanned last, which counts for nothing. */
  discard(): void {
    this.#scanner.builder.discardRow()
  }

  /** Takes the event that was scanned last, `size` bytes from `start` on. */
  take(start: number, size: number): void {
    if (this.#startPart(size)) this.#scanner.scan(start) // it was scanned into the part that is closed now
    const reason = this.#refusal(size)
    if (reason !== undefined) {
      this.#refuse(reason, size)
      return
    }
    const { builder, time, hasTime } = this.#scanner
    const { day, offset } = hasTime ? time : this.#received
    builder.endRow(day, offset, this.#rows)
    this.#isPrecise &&= hasTime && time.isPrecise
    this.#isWithinSecond ||= offset % 1e9 !== 0
    this.#count(size)
  }

  /** Rejects the event that was scanned last. */
  reject(reason: string, size: number): void {
    this.#startPart(size)
    this.#refuse(reason, size)
  }

  finish(): DecodedEvents {
    if (this.#rows > 0) this.#closePart()
    const isSelfTimestamped = this.#events > this.#rejected.length && this.#isPrecise && this.#isWithinSecond
    return { parts: this.#parts, received: this.#events, rejected: this.#rejected, isSelfTimestamped }
  }

  #refuse(reason: string, size: number): void {
    this.#scanner.builder.discardRow()
    this.#rejected.push({ index: this.#events, reason })
    this.#count(size)
  }

  #refusal(size: number): string | undefined {
    const { builder, time, hasTime } = this.#scanner
    if (size > MAX_EVENT_BYTES) return TOO_LARGE
    if (builder.columnCount > MAX_PART_COLUMNS) return TOO_MANY_COLUMNS
    if (this.#days.size * builder.columnCount > MAX_PART_DAY_COLUMNS) return TOO_MANY_DAYS
    if (!hasTime) return undefined
    const { day, offset } = time
    if (day < this.#oldest.day || (day === this.#oldest.day && offset < this.#oldest.offset)) return 'older than the retention'
    if (day > this.#newest.day || (day === this.#newest.day && offset > this.#newest.offset)) return 'more than 10 minutes in the future'
    if (day === this.#lastDay) return undefined
    if (!this.#days.has(day) && (this.#days.size === MAX_PART_DAYS || (this.#days.size + 1) * builder.columnCount > MAX_PART_DAY_COLUMNS)) return TOO_MANY_DAYS
    this.#days.add(day)
    this.#lastDay = day
    return undefined
  }

  #count(size: number): void {
    this.#events++
    this.#rows++
    this.#bytes += size
  }

  /** Closes the part if an event of this size, or with names that are too many for it, goes into the next one; the open row is gone then. */
  #startPart(size: number): boolean {
    const isTooLarge = this.#rows > 0 && this.#bytes + size > this.#maxPartBytes
    if (!isTooLarge && !(this.#scanner.builder.columnCount > MAX_PART_COLUMNS && this.#canCloseWidePart)) return false
    this.#scanner.builder.discardRow()
    this.#closePart()
    return true
  }

  get #canCloseWidePart(): boolean {
    return this.#rows > 0 && this.#wideParts < MAX_WIDE_PARTS
  }

  #closePart(): void {
    if (this.#scanner.builder.columnCount >= MAX_PART_COLUMNS / 2) this.#wideParts++
    this.#parts.push({ rows: this.#rows, tables: this.#scanner.builder.take(), sourceBytes: this.#bytes })
    this.#rows = 0
    this.#bytes = 0
    this.#days = new Set()
    this.#lastDay = NaN
    if (this.#scanner.isWorn) this.#scanner = new EventScanner(this.#reader)
  }
}

function* decodeLines(run: Decoding, reader: JsonReader, start: number): Generator<void, void, void> {
  reader.hasNewlines = false
  const { bytes } = reader
  let at = start
  let stepEnd = start + STEP_BYTES
  for (;;) {
    if (at >= stepEnd) {
      yield
      stepEnd = at + STEP_BYTES
    }
    at = reader.blank(at)
    while (at < reader.end && bytes[at] === NEWLINE) at = reader.blank(at + 1)
    if (at >= reader.end) return
    if (run.isFull) {
      run.reject(TOO_MANY, reader.end - at)
      return
    }
    at = takeLine(run, reader, at, undefined)
  }
}

/** Takes or rejects the line at `start`. Answers where it ends. */
function takeLine(run: Decoding, reader: JsonReader, start: number, lineEnd: number | undefined): number {
  const first = lineEnd === undefined ? start : reader.blank(start)
  let end = run.scan(first)
  if (end >= 0) {
    end = reader.blank(end)
    if (reader.bytes[end] === NEWLINE && (lineEnd === undefined || end === lineEnd)) {
      run.take(first, end - start)
      return end
    }
    reader.fail('more than one JSON value on the line', end)
  }
  if (lineEnd === undefined && run.isEmpty && reader.failure === CUT_OFF) {
    const wholeEnd = takeWhole(run, reader, start)
    if (wholeEnd >= 0) return wholeEnd
    run.discard()
    run.scan(first) // for its failure
  }
  const found = lineEnd ?? reader.bytes.indexOf(NEWLINE, start)
  run.reject(reader.failure, found - start)
  return found
}

/** Takes one object over several lines, if the whole body is that. Answers where it ends; -1 when it is not, and then nothing has been taken. */
function takeWhole(run: Decoding, reader: JsonReader, start: number): number {
  if (reader.end - start > MAX_EVENT_BYTES) return -1
  reader.hasNewlines = true
  const end = reader.skipValue(start, MAX_EVENT_BYTES)
  const isWhole = end >= 0 && reader.blank(end) >= reader.end
  if (isWhole) {
    run.discard() // what the first line brought
    if (run.scan(start) >= 0) run.take(start, end - start)
    else run.reject(reader.failure, end - start)
  }
  reader.hasNewlines = false
  return isWhole ? end : -1
}

/** @param start behind the bracket. */
function* decodeArray(run: Decoding, reader: JsonReader, start: number): Generator<void, void, void> {
  const { bytes } = reader
  let at = reader.blank(start)
  let stepEnd = start + STEP_BYTES
  if (bytes[at] === CLOSE_ARRAY) {
    rejectRest(run, reader, at + 1)
    return
  }
  for (;;) {
    if (at >= stepEnd) {
      yield
      stepEnd = at + STEP_BYTES
    }
    if (run.isFull) {
      run.reject(TOO_MANY, reader.end - at)
      return
    }
    const end = takeElement(run, reader, at)
    if (end < 0) {
      if (reader.failedAt < reader.end) rejectRest(run, reader, reader.failedAt)
      return
    }
    at = reader.blank(end)
    if (bytes[at] === CLOSE_ARRAY) {
      rejectRest(run, reader, at + 1)
      return
    }
    if (bytes[at] !== COMMA) {
      if (at < reader.end) rejectRest(run, reader, at)
      else run.reject(NO_END, 0)
      return
    }
    at = reader.blank(at + 1)
  }
}

/** Takes or rejects the element at `start`. Answers where it ends; -1 when that cannot be told, with the place in `failedAt`. */
function takeElement(run: Decoding, reader: JsonReader, start: number): number {
  const end = run.scan(start)
  if (end >= 0) {
    run.take(start, end - start)
    return end
  }
  const reason = reader.failure
  // Whatever is wrong with the event, its end is known if it is JSON.
  const skipped = reader.skipValue(start, MAX_EVENT_BYTES)
  run.reject(skipped < 0 ? reader.failure : reason, (skipped < 0 ? reader.failedAt : skipped) - start)
  return skipped
}

/** What follows a syntax error, or the array. Nothing is no event. */
function rejectRest(run: Decoding, reader: JsonReader, start: number): void {
  const at = reader.blank(start)
  if (at < reader.end) run.reject(REST, reader.end - at)
}

const TOO_MANY_DAYS = 'too many different days, or attributes on them, in one part of a request'
const TOO_LARGE = `larger than ${MAX_EVENT_BYTES} bytes`
const TOO_MANY = `this event and all after it: more than ${MAX_REQUEST_EVENTS} events in one request`
const REST = 'the rest of the body: it follows a syntax error, or the end of the array, and cannot be split into events'
const NO_END = 'the array has no end; events may be missing behind the last one'

function hasByteOrderMark({ bytes }: JsonReader): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

/** A time as plain numbers: whole days since 1970, and ns since that day began. */
interface DayTime {
  readonly day: number
  readonly offset: number
}

function dayTime(ns: bigint): DayTime {
  const offset = ((ns % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY
  return { day: Number((ns - offset) / NS_PER_DAY), offset: Number(offset) }
}

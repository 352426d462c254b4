import { MAX_EVENT_BYTES, MAX_REQUEST_EVENTS, runToEnd, STEP_BYTES, type DecodedEvents, type DecodeOptions, type DecodeSteps } from './decoded-events.ts'
import { EventScanner } from './event-scanner.ts'
import { CLOSE_ARRAY, COMMA, CUT_OFF, NEWLINE, OPEN_ARRAY, type JsonReader } from './json-reader.ts'
import { RequestParts, ScannerPool } from './request-parts.ts'
import type { ReservedDefault } from './reserved-attributes.ts'

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
export function* decodeEventsInSteps(body: Uint8Array, options: DecodeOptions, { defaults = [], maxMessageBytes = Infinity }: EventFilling = {}): DecodeSteps {
  return yield* scanners.use(function* (scanner) {
    const { reader } = scanner
    scanner.defaults = defaults
    scanner.maxMessageBytes = maxMessageBytes
    reader.load([body])
    const run = new RequestParts(scanner, options)
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
  return yield* scanners.use(function* (scanner) {
    const { reader } = scanner
    reader.hasNewlines = false
    const ends = reader.load(spans.map(({ start, end }) => body.subarray(start, end)))
    const run = new RequestParts(scanner, options)
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

/** What a request says of all its events. */
export interface EventFilling {
  readonly defaults?: readonly ReservedDefault[]
  /** Longer messages are cut. */
  readonly maxMessageBytes?: number
}

export interface DocumentSpan {
  readonly start: number
  /** Exclusive. */
  readonly end: number
}

type EventParts = RequestParts<EventScanner>

const scanners = new ScannerPool(() => new EventScanner(), (scanner) => {
  scanner.reader.release()
  scanner.defaults = []
  scanner.maxMessageBytes = Infinity
})

function* decodeLines(run: EventParts, reader: JsonReader, start: number): Generator<void, void, void> {
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
function takeLine(run: EventParts, reader: JsonReader, start: number, lineEnd: number | undefined): number {
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
function takeWhole(run: EventParts, reader: JsonReader, start: number): number {
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
function* decodeArray(run: EventParts, reader: JsonReader, start: number): Generator<void, void, void> {
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
function takeElement(run: EventParts, reader: JsonReader, start: number): number {
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
function rejectRest(run: EventParts, reader: JsonReader, start: number): void {
  const at = reader.blank(start)
  if (at < reader.end) run.reject(REST, reader.end - at)
}

const TOO_MANY = `this event and all after it: more than ${MAX_REQUEST_EVENTS} events in one request`
const REST = 'the rest of the body: it follows a syntax error, or the end of the array, and cannot be split into events'
const NO_END = 'the array has no end; events may be missing behind the last one'

function hasByteOrderMark({ bytes }: JsonReader): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}


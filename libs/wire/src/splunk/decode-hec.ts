import { MAX_REQUEST_EVENTS, STEP_BYTES, type DecodedEvents, type DecodeOptions } from '../decoded-events.ts'
import { EventScanner, MAX_DEPTH, TOO_MANY_KEYS } from '../event-scanner.ts'
import { CLOSE_OBJECT, COMMA, NULL_WORD, OPEN_OBJECT, QUOTE, type JsonReader } from '../json-reader.ts'
import { RequestParts, ScannerPool, type RowScanner } from '../request-parts.ts'

/**
 * Decodes what senders of Splunk's HTTP Event Collector put into `/services/collector/event`: objects one behind the other, with or without white space between, or in an
 * array. Of each `time`, `host` and `sourcetype` (as the source) and `event` as the message or, where it is an object, as attributes; `source`, `index` and `fields` are attributes.
 *
 * Splunk refuses a body as a whole at its first bad event and says which it was. So does this: nothing may be taken of a body that holds one.
 *
 * @param body read during the first step only. @throws {HecSyntaxError}
 */
export function* decodeHecInSteps(body: Uint8Array, options: DecodeOptions): Generator<void, DecodedEvents, void> {
  return yield* scanners.use(function* (scanner) {
    const { reader } = scanner
    reader.load([body])
    reader.hasNewlines = true
    const run = new RequestParts(scanner, options)
    let stepEnd = STEP_BYTES
    let events = 0
    let at = skipBetween(reader, 0)
    while (at < reader.end) {
      if (at >= stepEnd) {
        yield
        stepEnd = at + STEP_BYTES
      }
      if (events === MAX_REQUEST_EVENTS) throw new HecSyntaxError('invalid', events)
      const end = run.scan(at)
      if (end < 0) throw new HecSyntaxError(run.scanner.problem, events)
      run.take(at, end - at)
      events++
      at = skipBetween(reader, end)
    }
    if (events === 0) throw new HecSyntaxError('no-data', 0)
    return run.finish()
  })
}

/** What is wrong with the event, in the order of Splunk's own codes. */
export type HecProblem = 'no-data' | 'invalid' | 'event-missing' | 'event-blank'

/** The body as a whole cannot be taken. */
export class HecSyntaxError extends Error {
  override readonly name = 'HecSyntaxError'
  readonly code = 'HEC_SYNTAX'
  readonly retryable = false
  readonly problem: HecProblem
  /** Of the event in the body, from 0. */
  readonly index: number

  constructor(problem: HecProblem, index: number) {
    super(`event ${index} of the body: ${problem}`)
    this.problem = problem
    this.index = index
  }
}

/** One object around an event. */
class HecScanner implements RowScanner<HecScanner> {
  readonly reader: JsonReader
  problem: HecProblem = 'invalid'
  readonly #events: EventScanner

  constructor(events = new EventScanner()) {
    this.#events = events
    this.reader = events.reader
  }

  get builder(): EventScanner['builder'] {
    return this.#events.builder
  }

  get time(): EventScanner['time'] {
    return this.#events.time
  }

  get hasTime(): boolean {
    return this.#events.hasTime
  }

  get failure(): string {
    return this.#events.failure
  }

  get isWorn(): boolean {
    return this.#events.isWorn
  }

  replaced(): HecScanner {
    return new HecScanner(this.#events.replaced())
  }

  scan(start: number): number {
    const { reader } = this
    this.problem = 'invalid'
    this.#events.begin()
    if (reader.bytes[start] !== OPEN_OBJECT) return reader.unexpected(start)
    let at = reader.blank(start + 1)
    let hasEvent = false
    if (reader.bytes[at] === CLOSE_OBJECT) return this.#refuse('event-missing', at)
    for (let members = 0; ; members++) {
      if (members === MAX_MEMBERS) return reader.fail(TOO_MANY_KEYS, at)
      const keyStart = at
      at = reader.skipKey(at)
      if (at < 0) return at
      const key = keyOf(reader, keyStart)
      if (key === 'event') {
        if (isBlank(reader, at)) return this.#refuse('event-blank', at)
        hasEvent = true
      }
      at = this.#member(key, at)
      if (at < 0) return at
      at = reader.blank(at)
      if (reader.bytes[at] === CLOSE_OBJECT) break
      if (reader.bytes[at] !== COMMA) return reader.unexpected(at)
      at = reader.blank(at + 1)
    }
    if (!hasEvent) return this.#refuse('event-missing', at)
    this.#events.finish()
    return at + 1
  }

  #member(key: string, start: number): number {
    const { reader } = this
    const isObject = reader.bytes[start] === OPEN_OBJECT
    switch (key) {
      case 'event':
        return isObject ? this.#events.addObject(start) : reader.bytes[start] === OPEN_BRACKET ? this.#events.addValue('event', start) : this.#events.addReserved('message', start)
      case 'fields':
        return isObject ? this.#events.addObject(start) : reader.skipValue(start, MAX_DEPTH)
      case 'time':
        return this.#reserved('time', start)
      case 'host':
        return this.#reserved('host', start)
      case 'sourcetype':
        return this.#reserved('source', start)
      case 'source':
        return this.#events.addValue('splunk_source', start)
      case 'index':
        return this.#events.addValue('index', start)
      default:
        return reader.skipValue(start, MAX_DEPTH)
    }
  }

  #reserved(kind: 'time' | 'host' | 'source', start: number): number {
    const byte = this.reader.bytes[start]
    return byte === OPEN_OBJECT || byte === OPEN_BRACKET ? this.reader.unexpected(start) : this.#events.addReserved(kind, start)
  }

  #refuse(problem: HecProblem, at: number): -1 {
    this.problem = problem
    return this.reader.fail(problem, at)
  }
}

const scanners = new ScannerPool(() => new HecScanner(), ({ reader }) => { reader.release() })

/** Splunk knows seven. */
const MAX_MEMBERS = 64
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** White space, and what may stand between objects where a sender makes an array of them. */
function skipBetween(reader: JsonReader, start: number): number {
  let at = reader.blank(start)
  while (at < reader.end && (reader.bytes[at] === COMMA || reader.bytes[at] === OPEN_BRACKET || reader.bytes[at] === CLOSE_BRACKET)) at = reader.blank(at + 1)
  return at
}

/** The key whose quote opens at `start` and that was read without a failure. */
function keyOf(reader: JsonReader, start: number): string {
  const end = reader.stringEnd(start + 1)
  return end - start > MAX_KEY_BYTES ? '' : Buffer.from(reader.bytes.buffer, start + 1, end - start - 1).toString('latin1')
}

const MAX_KEY_BYTES = 16

/** Null, or an empty string. */
function isBlank({ bytes, view }: JsonReader, start: number): boolean {
  return view.getInt32(start, true) === NULL_WORD || (bytes[start] === QUOTE && bytes[start + 1] === QUOTE)
}

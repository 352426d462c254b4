import { CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE, type JsonReader } from './json-reader.ts'
import { MAX_DEPTH } from './event-scanner.ts'

/** The body is not the JSON that its protocol asks for. */
export class JsonShapeError extends Error {
  override readonly name = 'JsonShapeError'
  readonly code = 'JSON_SHAPE'
  readonly retryable = false
}

/**
 * Walks through JSON of a known shape without making a value of all of it: enter an object or array, go from member to member, and read, enter or skip each.
 * Every method throws {@link JsonShapeError} where something else stands.
 */
export class JsonCursor {
  readonly reader: JsonReader
  at: number

  constructor(reader: JsonReader, at = 0) {
    this.reader = reader
    this.at = reader.blank(at)
  }

  get isObject(): boolean {
    return this.reader.bytes[this.at] === OPEN_OBJECT
  }

  get isArray(): boolean {
    return this.reader.bytes[this.at] === OPEN_ARRAY
  }

  get isString(): boolean {
    return this.reader.bytes[this.at] === QUOTE
  }

  /** Enters the object and answers its first key, or undefined when it is empty; then {@link at} is its value, or behind the object. */
  firstKey(): string | undefined {
    this.#expect(OPEN_OBJECT, 'an object')
    return this.#keyOrEnd(this.reader.blank(this.at + 1))
  }

  /** The key behind a value that was read; undefined at the end of the object, then {@link at} is behind it. */
  nextKey(): string | undefined {
    const at = this.reader.blank(this.at)
    if (this.reader.bytes[at] === CLOSE_OBJECT) {
      this.at = at + 1
      return undefined
    }
    if (this.reader.bytes[at] !== COMMA) throw this.#broken(at)
    return this.#key(this.reader.blank(at + 1))
  }

  /** Enters the array; false when it is empty. */
  firstElement(): boolean {
    this.#expect(OPEN_ARRAY, 'an array')
    const at = this.reader.blank(this.at + 1)
    const isEmpty = this.reader.bytes[at] === CLOSE_ARRAY
    this.at = isEmpty ? at + 1 : at
    return !isEmpty
  }

  nextElement(): boolean {
    const at = this.reader.blank(this.at)
    if (this.reader.bytes[at] === CLOSE_ARRAY) {
      this.at = at + 1
      return false
    }
    if (this.reader.bytes[at] !== COMMA) throw this.#broken(at)
    this.at = this.reader.blank(at + 1)
    return true
  }

  /** Skips any value and answers where it began. */
  skip(): number {
    const start = this.at
    const end = this.reader.skipValue(start, MAX_DEPTH)
    if (end < 0) throw new JsonShapeError(`${this.reader.failure} at byte ${this.reader.failedAt}`)
    this.at = end
    return start
  }

  string(): string {
    this.#expect(QUOTE, 'a string')
    const start = this.skip()
    return JSON.parse(this.#text(start, this.at)) as string
  }

  /**
   * Any value, made. For small ones.
   *
   * @param mend changes the JSON text first where it may hold a number that a double does not.
   */
  value(mend?: (text: string) => string): unknown {
    const start = this.skip()
    const text = this.#text(start, this.at)
    return JSON.parse(mend !== undefined && LONG_NUMBER.test(text) ? mend(text) : text)
  }

  /** @throws when something other than white space is left. */
  expectEnd(): void {
    const at = this.reader.blank(this.at)
    if (at < this.reader.end) throw this.#broken(at)
  }

  #keyOrEnd(at: number): string | undefined {
    if (this.reader.bytes[at] !== CLOSE_OBJECT) return this.#key(at)
    this.at = at + 1
    return undefined
  }

  #key(start: number): string {
    const end = this.reader.skipKey(start)
    if (end < 0) throw new JsonShapeError(`${this.reader.failure} at byte ${this.reader.failedAt}`)
    const close = this.reader.stringEnd(start + 1)
    this.at = end
    return JSON.parse(this.#text(start, close + 1)) as string
  }

  #text(start: number, end: number): string {
    return Buffer.from(this.reader.bytes.buffer, start, end - start).toString('utf8')
  }

  #expect(byte: number, what: string): void {
    if (this.reader.bytes[this.at] !== byte) throw new JsonShapeError(`${what} was expected at byte ${Math.min(this.at, this.reader.end)}`)
  }

  #broken(at: number): JsonShapeError {
    this.reader.unexpected(at)
    return new JsonShapeError(`${this.reader.failure} at byte ${this.reader.failedAt}`)
  }
}

/** Skips a value that holds no event. Yields as {@link passed}. */
export function* skipped(cursor: JsonCursor): Generator<undefined, void> {
  cursor.skip()
  yield* passed(cursor)
}

/** Undefined once in a step's work of members and blocks that hold no record. */
export function* passed({ reader }: JsonCursor): Generator<undefined, void> {
  if (++reader.passed % MEMBERS_OF_A_STEP === 0) yield undefined
}

/** Some tenths of a millisecond. */
const MEMBERS_OF_A_STEP = 512

/** A number of so many digits that a double may not hold it: not one in a string that holds nothing else. */
const LONG_NUMBER = /[^"\d]\d{16}/

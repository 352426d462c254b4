// Loops over bytes: a position up to `end` is in range, which the compiler cannot see.
import { isUtf8 } from 'node:buffer'
import { hashStep } from '@millrace/fragment/column-builder'

/**
 * Reads JSON as bytes. Every method takes a position and answers the position behind what it read, or -1 after {@link fail}; nothing throws
 * and nothing is made per value.
 *
 * The bytes stand in a window of the reader's own, closed by a newline and zeroes: scans stop there by themselves, and four bytes may be
 * read at a time. Bytes that are no UTF-8 become U+FFFD on the way in.
 */
export class JsonReader {
  bytes = new Uint8Array(0)
  view = new DataView(this.bytes.buffer)
  /** Bytes of the window; a newline follows. */
  end = 0
  /** Whether a newline is white space, or the end of the event. */
  hasNewlines = false
  /** What was wrong, and where; set by {@link fail}. */
  failure = ''
  failedAt = 0
  /** For whoever walks through it: how many members without an event were passed. */
  passed = 0
  /** Set by {@link stringEnd}. */
  hasEscape = false
  /** Set by {@link stringEnd} for a string without escapes: as a column builder hashes it. */
  hash = 0
  /** What {@link unescape} wrote. */
  scratch = new Uint8Array(256)
  scratchView = new DataView(this.scratch.buffer)
  scratchEnd = 0

  /** Takes the parts of a body, each closed by a newline. Answers where each one ends; the first begins at 0, the others behind that newline. */
  load(parts: readonly Uint8Array[]): readonly number[] {
    let length = parts.length
    for (const part of parts) length += part.length
    this.#reserve(length)
    const ends: number[] = []
    let at = 0
    for (const part of parts) {
      const clean = isUtf8(part) ? part : Buffer.from(Buffer.from(part.buffer, part.byteOffset, part.length).toString('utf8'), 'utf8')
      // A broken byte becomes three.
      this.#reserve(at + clean.length + parts.length)
      this.bytes.set(clean, at)
      at += clean.length
      ends.push(at)
      this.bytes[at++] = NEWLINE
    }
    this.end = at - 1
    this.bytes.fill(0, at, at + PADDING)
    return ends
  }

  /** Gives a large window back. */
  release(): void {
    if (this.bytes.length <= MAX_KEPT_WINDOW) return
    this.bytes = new Uint8Array(0)
    this.view = new DataView(this.bytes.buffer)
  }

  fail(reason: string, at: number): -1 {
    this.failure = reason
    this.failedAt = Math.min(at, this.end)
    return -1
  }

  /** Skips white space. */
  blank(start: number): number {
    const { bytes } = this
    let at = start
    let byte = bytes[at]!
    while (byte === SPACE || byte === TAB || byte === RETURN || (byte === NEWLINE && this.hasNewlines && at < this.end)) byte = bytes[++at]!
    return at
  }

  /**
   * The position of the quote that closes a string.
   *
   * @param start behind the opening quote.
   */
  stringEnd(start: number): number {
    const { bytes, view } = this
    this.hasEscape = false
    let at = start
    let hash = 0
    for (;;) {
      const word = view.getInt32(at, true)
      const quotes = word ^ 0x22222222
      const escapes = word ^ 0x5c5c5c5c
      // The lowest bit set marks the first byte that is a quote, a backslash or below a space.
      const marks = (((quotes - 0x01010101) & ~quotes) | ((escapes - 0x01010101) & ~escapes) | ((word - 0x20202020) & ~word)) & 0x80808080
      if (marks === 0) {
        hash = hashStep(hash, word)
        at += 4
        continue
      }
      const rest = (31 - Math.clz32(marks & -marks)) & 24
      at += rest >> 3
      const byte = bytes[at]!
      if (byte === QUOTE) {
        this.hash = (rest === 0 ? hash : hashStep(hash, word & ((1 << rest) - 1))) ^ (at - start)
        return at
      }
      if (byte !== BACKSLASH) return this.fail(at >= this.end ? CUT_OFF : 'a control character in a string', at)
      this.hasEscape = true
      const size = escapeSize(bytes, at + 1)
      if (size === 0) return this.fail('an unknown escape in a string', at)
      at += size
    }
  }

  /** Decodes the string `[start, end)`, whose escapes {@link stringEnd} has checked, into {@link scratch}. Half a surrogate pair becomes U+FFFD. */
  unescape(start: number, end: number): void {
    this.#reserveScratch(end - start)
    const { bytes, scratch } = this
    let to = 0
    for (let at = start; at < end; ) {
      const byte = bytes[at]!
      if (byte !== BACKSLASH) {
        scratch[to++] = byte
        at++
      } else if (bytes[at + 1] !== LETTER_U) {
        scratch[to++] = PLAIN_ESCAPES.get(bytes[at + 1]!)!
        at += 2
      } else {
        let code = hex4(bytes, at + 2)
        at += 6
        if (code >= 0xd800 && code < 0xdc00 && at < end && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U) {
          const low = hex4(bytes, at + 2)
          if (low >= 0xdc00 && low < 0xe000) {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
            at += 6
          }
        }
        if (code >= 0xd800 && code < 0xe000) code = 0xfffd
        to = writeUtf8(scratch, to, code)
      }
    }
    this.scratchEnd = to
  }

  /** Puts bytes of the window or other bytes of the scratch behind what the scratch holds. */
  appendScratch(from: Uint8Array, start: number, end: number): void {
    this.#reserveScratch(this.scratchEnd + end - start)
    this.scratch.set(from.subarray(start, end), this.scratchEnd)
    this.scratchEnd += end - start
  }

  skipNumber(start: number): number {
    const { bytes } = this
    let at = bytes[start] === MINUS ? start + 1 : start
    const first = at
    at = skipDigits(bytes, at)
    if (at === first || (at - first > 1 && bytes[first] === ZERO)) return this.fail(this.#unexpected(at), at)
    if (bytes[at] === DOT) {
      const end = skipDigits(bytes, at + 1)
      if (end === at + 1) return this.fail(this.#unexpected(end), end)
      at = end
    }
    if ((bytes[at]! | 0x20) === LETTER_E) {
      at++
      if (bytes[at] === PLUS || bytes[at] === MINUS) at++
      const end = skipDigits(bytes, at)
      if (end === at) return this.fail(this.#unexpected(end), end)
      at = end
    }
    return at
  }

  skipLiteral(start: number): number {
    const { bytes, view } = this
    const word = view.getInt32(start, true)
    if (word === NULL_WORD || word === TRUE_WORD) return start + 4
    if (word === FALSE_WORD && bytes[start + 4] === LETTER_E) return start + 5
    return this.fail(this.#unexpected(start), start)
  }

  /** Reads a string, a number or a literal. */
  skipScalar(start: number): number {
    const byte = this.bytes[start]!
    if (byte === QUOTE) {
      const end = this.stringEnd(start + 1)
      return end < 0 ? end : end + 1
    }
    return byte === MINUS || isDigit(byte) ? this.skipNumber(start) : this.skipLiteral(start)
  }

  /** Reads `"key":` and the white space behind it. */
  skipKey(start: number): number {
    if (this.bytes[start] !== QUOTE) return this.fail(this.#unexpected(start), start)
    const end = this.stringEnd(start + 1)
    return end < 0 ? end : this.colon(end + 1)
  }

  /** Reads a colon with white space around it. */
  colon(start: number): number {
    const at = this.blank(start)
    return this.bytes[at] === COLON ? this.blank(at + 1) : this.fail(this.#unexpected(at), at)
  }

  /** Reads any value; arrays and objects may be nested `maxDepth` deep. */
  skipValue(start: number, maxDepth: number): number {
    const { bytes } = this
    const open: number[] = []
    let at = start
    for (;;) {
      const byte = bytes[at]!
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (open.length === maxDepth) return this.fail(TOO_DEEP, at)
        at = this.blank(at + 1)
        if (bytes[at] !== byte + 2) {
          open.push(byte)
          if (byte === OPEN_OBJECT) at = this.skipKey(at)
          if (at < 0) return at
          continue
        }
        at++
      } else {
        at = this.skipScalar(at)
        if (at < 0) return at
      }
      // A value is complete: so is every array and object that ends behind it.
      for (;;) {
        const inside = open[open.length - 1]
        if (inside === undefined) return at
        at = this.blank(at)
        if (bytes[at] === COMMA) {
          at = this.blank(at + 1)
          if (inside === OPEN_OBJECT) at = this.skipKey(at)
          if (at < 0) return at
          break
        }
        if (bytes[at] !== inside + 2) return this.fail(this.#unexpected(at), at)
        open.pop()
        at++
      }
    }
  }

  /** Fails at a byte that cannot stand there. */
  unexpected(at: number): -1 {
    return this.fail(this.#unexpected(at), at)
  }

  #unexpected(at: number): string {
    return at >= this.end || this.bytes[at] === NEWLINE ? CUT_OFF : 'not valid JSON'
  }

  #reserve(length: number): void {
    if (length + PADDING <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(length + PADDING, Math.min(2 * this.bytes.length, MAX_KEPT_WINDOW)))
    larger.set(this.bytes)
    this.bytes = larger
    this.view = new DataView(larger.buffer)
  }

  #reserveScratch(length: number): void {
    if (length <= this.scratch.length) return
    const larger = new Uint8Array(2 * length)
    larger.set(this.scratch)
    this.scratch = larger
    this.scratchView = new DataView(larger.buffer)
  }
}

export const CUT_OFF = 'the JSON ends too early'
export const TOO_DEEP = 'nested too deep'

export const QUOTE = 0x22
export const COMMA = 0x2c
export const MINUS = 0x2d
export const COLON = 0x3a
export const OPEN_ARRAY = 0x5b
export const CLOSE_ARRAY = 0x5d
export const OPEN_OBJECT = 0x7b
export const CLOSE_OBJECT = 0x7d
export const NEWLINE = 0x0a
export const SPACE = 0x20
export const DOT = 0x2e
export const ZERO = 0x30
export const LETTER_E = 0x65
/** `null`, `true` and the beginning of `false` as four bytes read at once. */
export const NULL_WORD = 0x6c6c756e
export const TRUE_WORD = 0x65757274
const FALSE_WORD = 0x736c6166

/** Zeroes behind the window; a read of four bytes goes at most three beyond. */
const PADDING = 16
/** Most bodies are smaller; a larger window is made for its body only. */
const MAX_KEPT_WINDOW = 4 * 1024 * 1024
const BACKSLASH = 0x5c
const PLUS = 0x2b
const TAB = 0x09
const RETURN = 0x0d
const LETTER_U = 0x75
const PLAIN_ESCAPES: ReadonlyMap<number, number> = new Map([['"', '"'], ['\\', '\\'], ['/', '/'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t']].map(([from = '', to = '']) => [from.charCodeAt(0), to.charCodeAt(0)]))

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

function skipDigits(bytes: Uint8Array, start: number): number {
  let at = start
  while (isDigit(bytes[at]!)) at++
  return at
}

/** Bytes of the escape whose backslash stands before `at`; 0 when there is no such escape. */
function escapeSize(bytes: Uint8Array, at: number): number {
  if (bytes[at] === LETTER_U) return hex4(bytes, at + 1) < 0 ? 0 : 6
  return PLAIN_ESCAPES.has(bytes[at]!) ? 2 : 0
}

function hex4(bytes: Uint8Array, start: number): number {
  let code = 0
  for (let at = start; at < start + 4; at++) {
    const byte = bytes[at]!
    const digit = isDigit(byte) ? byte - ZERO : (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66 ? (byte | 0x20) - 0x57 : -1
    if (digit < 0) return -1
    code = code * 16 + digit
  }
  return code
}

function writeUtf8(bytes: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    bytes[at] = code
    return at + 1
  }
  if (code < 0x800) {
    bytes[at] = 0xc0 | (code >> 6)
    bytes[at + 1] = 0x80 | (code & 0x3f)
    return at + 2
  }
  if (code < 0x10000) {
    bytes[at] = 0xe0 | (code >> 12)
    bytes[at + 1] = 0x80 | ((code >> 6) & 0x3f)
    bytes[at + 2] = 0x80 | (code & 0x3f)
    return at + 3
  }
  bytes[at] = 0xf0 | (code >> 18)
  bytes[at + 1] = 0x80 | ((code >> 12) & 0x3f)
  bytes[at + 2] = 0x80 | ((code >> 6) & 0x3f)
  bytes[at + 3] = 0x80 | (code & 0x3f)
  return at + 4
}

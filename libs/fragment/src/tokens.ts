// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { FNV_BASIS, FNV_PRIME, StringTable } from './string-table.ts'
import type { Strings } from './table.ts'

/** Texts cut into templates and what varies: a text is its template with each {@link SLOT} byte replaced by the next span. */
export interface Tokens {
  /** Template bytes in the order of first appearance. */
  readonly templates: Strings
  /** Per row: 0 = no value, k = template k-1. */
  readonly codes: Uint32Array
  /** Per template: its rows, ascending. */
  readonly rowsOf: readonly Uint32Array[]
  /** Per row: number of its first span; it has as many as its template has slots. */
  readonly firstSpans: Uint32Array
  /** Per span: bytes `[starts, ends)` of the strings. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
}

/**
 * Cuts the texts of the rows `[0, rows)`. Only bytes are looked at, so that any bytes come back as they were.
 *
 * A token is a run of letters, digits and bytes beyond ASCII. All between tokens is static, and so are tokens without a digit. A number,
 * a decimal, an IPv4 address, a UUID, a long hex string or another token with a digit is a span; of `node12` and `12ms` only the digits are.
 *
 * @param present rows with a value, undefined when all have one.
 */
export function tokenise({ offsets, bytes }: Strings, rows: number, present?: Uint8Array): Tokens {
  const table = new StringTable()
  const spans: Spans = { starts: new Uint32Array(rows * 4 + 64), ends: new Uint32Array(rows * 4 + 64), count: 0 }
  const codes = new Uint32Array(rows)
  const firstSpans = new Uint32Array(rows)
  const template = new Uint8Array(MAX_TEMPLATE_BYTES + 4)
  const words = new Int32Array(template.buffer)
  for (let row = 0; row < rows; row++) {
    firstSpans[row] = spans.count
    if (present !== undefined && present[row] === 0) continue
    const start = offsets[row]!
    const end = offsets[row + 1]!
    if (spans.starts.length - spans.count < MAX_TEMPLATE_BYTES) {
      spans.starts = grown(spans.starts)
      spans.ends = grown(spans.ends)
    }
    const length = end - start > MAX_TEMPLATE_BYTES ? -1 : cut(bytes, start, end, template, spans)
    const hash = length < 0 ? 0 : hashWords(template, words, length)
    const isRefused = table.count >= MAX_TEMPLATES && length >= 0 && table.find(template, 0, length, hash) < 0
    if (length < 0 || isRefused) {
      // One span for all of it.
      spans.count = firstSpans[row]!
      spans.starts[spans.count] = start
      spans.ends[spans.count++] = end
      template[0] = SLOT
      codes[row] = table.intern(template, 0, 1, hashWords(template, words, 1)) + 1
    } else codes[row] = table.intern(template, 0, length, hash) + 1
  }
  return { templates: table.strings(), codes, rowsOf: rowsByTemplate(codes, table.count), firstSpans, starts: spans.starts, ends: spans.ends }
}

/** Stands for a span in a template. A text that holds this byte becomes one span as a whole. */
export const SLOT = 0
/** Longer texts (stack traces, payloads) become one span: a template of theirs would hardly come again. */
const MAX_TEMPLATE_BYTES = 2048
/** Free text makes a template of nearly every row. Beyond this many a text whose template is new becomes one span. */
const MAX_TEMPLATES = 4096

interface Spans {
  starts: Uint32Array
  ends: Uint32Array
  count: number
}

/** FNV-1a by four bytes at a time, as templates are long. Zeroes up to three bytes after the template. */
function hashWords(template: Uint8Array, words: Int32Array, length: number): number {
  template[length] = template[length + 1] = template[length + 2] = 0
  let hash = FNV_BASIS
  for (let i = 0; i * 4 < length; i++) {
    hash = Math.imul(hash ^ words[i]!, FNV_PRIME)
    hash ^= hash >>> 15
  }
  return hash ^ length
}

/** Writes the template of one text and appends its spans. Answers the template's length, -1 when the text holds the slot byte. */
function cut(bytes: Uint8Array, start: number, end: number, template: Uint8Array, spans: Spans): number {
  let length = 0
  let i = start
  while (i < end) {
    const byte = bytes[i]!
    if (CLASSES[byte] === 0) {
      if (byte === SLOT) return -1
      template[length++] = byte
      i++
      continue
    }
    const first = i
    if ((CLASSES[byte]! & LETTER) !== 0) {
      // Most tokens are plain words: copied while they are looked at.
      const former = length
      let kinds = HEX
      let kind = CLASSES[byte]!
      do {
        kinds &= kind
        template[length++] = bytes[i++]!
        kind = i < end ? CLASSES[bytes[i]!]! : 0
      } while ((kind & LETTER) !== 0)
      if (kind === 0 && (kinds === 0 || i - first < MIN_HEX_LETTERS)) continue
      length = former
      i = first
    }
    let all = HEX
    let any = 0
    // Where digits and letters meet for the first time, and how often they do.
    let border = 0
    let borders = 0
    let former = CLASSES[byte]! & (DIGIT | LETTER)
    for (; i < end; i++) {
      const kind = CLASSES[bytes[i]!]!
      if (kind === 0) break
      all &= kind
      any |= kind
      const next = kind & (DIGIT | LETTER)
      if (next !== former) {
        if (borders++ === 0) border = i
        former = next
      }
    }
    const isHex = all !== 0
    let spanEnd = i
    if (isHex && i - first === 8 && isUuid(bytes, first, end)) spanEnd = first + UUID_LENGTH
    else if (any === (DIGIT | HEX)) {
      spanEnd = numberEnd(bytes, i, end)
    } else if (borders === 1 && !(isHex && i - first >= MIN_HEX)) {
      if ((CLASSES[byte]! & LETTER) !== 0) {
        for (let at = first; at < border; at++) template[length++] = bytes[at]!
        i = border
        continue
      }
      spanEnd = border
    }
    spans.starts[spans.count] = first
    spans.ends[spans.count++] = spanEnd
    template[length++] = SLOT
    i = spanEnd
  }
  return length
}

function rowsByTemplate(codes: Uint32Array, templates: number): readonly Uint32Array[] {
  const counts = new Uint32Array(templates + 1)
  for (const code of codes) counts[code]!++
  const rowsOf = Array.from({ length: templates }, (_, template) => new Uint32Array(counts[template + 1]!))
  counts.fill(0)
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!
    if (code !== 0) rowsOf[code - 1]![counts[code]!++] = row
  }
  return rowsOf
}

/** Where the decimal or the IPv4 address ends whose first digits end at `at`; `at` when it is neither. */
function numberEnd(bytes: Uint8Array, at: number, end: number): number {
  let groups = 1
  let i = at
  let second = at
  while (i + 1 < end && bytes[i] === DOT && CLASSES[bytes[i + 1]!]! & DIGIT) {
    i++
    while (i < end && CLASSES[bytes[i]!]! & DIGIT) i++
    if (++groups === 2) second = i
  }
  if (groups === 2) return second
  return groups === 4 ? i : at
}

function isUuid(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + UUID_LENGTH > end || (start + UUID_LENGTH < end && CLASSES[bytes[start + UUID_LENGTH]!] !== 0)) return false
  for (let i = 0; i < UUID_LENGTH; i++) {
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (bytes[start + i] !== DASH) return false
    } else if ((CLASSES[bytes[start + i]!]! & HEX) === 0) return false
  }
  return true
}

function grown(array: Uint32Array): Uint32Array {
  const larger = new Uint32Array(array.length * 2 + MAX_TEMPLATE_BYTES)
  larger.set(array)
  return larger
}

const DIGIT = 1
const LETTER = 2
/** Digits and lower-case letters of hex numbers. */
const HEX = 4
/** Per byte: what it is inside a token, 0 where it ends one. */
const CLASSES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 48 && byte <= 57) return DIGIT | HEX
  if (byte >= 97 && byte <= 102) return LETTER | HEX
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte >= 128 ? LETTER : 0
})
const DOT = 46
const DASH = 45
const UUID_LENGTH = 36
/** From here on letters and digits that are all hex are one id, not a word with a number. */
const MIN_HEX = 6
/** Words such as `deadbeef` are rare among those of this length, ids without a digit are not. */
const MIN_HEX_LETTERS = 8

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Strings } from '@millrace/fragment/table'

/**
 * Takes the case from a text, one code point at a time, so that a text folds alike wherever it stands. A character whose lower case is several
 * (`İ`) or ASCII (the Kelvin sign) stays, so that a word of ASCII letters is always found as bytes.
 */
export function fold(text: string): string {
  return text.replace(/[A-Z]+/g, (upper) => upper.toLowerCase()).replace(/[^\0-\x7f]/gu, foldCodePoint)
}

/** Runs of letters, digits and characters beyond ASCII in a folded text; docs/design/search-syntax.md calls them words. */
export function wordsOfFolded(folded: string): string[] {
  return folded.match(/[a-z0-9\u0080-\u{10ffff}]+/gu) ?? []
}

/** Folds many texts at once. Texts of ASCII only, nearly all, are folded four bytes at a time. */
export function foldStrings(strings: Strings): Strings {
  const { offsets, bytes } = strings
  const folded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  folded.set(bytes)
  const isAscii = foldAscii(new Uint32Array(folded.buffer))
  const simple: Strings = { offsets, bytes: folded.subarray(0, bytes.length) }
  return isAscii ? simple : foldBeyondAscii(simple)
}

/** Per byte of a folded text: 1 when it belongs to a word. */
export const WORD_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => Number((byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122) || byte >= 128))

function foldCodePoint(character: string): string {
  const lower = character.toLowerCase()
  return lower.length > character.length || lower.charCodeAt(0) < 0x80 ? character : lower
}

/** Sets bit 5 of every byte from A to Z; answers whether no byte is beyond ASCII. */
function foldAscii(quads: Uint32Array): boolean {
  let high = 0
  for (let i = 0; i < quads.length; i++) {
    const quad = quads[i]! | 0
    const low = quad & 0x7f7f7f7f
    // Bit 7 of a sum tells whether its byte is at least A, or beyond Z.
    const isUpper = ~quad & 0x80808080 & ((low + 0x3f3f3f3f) ^ (low + 0x25252525))
    high |= quad & 0x80808080
    quads[i] = quad | (isUpper >>> 2)
  }
  return high === 0
}

function foldBeyondAscii({ offsets, bytes }: Strings): Strings {
  const count = offsets.length - 1
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = []
  const foldedOffsets = new Uint32Array(count + 1)
  let asciiStart = 0
  for (let i = 0; i < count; i++) {
    const start = offsets[i]!
    const end = offsets[i + 1]!
    let length = end - start
    if (hasHighByte(bytes, start, end)) {
      const text = Buffer.from(fold(source.toString('utf8', start, end)), 'utf8')
      parts.push(source.subarray(asciiStart, start), text)
      asciiStart = end
      length = text.length
    }
    foldedOffsets[i + 1] = foldedOffsets[i]! + length
  }
  parts.push(source.subarray(asciiStart, offsets[count]))
  const joined = Buffer.concat(parts)
  return { offsets: foldedOffsets, bytes: new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength) }
}

function hasHighByte(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! >= 128) return true
  return false
}

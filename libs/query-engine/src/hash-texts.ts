// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Strings } from '@millrace/fragment/table'

/** A hash of 53 bits per entry, above 0; two of a million different texts are equal with a chance of 1 in 18,000. */
export function hashTexts({ offsets, bytes }: Strings): Float64Array {
  const hashes = new Float64Array(offsets.length - 1)
  for (let i = 0; i < hashes.length; i++) hashes[i] = hashRange(bytes, offsets[i]!, offsets[i + 1]!)
  return hashes
}

export function hashText(text: string): number {
  const bytes = new Uint8Array(Buffer.from(text, 'utf8'))
  return hashRange(bytes, 0, bytes.length)
}

/** Two multiplicative hashes side by side (cyrb53), joined to an integer that a double holds. */
function hashRange(bytes: Uint8Array, start: number, end: number): number {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    a = Math.imul(a ^ byte, 2654435761)
    b = Math.imul(b ^ byte, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (b & 0x1fffff) + (a >>> 0) + 1
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Strings } from '@millrace/fragment/table'
import { countRows } from '../row-masks.ts'

/** Whether entry `bytes[start, end)`, which has the needle somewhere, matches. */
export type VerifyEntry = (bytes: Uint8Array, start: number, end: number) => boolean

/**
 * Clears entries that lack the needle or fail `verify`. While many are left it searches all bytes in one sweep, which leaps over those without it;
 * else each for itself.
 *
 * @param needle at least one byte.
 */
export function narrowBySubstring({ offsets, bytes }: Strings, needle: Uint8Array, start: number, mask: Uint8Array, verify?: VerifyEntry): void {
  const left = countRows(mask)
  if (left === 0) return
  const haystack = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (left < mask.length / SPARSE) {
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) continue
      const from = offsets[start + i]!
      const to = offsets[start + i + 1]!
      if (to - from < needle.length || haystack.subarray(from, to).indexOf(needle) < 0 || verify?.(bytes, from, to) === false) mask[i] = 0
    }
    return
  }
  const last = start + mask.length
  const end = offsets[last]!
  let row = start
  let position = offsets[start]!
  while (row < last) {
    const found = haystack.indexOf(needle, position)
    if (found < 0 || found >= end) break
    while (offsets[row + 1]! <= found) mask[row++ - start] = 0
    const to = offsets[row + 1]!
    if (found + needle.length > to) {
      position = found + 1 // it only seems to be there, across two entries
      continue
    }
    if (mask[row - start] === 1 && verify?.(bytes, offsets[row]!, to) === false) mask[row - start] = 0
    row++
    position = to
  }
  mask.fill(0, row - start)
}

/** Of several texts that every match contains, the one to look for: the one that is rarest in a sample, or the longest. */
export function rarestOf(needles: readonly Uint8Array[], { bytes }: Strings): Uint8Array | undefined {
  if (needles.length < 2) return needles[0]
  const from = Math.max(0, bytes.length - SAMPLE_BYTES) >>> 1
  const sample = Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(SAMPLE_BYTES, bytes.length))
  let [rarest, fewest] = [needles[0], Infinity]
  for (const needle of needles) {
    let hits = 0
    for (let at = sample.indexOf(needle); at >= 0 && hits <= fewest; at = sample.indexOf(needle, at + needle.length)) hits++
    if (hits > fewest || (hits === fewest && needle.length <= (rarest?.length ?? 0))) continue
    rarest = needle
    fewest = hits
  }
  return rarest
}

/** Some hundred messages: enough to tell rare from frequent, read in microseconds. */
const SAMPLE_BYTES = 64 * 1024
/** With fewer than a sixteenth of the entries left, looking at each costs less than the sweep. */
const SPARSE = 16

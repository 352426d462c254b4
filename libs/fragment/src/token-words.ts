// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { addWords, FOLDED, HashSet, MAX_FILTER_HASHES, MIN_FILTERED_DIGITS, type WordHashes } from './bloom-filter.ts'
import type { Strings } from './table.ts'
import { SLOT, type Tokens } from './tokens.ts'

/**
 * The same as `wordHashes` of the texts, quicker: words that stand in a template are met once instead of once per row.
 * Undefined when there are more than a filter may hold.
 */
export function tokenWordHashes({ offsets, bytes }: Strings, { templates, codes, firstSpans, starts, ends }: Tokens): WordHashes | undefined {
  const hashes = new HashSet()
  const surroundings = surroundingsOf(templates, (bytes, start, end) => addWords(hashes, bytes, start, end))
  let areCovered = true
  // By row, not by template: the bytes are then met in their order.
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!
    if (code === 0) continue
    const { before, after, isCovered, isWhole } = surroundings[code - 1]!
    let words = isCovered ? 1 : 0
    if (isWhole) words += addWords(hashes, bytes, offsets[row]!, offsets[row + 1]!)
    else {
      const first = firstSpans[row]!
      for (let slot = 0; slot < before.length; slot++) {
        const start = starts[first + slot]! - before[slot]!
        const end = ends[first + slot]! + after[slot]!
        if (end - start >= MIN_FILTERED_DIGITS || hasLetter(bytes, start, end)) words += addWords(hashes, bytes, start, end)
      }
    }
    if (words === 0) areCovered = false
    if (hashes.count > MAX_FILTER_HASHES) return undefined
  }
  return { hashes, areCovered }
}

export interface Surroundings {
  /** Per slot: bytes of the template on either side that belong to a word with it. */
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** It has a word of its own, or is the empty text. */
  readonly isCovered: boolean
  /** A word may reach over several slots, so that texts are looked at whole. */
  readonly isWhole: boolean
}

/**
 * Tells where the words stand in each template.
 *
 * @param add adds the words of what stands in a template apart from its slots; answers how many there are.
 */
export function surroundingsOf({ offsets, bytes }: Strings, add: (bytes: Uint8Array, start: number, end: number) => number): readonly Surroundings[] {
  return Array.from({ length: offsets.length - 1 }, (_, template) => readTemplate(bytes.subarray(offsets[template], offsets[template + 1]), add))
}

function readTemplate(template: Uint8Array, add: (bytes: Uint8Array, start: number, end: number) => number): Surroundings {
  const parts: Uint8Array[] = []
  let start = 0
  for (let at = template.indexOf(SLOT); at >= 0; at = template.indexOf(SLOT, start)) {
    parts.push(template.subarray(start, at))
    start = at + 1
  }
  parts.push(template.subarray(start))
  let words = 0
  parts.forEach((part, index) => {
    const from = index === 0 ? 0 : wordBytesAtStart(part)
    const to = index === parts.length - 1 ? part.length : part.length - wordBytesAtEnd(part)
    if (from < to) words += add(part, from, to)
  })
  return {
    before: parts.slice(0, -1).map(wordBytesAtEnd),
    after: parts.slice(1).map(wordBytesAtStart),
    isCovered: words > 0 || template.length === 0,
    isWhole: parts.slice(1, -1).some((part) => wordBytesAtEnd(part) === part.length),
  }
}

function wordBytesAtEnd(part: Uint8Array): number {
  let count = 0
  while (count < part.length && FOLDED[part[part.length - 1 - count]!] !== 0) count++
  return count
}

function wordBytesAtStart(part: Uint8Array): number {
  let count = 0
  while (count < part.length && FOLDED[part[count]!] !== 0) count++
  return count
}

/** Or another byte beyond the digits. */
export function hasLetter(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i]! > 57) return true
  return false
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { WORD_BYTES } from '../fold.ts'

/**
 * Whether the words of a folded text include `words`, one directly after the other, whatever stands between them.
 *
 * @param words UTF-8 of at least one folded word.
 */
export function hasPhrase(words: readonly Uint8Array[], bytes: Uint8Array, start: number, end: number): boolean {
  const first = words[0]!
  for (let position = nextWord(bytes, start, end); position < end; position = nextWord(bytes, wordEnd(bytes, position, end), end)) {
    if (!isWordAt(first, bytes, position, end)) continue
    let at = position
    let matched = 1
    while (matched < words.length) {
      at = nextWord(bytes, wordEnd(bytes, at, end), end)
      if (at >= end || !isWordAt(words[matched]!, bytes, at, end)) break
      matched++
    }
    if (matched === words.length) return true
  }
  return false
}

function nextWord(bytes: Uint8Array, position: number, end: number): number {
  while (position < end && WORD_BYTES[bytes[position]!] === 0) position++
  return position
}

function wordEnd(bytes: Uint8Array, position: number, end: number): number {
  while (position < end && WORD_BYTES[bytes[position]!] === 1) position++
  return position
}

function isWordAt(word: Uint8Array, bytes: Uint8Array, position: number, end: number): boolean {
  if (position + word.length > end) return false
  for (let i = 0; i < word.length; i++) if (bytes[position + i] !== word[i]) return false
  return position + word.length === end || WORD_BYTES[bytes[position + word.length]!] === 0
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { FOLDED } from './bloom-filter.ts'
import { FNV_BASIS, FNV_PRIME, StringTable } from './string-table.ts'
import { textsOf, utf8Text } from './strings.ts'
import type { Strings, Table } from './table.ts'
import { wordsOf } from './words.ts'

/**
 * The distinct words (see words.ts) without a digit of all messages of a table, in no order; undefined when there are more than `maxWords`. Words with
 * digits are mostly numbers and ids, which would outgrow any limit; a search asks the filters of a fragment for them.
 * Works on bytes: a text is made only of rows with words beyond ASCII, whose case needs Unicode's rules.
 */
export function messageWords(table: Table, maxWords: number): readonly string[] | undefined {
  const words = new StringTable()
  for (const column of table.columns) {
    if (column.name !== 'message' || (column.layout !== 'text' && column.layout !== 'dictionary')) continue
    addWords(words, column.layout === 'text' ? column.strings : column.dictionary, maxWords)
    if (words.count > maxWords) return undefined
  }
  return textsOf(words.strings())
}

/** Stops early when there are too many. */
function addWords(words: StringTable, { offsets, bytes }: Strings, maxWords: number): void {
  let folded = new Uint8Array(256)
  for (let entry = 0; entry + 1 < offsets.length && words.count <= maxWords; entry++) {
    const end = offsets[entry + 1]!
    let hash = FNV_BASIS
    let length = 0
    let hasDigit = false
    for (let i = offsets[entry]!; i <= end; i++) {
      const byte = i < end ? bytes[i]! : 0
      if (byte >= 128) {
        for (const word of wordsOf(utf8Text(bytes, offsets[entry]!, end))) {
          if (/\d/.test(word)) continue
          const text = Buffer.from(word, 'utf8')
          words.intern(text, 0, text.length)
        }
        break
      }
      const letter = FOLDED[byte]!
      if (letter !== 0) {
        if (length === folded.length) {
          const grown = new Uint8Array(length * 2)
          grown.set(folded)
          folded = grown
        }
        folded[length++] = letter
        hash = Math.imul(hash ^ letter, FNV_PRIME)
        if (letter < 58) hasDigit = true
      } else if (length > 0) {
        if (!hasDigit) words.intern(folded, 0, length, hash)
        hash = FNV_BASIS
        length = 0
        hasDigit = false
      }
    }
  }
}

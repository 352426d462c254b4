// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { FOLDED } from './bloom-filter.ts'
import { FNV_BASIS, FNV_PRIME, StringTable } from './string-table.ts'
import { textsOf, utf8Text } from './strings.ts'
import type { Column, Strings, Table } from './table.ts'
import { hasLetter, surroundingsOf } from './token-words.ts'
import type { Tokens } from './tokens.ts'
import { wordsOf } from './words.ts'

/**
 * The distinct words (see words.ts) without a digit of all messages of a table, in no order; undefined when there are more than `maxWords`. Words with
 * digits are mostly numbers and ids, which would outgrow any limit; a search asks the filters of a fragment for them.
 * Works on bytes: a text is made only of rows with words beyond ASCII, whose case needs Unicode's rules.
 *
 * @param tokensOf of columns that are cut already: words that stand in a template are then met once instead of once per row.
 */
export function messageWords(table: Table, maxWords: number, tokensOf?: ReadonlyMap<Column, Tokens>): readonly string[] | undefined {
  const words = new WordTable()
  for (const column of table.columns) {
    if (column.name !== 'message' || (column.layout !== 'text' && column.layout !== 'dictionary')) continue
    const tokens = tokensOf?.get(column)
    const strings = column.layout === 'text' ? column.strings : column.dictionary
    if (tokens === undefined) addTexts(words, strings, maxWords)
    else addTokens(words, strings, tokens, maxWords)
    if (words.count > maxWords) return undefined
  }
  return textsOf(words.strings())
}

/** Stops early when there are too many. */
function addTexts(words: WordTable, { offsets, bytes }: Strings, maxWords: number): void {
  for (let entry = 0; entry + 1 < offsets.length && words.count <= maxWords; entry++) words.addText(bytes, offsets[entry]!, offsets[entry + 1]!)
}

/** As {@link addTexts}. Case depends on what stands around a character beyond ASCII, so that texts with such ones are looked at whole. */
function addTokens(words: WordTable, { offsets, bytes }: Strings, { templates, codes, firstSpans, starts, ends }: Tokens, maxWords: number): void {
  const surroundings = surroundingsOf(templates, (part, start, end) => {
    words.add(part, start, end)
    return 0
  })
  const areAscii = surroundings.map((_, template) => !templates.bytes.subarray(templates.offsets[template], templates.offsets[template + 1]).some((byte) => byte >= 128))
  for (let row = 0; row < codes.length && words.count <= maxWords; row++) {
    const code = codes[row]!
    if (code === 0) continue
    const { before, after, isWhole } = surroundings[code - 1]!
    const first = firstSpans[row]!
    let isDone = !isWhole && areAscii[code - 1]!
    for (let slot = 0; isDone && slot < before.length; slot++) {
      const start = starts[first + slot]!
      const end = ends[first + slot]!
      // Digits alone, also with points or dashes between them, give every word that they are in a digit.
      if (hasLetter(bytes, start, end)) isDone = words.add(bytes, start - before[slot]!, end + after[slot]!)
    }
    if (!isDone) words.addText(bytes, offsets[row]!, offsets[row + 1]!)
  }
}

/** Distinct words without a digit. */
class WordTable {
  readonly #table = new StringTable()
  #folded = new Uint8Array(256)

  get count(): number {
    return this.#table.count
  }

  strings(): Strings {
    return this.#table.strings()
  }

  addText(bytes: Uint8Array, start: number, end: number): void {
    if (this.add(bytes, start, end)) return
    for (const word of wordsOf(utf8Text(bytes, start, end))) {
      if (/\d/.test(word)) continue
      const text = Buffer.from(word, 'utf8')
      this.#table.intern(text, 0, text.length)
    }
  }

  /** Adds the words of `bytes[start, end)`; false, and only those before it are added, when there is a byte beyond ASCII. */
  add(bytes: Uint8Array, start: number, end: number): boolean {
    let folded = this.#folded
    let hash = FNV_BASIS
    let length = 0
    let hasDigit = false
    for (let i = start; i <= end; i++) {
      const byte = i < end ? bytes[i]! : 0
      if (byte >= 128) return false
      const letter = FOLDED[byte]!
      if (letter !== 0) {
        if (length === folded.length) {
          folded = new Uint8Array(length * 2)
          folded.set(this.#folded)
          this.#folded = folded
        }
        folded[length++] = letter
        hash = Math.imul(hash ^ letter, FNV_PRIME)
        if (letter < 58) hasDigit = true
      } else if (length > 0) {
        if (!hasDigit) this.#table.intern(folded, 0, length, hash)
        hash = FNV_BASIS
        length = 0
        hasDigit = false
      }
    }
    return true
  }
}

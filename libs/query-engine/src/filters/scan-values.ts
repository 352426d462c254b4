// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { ColumnHeader } from '@millrace/fragment/fragment'
import { stringAt } from '@millrace/fragment/strings'
import { LITERALS, type Column, type DictionaryColumn, type LiteralColumn, type NumberColumn, type TextColumn } from '@millrace/fragment/table'
import type { FragmentReader } from '../fragment-reader.ts'
import { narrowByCodes, narrowByPresence } from '../row-masks.ts'
import type { Decision, RowFilter } from './filter.ts'
import { anyOf } from './logic-filters.ts'
import type { ValuePredicate } from './value-predicate.ts'

/** What is known without reading rows about "a value of one of these columns matches". */
export async function decideValues(fragment: FragmentReader, names: readonly string[], predicate: ValuePredicate): Promise<Decision> {
  const headers = names.flatMap((name) => fragment.headersOf(name))
  let decision: Decision = 'none'
  for (const header of headers) {
    const own = await decideColumn(fragment, header, predicate)
    if (own === 'all') return 'all'
    if (own === 'some') decision = 'some'
  }
  return decision
}

/** Keeps rows with a value, in one of these columns, that matches. */
export async function loadValues(fragment: FragmentReader, names: readonly string[], predicate: ValuePredicate): Promise<RowFilter> {
  const filters: RowFilter[] = []
  for (const name of names) for (const column of await fragment.columns(name)) filters.push(filterColumn(fragment, column, predicate))
  return anyOf(filters)
}

/** A larger dictionary is only read when its rows are, too. */
const MAX_DECIDED_ENTRIES = 1024

async function decideColumn(fragment: FragmentReader, header: ColumnHeader, predicate: ValuePredicate): Promise<Decision> {
  const { name, type, layout, min, max } = header
  if (type === 'number') {
    const { numbers } = predicate
    return numbers !== undefined && (min === undefined || max === undefined || max < numbers.min || min > numbers.max) ? 'none' : 'some'
  }
  if (type === 'literal') return 'some'
  if (layout === 'dictionary') {
    if ((header.dictionarySize ?? 0) > MAX_DECIDED_ENTRIES) return 'some'
    const dictionary = await fragment.dictionary(header)
    if (dictionary === undefined) return 'some'
    let rows = 0
    dictionary.entries.forEach((entry, index) => {
      if (predicate.matchesText(type, entry)) rows += dictionary.counts[index]!
    })
    return rows === 0 ? 'none' : rows === fragment.header.rows ? 'all' : 'some'
  }
  if (type !== 'string') return 'some'
  for (const word of predicate.words) if (!(await fragment.mightContain('word', name, word))) return 'none'
  if (predicate.exactText !== undefined && !(await fragment.mightContain('value', name, predicate.exactText))) return 'none'
  return 'some'
}

function filterColumn(fragment: FragmentReader, column: Column, predicate: ValuePredicate): RowFilter {
  switch (column.layout) {
    case 'dictionary':
      return filterDictionary(fragment, column, predicate)
    case 'text':
      return filterTexts(fragment, column, predicate)
    case 'number':
      return filterNumbers(column, predicate)
    case 'literal':
      return filterLiterals(column, predicate)
  }
}

function filterDictionary(fragment: FragmentReader, column: DictionaryColumn, predicate: ValuePredicate): RowFilter {
  const { type, dictionary, codes } = column
  const byCode = new Uint8Array(dictionary.offsets.length).fill(1)
  byCode[0] = 0
  const entries = byCode.subarray(1)
  if (predicate.narrow?.(fragment, type, dictionary, 0, entries) !== true) {
    const texts = fragment.textsOf(dictionary)
    for (let i = 0; i < texts.length; i++) entries[i] = predicate.matchesText(type, texts[i]!) ? 1 : 0
  }
  return (start, mask) => {
    narrowByCodes(codes, byCode, start, mask)
  }
}

function filterTexts(fragment: FragmentReader, { type, strings, present }: TextColumn, predicate: ValuePredicate): RowFilter {
  return (start, mask) => {
    narrowByPresence(present, start, mask)
    if (predicate.narrow?.(fragment, type, strings, start, mask) === true) return
    for (let i = 0; i < mask.length; i++) if (mask[i] === 1 && !predicate.matchesText(type, stringAt(strings, start + i))) mask[i] = 0
  }
}

function filterNumbers({ values, present }: NumberColumn, predicate: ValuePredicate): RowFilter {
  return (start, mask) => {
    narrowByPresence(present, start, mask)
    const { min, max } = predicate.numbers ?? { min: NaN, max: NaN }
    const isBounded = predicate.numbers !== undefined
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) continue
      const value = values[start + i]!
      if ((isBounded && !(value >= min && value <= max)) || !predicate.matchesNumber(value)) mask[i] = 0
    }
  }
}

function filterLiterals({ codes }: LiteralColumn, predicate: ValuePredicate): RowFilter {
  const byCode = new Uint8Array(4)
  for (const [text, code] of Object.entries(LITERALS)) byCode[code] = predicate.matchesLiteral(text) ? 1 : 0
  return (start, mask) => {
    narrowByCodes(codes, byCode, start, mask)
  }
}


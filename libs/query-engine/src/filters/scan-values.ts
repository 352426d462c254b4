// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { ColumnHeader } from '@millrace/fragment/fragment'
import { stringAt } from '@millrace/fragment/strings'
import { LITERALS, type Column, type DictionaryColumn, type LiteralColumn, type NumberColumn, type StringType, type Strings, type TextColumn } from '@millrace/fragment/table'
import { foldStrings } from '../fold.ts'
import type { FragmentReader } from '../fragment-reader.ts'
import { narrowByCodes, narrowByPresence, rowsOfMask } from '../row-masks.ts'
import type { JudgedRows } from '../template-rows.ts'
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
  for (const header of names.flatMap((name) => fragment.headersOf(name))) {
    const byTemplates = await filterTemplates(fragment, header, predicate)
    if (byTemplates !== undefined) filters.push(byTemplates)
    else for (const column of await fragment.column(header)) filters.push(filterColumn(fragment, column, predicate))
  }
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
  if (type === 'string') {
    for (const word of predicate.words) if (!(await fragment.mightContain('word', name, word))) return 'none'
    if (predicate.exactText !== undefined && !(await fragment.mightContain('value', name, predicate.exactText))) return 'none'
  }
  const judged = predicate.templates === undefined ? undefined : await fragment.judgedTemplates(header, predicate.templates)
  if (judged === undefined || judged.checkRows > 0) return 'some'
  return judged.sureRows === 0 ? 'none' : judged.sureRows === fragment.header.rows ? 'all' : 'some'
}

/** Undefined when the column is not stored as templates, or these tell nothing. */
async function filterTemplates(fragment: FragmentReader, header: ColumnHeader, predicate: ValuePredicate): Promise<RowFilter | undefined> {
  if (predicate.templates === undefined || header.layout !== 'text') return undefined
  const judged = await fragment.judgedTemplates(header, predicate.templates)
  if (judged === undefined) return undefined
  const { codes, sure, check, checkRows } = judged
  if (checkRows === 0) {
    return (start, mask) => {
      narrowByCodes(codes, sure, start, mask)
    }
  }
  const narrowTexts = await filterCheckedTexts(fragment, header, judged, predicate)
  return narrowTexts === undefined ? undefined : (start, mask) => {
    const checked = mask.slice()
    narrowByCodes(codes, check, start, checked)
    narrowByCodes(codes, sure, start, mask)
    narrowTexts(start, checked)
    for (let i = 0; i < mask.length; i++) mask[i]! |= checked[i]!
  }
}

/** Looks at the texts of the rows that are left, made one by one unless most are asked for. */
async function filterCheckedTexts(fragment: FragmentReader, header: ColumnHeader, { type, checkRows }: JudgedRows, predicate: ValuePredicate): Promise<RowFilter | undefined> {
  if (checkRows * 2 > fragment.header.rows || fragment.hasColumn(header)) {
    const [column] = await fragment.column(header)
    return column?.layout === 'text' ? filterTexts(fragment, column, predicate) : undefined
  }
  const texts = await fragment.templateTexts(header)
  return texts && ((start, mask) => {
    const rows = rowsOfMask(start, mask)
    if (rows.length === 0) return
    const kept = new Uint8Array(rows.length).fill(1)
    narrowStrings(texts.textRows(rows), type, predicate, 0, kept, foldStrings)
    for (let i = 0; i < rows.length; i++) mask[rows[i]! - start] = kept[i]!
  })
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
  if (predicate.narrow?.(type, dictionary, 0, entries, (strings) => fragment.foldedOf(strings)) !== true) {
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
    narrowStrings(strings, type, predicate, start, mask, (same) => fragment.foldedOf(same))
  }
}

function narrowStrings(strings: Strings, type: StringType, { narrow, matchesText }: ValuePredicate, start: number, mask: Uint8Array, folded: (strings: Strings) => Strings): void {
  if (narrow?.(type, strings, start, mask, folded) === true) return
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1 && !matchesText(type, stringAt(strings, start + i))) mask[i] = 0
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


import type { ColumnHeader } from '@millrace/fragment/fragment'
import type { PlainValue } from '@millrace/fragment/plain-rows'
import { stringsFrom } from '@millrace/fragment/strings'
import { LITERALS, type Column, type StringType } from '@millrace/fragment/table'
import type { Values } from './draft.ts'

/** The values under one name as columns, one for each type that they have; none without a value. */
export function columnsFrom(name: string, values: Values, rows: number): readonly Column[] {
  const texts = new Map<StringType, Uint32Array>()
  const entries = new Map<StringType, Map<string, number>>()
  let numbers: { readonly values: Float64Array; readonly present: Uint8Array; count: number } | undefined
  let literals: Uint8Array | undefined
  for (let row = 0; row < rows; row++) {
    const value = values[row]
    if (value === undefined) continue
    if (typeof value === 'number') {
      numbers ??= { values: new Float64Array(rows), present: new Uint8Array(rows), count: 0 }
      numbers.values[row] = value
      numbers.present[row] = 1
      numbers.count++
    } else if (value === null || typeof value === 'boolean') {
      literals ??= new Uint8Array(rows)
      literals[row] = LITERALS[String(value) as keyof typeof LITERALS]
    } else {
      const { type, text } = textOf(value)
      let codes = texts.get(type)
      if (codes === undefined) {
        texts.set(type, (codes = new Uint32Array(rows)))
        entries.set(type, new Map())
      }
      const known = entries.get(type) ?? new Map<string, number>()
      let code = known.get(text)
      if (code === undefined) known.set(text, (code = known.size + 1))
      codes[row] = code
    }
  }
  const columns: Column[] = []
  for (const [type, codes] of texts) columns.push(stringColumn(name, type, codes, [...(entries.get(type)?.keys() ?? [])]))
  if (numbers !== undefined) columns.push({ layout: 'number', name, type: 'number', values: numbers.values, present: numbers.count === rows ? undefined : numbers.present })
  if (literals !== undefined) columns.push({ layout: 'literal', name, type: 'literal', codes: literals })
  return columns
}

/** What a footer would say of the column. */
export function columnHeaderOf(column: Column, rows: number): ColumnHeader {
  const { name, type, layout } = column
  const has = column.layout === 'dictionary' || column.layout === 'literal' ? column.codes : column.present
  let valueCount = rows
  if (has !== undefined) {
    valueCount = 0
    for (let row = 0; row < rows; row++) if (has[row] !== 0) valueCount++
  }
  let min: number | undefined
  let max: number | undefined
  if (column.layout === 'number') for (let row = 0; row < rows; row++) {
    const value = column.values[row] ?? NaN
    if ((column.present !== undefined && column.present[row] === 0) || !Number.isFinite(value)) continue
    min = Math.min(min ?? value, value)
    max = Math.max(max ?? value, value)
  }
  const dictionarySize = column.layout === 'dictionary' ? column.dictionary.offsets.length - 1 : undefined
  return { name, type, layout, valueCount, min, max, dictionarySize, encodedBytes: 0 }
}

function stringColumn(name: string, type: StringType, codes: Uint32Array, entries: readonly string[]): Column {
  if (entries.length <= MIN_DICTIONARY || entries.length <= codes.length / 2) {
    const narrow = entries.length < 256 ? new Uint8Array(codes) : entries.length < 65_536 ? new Uint16Array(codes) : codes
    return { layout: 'dictionary', name, type, codes: narrow, dictionary: stringsFrom(entries) }
  }
  const present = new Uint8Array(codes.length)
  let count = 0
  for (let row = 0; row < codes.length; row++) if (codes[row] !== 0) count += present[row] = 1
  const strings = stringsFrom(Array.from(codes, (code) => (code === 0 ? '' : (entries[code - 1] ?? ''))))
  return { layout: 'text', name, type, strings, present: count === codes.length ? undefined : present }
}

/** Few entries are always worth a dictionary. */
const MIN_DICTIONARY = 256

function textOf(value: Exclude<PlainValue, number | boolean | null>): { readonly type: StringType; readonly text: string } {
  if (typeof value === 'string') return { type: 'string', text: value }
  return 'json' in value ? { type: 'json', text: value.json } : { type: 'numeral', text: value.numeral }
}

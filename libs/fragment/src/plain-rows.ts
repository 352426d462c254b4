import { ROW_COLUMN } from './event-columns.ts'
import { stringAt, stringsFrom } from './strings.ts'
import { LITERALS, type Column, type StringType, type Table } from './table.ts'

/** A value as tests write it: text, number, literal, or the source text of an array or of a long number. */
export type PlainValue = string | number | boolean | null | { readonly json: string } | { readonly numeral: string }

/** One row as an object. For tests, oracles and tools only: the pipeline never makes one. */
export interface PlainRow {
  readonly timeOffset: number
  readonly values: ReadonlyMap<string, PlainValue>
}

/** Builds a table of the day 0 the slow way. `_row` is added unless a row has one. */
export function tableOf(rows: readonly PlainRow[], { asText = false, dayNs = 0n }: { readonly asText?: boolean; readonly dayNs?: bigint } = {}): Table {
  const numbered = rows.map(({ values }, index) => (values.has(ROW_COLUMN) ? values : new Map<string, PlainValue>([...values, [ROW_COLUMN, index]])))
  const kinds = new Map<string, { name: string; type: Column['type'] }>()
  for (const values of numbered) for (const [name, value] of values) kinds.set(`${typeOf(value)} ${name}`, { name, type: typeOf(value) })
  const columns = [...kinds.values()].map(({ name, type }) => columnOf(name, type, numbered.map((values) => pick(values.get(name), type)), asText))
  return { rows: rows.length, dayNs, timeOffsets: Float64Array.from(rows, ({ timeOffset }) => timeOffset), columns }
}

/** Turns a table into rows. `_row` is left out when it only counts. */
export function rowsOf(table: Table): PlainRow[] {
  const rows = Array.from({ length: table.rows }, () => new Map<string, PlainValue>())
  for (const column of table.columns) for (const [row, values] of rows.entries()) {
    const value = valueAt(column, row)
    if (value !== undefined) values.set(column.name, value)
  }
  if (rows.every((values, index) => values.get(ROW_COLUMN) === index)) for (const values of rows) values.delete(ROW_COLUMN)
  return rows.map((values, index) => ({ timeOffset: table.timeOffsets[index] ?? NaN, values }))
}

function typeOf(value: PlainValue): Column['type'] {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return 'number'
  if (value === null || typeof value === 'boolean') return 'literal'
  return 'json' in value ? 'json' : 'numeral'
}

function pick(value: PlainValue | undefined, type: Column['type']): PlainValue | undefined {
  return value !== undefined && typeOf(value) === type ? value : undefined
}

function columnOf(name: string, type: Column['type'], values: readonly (PlainValue | undefined)[], asText: boolean): Column {
  if (type === 'number') {
    const present = Uint8Array.from(values, (value) => (value === undefined ? 0 : 1))
    return { layout: 'number', name, type, values: Float64Array.from(values, (value) => (typeof value === 'number' ? value : 0)), present: present.includes(0) ? present : undefined }
  }
  if (type === 'literal') return { layout: 'literal', name, type, codes: Uint8Array.from(values, (value) => (value === undefined ? 0 : LITERALS[String(value) as keyof typeof LITERALS])) }
  const texts = values.map((value) => (value === undefined ? undefined : sourceText(value)))
  return asText ? textColumn(name, type, texts) : dictionaryColumn(name, type, texts)
}

function textColumn(name: string, type: StringType, texts: readonly (string | undefined)[]): Column {
  const present = Uint8Array.from(texts, (text) => (text === undefined ? 0 : 1))
  return { layout: 'text', name, type, strings: stringsFrom(texts.map((text) => text ?? '')), present: present.includes(0) ? present : undefined }
}

function dictionaryColumn(name: string, type: StringType, texts: readonly (string | undefined)[]): Column {
  const entries = [...new Set(texts.filter((text) => text !== undefined))]
  return { layout: 'dictionary', name, type, dictionary: stringsFrom(entries), codes: Uint16Array.from(texts, (text) => (text === undefined ? 0 : entries.indexOf(text) + 1)) }
}

/** The text itself, else the value as JSON writes it. */
export function sourceText(value: PlainValue): string {
  if (typeof value === 'object' && value !== null) return 'json' in value ? value.json : value.numeral
  return String(value)
}

/** The value of one row, or undefined. */
export function valueAt(column: Column, row: number): PlainValue | undefined {
  switch (column.layout) {
    case 'number':
      return column.present !== undefined && column.present[row] === 0 ? undefined : column.values[row]
    case 'literal':
      return [undefined, null, false, true][column.codes[row] ?? 0]
    case 'dictionary': {
      const code = column.codes[row] ?? 0
      return code === 0 ? undefined : plain(stringAt(column.dictionary, code - 1), column.type)
    }
    case 'text':
      return column.present !== undefined && column.present[row] === 0 ? undefined : plain(stringAt(column.strings, row), column.type)
  }
}

function plain(text: string, type: StringType): PlainValue {
  return type === 'string' ? text : type === 'json' ? { json: text } : { numeral: text }
}

/** A table as JSON, for fixtures that outlive the code: numbers that JSON lacks are written as `{ "double": "NaN" }`. */
export function tableAsJson(table: Table): unknown {
  const rows = rowsOf(table).map(({ timeOffset, values }) => [timeOffset, Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, jsonValue(value)]))])
  return { dayNs: String(table.dayNs), rows }
}

function jsonValue(value: PlainValue): unknown {
  const isPlain = typeof value !== 'number' || (Number.isFinite(value) && !Object.is(value, -0))
  return isPlain ? value : { double: Object.is(value, -0) ? '-0' : String(value) }
}

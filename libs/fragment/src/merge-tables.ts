// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import assert from 'node:assert/strict'
import { OFFSET_COLUMN, ROW_COLUMN, STREAM_COLUMN } from './event-columns.ts'
import { gatherColumn } from './gather-column.ts'
import { stringAt, stringsFrom } from './strings.ts'
import type { Column, Table } from './table.ts'

export interface MergeInput {
  readonly table: Table
  /** Where the table's batch stands in `batches`; adds the columns that make its events' ids. Absent when the table has them. */
  readonly origin?: { readonly stream: string; readonly offset: number }
  /** Rows to leave out, by their value in `_row`: what a duplicate request brought. */
  readonly dropRows?: readonly { readonly firstRow: number; readonly rows: number }[]
}

/**
 * Gathers tables of one day into one, column by column, sorted by (time, stream, offset, row): the total order of events.
 * The result may have more rows than a fragment holds ({@link splitTable}), or none.
 */
export function mergeTables(inputs: readonly MergeInput[]): Table {
  const tables = inputs.map((input) => (input.origin === undefined ? input.table : withOrigin(input.table, input.origin)))
  const dayNs = tables[0]?.dayNs ?? 0n
  assert(tables.every((table) => table.dayNs === dayNs), 'tables of one merge are of one day')
  const kept = tables.map((table, index) => keptRows(table, inputs[index]?.dropRows ?? []))
  const rows = kept.reduce((sum, indices) => sum + indices.length, 0)

  const order = new RowOrder(tables, kept)
  const names = new Map<string, Pick<Column, 'name' | 'type'>>()
  for (const table of tables) for (const { name, type } of table.columns) names.set(`${type} ${name}`, { name, type })
  const columns: Column[] = []
  for (const { name, type } of names.values()) {
    const column = gatherColumn(tables.map((table) => table.columns.find((candidate) => candidate.name === name && candidate.type === type)), order.tables, order.rows)
    if (column !== undefined) columns.push(column)
  }
  const timeOffsets = new Float64Array(rows)
  for (let i = 0; i < rows; i++) timeOffsets[i] = tables[order.tables[i]!]!.timeOffsets[order.rows[i]!]!
  return { rows, dayNs, timeOffsets, columns }
}

/** Cuts a table into pieces of at most `maxRows` rows, in row order. */
export function splitTable(table: Table, maxRows: number): readonly Table[] {
  if (table.rows <= maxRows) return table.rows === 0 ? [] : [table]
  const pieces: Table[] = []
  for (let start = 0; start < table.rows; start += maxRows) {
    const rows = Uint32Array.from({ length: Math.min(maxRows, table.rows - start) }, (_, index) => start + index)
    pieces.push(selectRows(table, rows))
  }
  return pieces
}

/** The chosen rows of a table, in the order given. */
export function selectRows(table: Table, rows: Uint32Array): Table {
  const sources = new Uint16Array(rows.length)
  const columns = table.columns.map((column) => gatherColumn([column], sources, rows)).filter((column) => column !== undefined)
  return { rows: rows.length, dayNs: table.dayNs, timeOffsets: Float64Array.from(rows, (row) => table.timeOffsets[row]!), columns }
}

function withOrigin(table: Table, origin: { readonly stream: string; readonly offset: number }): Table {
  const stream: Column = { layout: 'dictionary', name: STREAM_COLUMN, type: 'string', codes: new Uint8Array(table.rows).fill(1), dictionary: stringsFrom([origin.stream]) }
  const offset: Column = { layout: 'number', name: OFFSET_COLUMN, type: 'number', values: new Float64Array(table.rows).fill(origin.offset), present: undefined }
  return { ...table, columns: [...table.columns, stream, offset] }
}

function keptRows(table: Table, dropRows: readonly { readonly firstRow: number; readonly rows: number }[]): Uint32Array {
  const all = Uint32Array.from({ length: table.rows }, (_, row) => row)
  if (dropRows.length === 0) return all
  const received = numbersOf(table, ROW_COLUMN)
  return all.filter((row) => !dropRows.some(({ firstRow, rows }) => received[row]! >= firstRow && received[row]! < firstRow + rows))
}

/** Which row of which table comes when. */
class RowOrder {
  readonly tables: Uint16Array
  readonly rows: Uint32Array

  constructor(tables: readonly Table[], kept: readonly Uint32Array[]) {
    assert(tables.length < 65_536, 'a merge has at most 65,535 inputs')
    const count = kept.reduce((sum, indices) => sum + indices.length, 0)
    const sourceTables = new Uint16Array(count)
    const sourceRows = new Uint32Array(count)
    const times = new Float64Array(count)
    const offsets = new Float64Array(count)
    const received = new Float64Array(count)
    const streams: string[] = new Array<string>(count)
    let next = 0
    kept.forEach((indices, index) => {
      const table = tables[index]!
      const tableOffsets = numbersOf(table, OFFSET_COLUMN)
      const tableRows = numbersOf(table, ROW_COLUMN)
      const streamOf = streamTexts(table)
      for (const row of indices) {
        sourceTables[next] = index
        sourceRows[next] = row
        times[next] = table.timeOffsets[row]!
        offsets[next] = tableOffsets[row]!
        received[next] = tableRows[row]!
        streams[next] = streamOf(row)
        next++
      }
    })
    const order = Uint32Array.from({ length: count }, (_, index) => index)
    order.sort((a, b) => times[a]! - times[b]! || compareText(streams[a]!, streams[b]!) || offsets[a]! - offsets[b]! || received[a]! - received[b]!)
    this.tables = Uint16Array.from(order, (index) => sourceTables[index]!)
    this.rows = Uint32Array.from(order, (index) => sourceRows[index]!)
  }
}

/** Values of a number column; zeroes where the table has none. */
function numbersOf(table: Table, name: string): Float64Array {
  const column = table.columns.find((candidate) => candidate.name === name && candidate.layout === 'number')
  return column?.layout === 'number' ? column.values : new Float64Array(table.rows)
}

function streamTexts(table: Table): (row: number) => string {
  const column = table.columns.find((candidate) => candidate.name === STREAM_COLUMN)
  if (column?.layout === 'text') return (row) => stringAt(column.strings, row)
  if (column?.layout !== 'dictionary') return () => ''
  const texts = Array.from({ length: column.dictionary.offsets.length - 1 }, (_, entry) => stringAt(column.dictionary, entry))
  return (row) => texts[column.codes[row]! - 1] ?? ''
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

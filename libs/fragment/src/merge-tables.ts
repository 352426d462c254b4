// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import assert from 'node:assert/strict'
import { OFFSET_COLUMN, STREAM_COLUMN } from './event-columns.ts'
import { gatherColumn, type GatherSource } from './gather-column.ts'
import { rowOrder, type RowRange } from './row-order.ts'
import { stringsFrom } from './strings.ts'
import type { Column, Table } from './table.ts'

export interface MergeInput {
  readonly table: Table
  /** Where the table's batch stands in `batches`; adds the columns that make its events' ids. Absent when the table has them. */
  readonly origin?: { readonly stream: string; readonly offset: number }
  /** Rows to leave out, by their value in `_row`: what a duplicate request brought. */
  readonly dropRows?: readonly RowRange[]
}

/**
 * Gathers tables of one day into one, column by column, sorted by (time, stream, offset, row): the total order of events.
 * The result may have more rows than a fragment holds ({@link splitTable}), or none.
 */
export function mergeTables(inputs: readonly MergeInput[]): Table {
  const tables = inputs.map((input) => (input.origin === undefined ? input.table : withOrigin(input.table, input.origin)))
  const dayNs = tables[0]?.dayNs ?? 0n
  assert(tables.every((table) => table.dayNs === dayNs), 'tables of one merge are of one day')
  const order = rowOrder(tables, inputs.map(({ dropRows }) => dropRows ?? []))

  const sourcesByName = new Map<string, GatherSource[]>()
  const times = new Float64Array(tables.reduce((sum, table) => sum + table.rows, 0))
  let start = 0
  for (const table of tables) {
    times.set(table.timeOffsets.subarray(0, table.rows), start)
    for (const column of table.columns) {
      const key = `${column.type} ${column.name}`
      const sources = sourcesByName.get(key)
      if (sources === undefined) sourcesByName.set(key, [{ column, start, rows: table.rows }])
      else sources.push({ column, start, rows: table.rows })
    }
    start += table.rows
  }
  const columns = [...sourcesByName.values()].map((sources) => gatherColumn(sources, times.length, order)).filter((column) => column !== undefined)
  return { rows: order.length, dayNs, timeOffsets: gatherTimes(times, order), columns }
}

/** Cuts a table into pieces of at most `maxRows` rows, in row order. */
export function splitTable(table: Table, maxRows: number): readonly Table[] {
  if (table.rows <= maxRows) return table.rows === 0 ? [] : [table]
  const pieces: Table[] = []
  for (let start = 0; start < table.rows; start += maxRows) {
    const rows = new Uint32Array(Math.min(maxRows, table.rows - start))
    for (let i = 0; i < rows.length; i++) rows[i] = start + i
    pieces.push(selectRows(table, rows))
  }
  return pieces
}

/** The chosen rows of a table, in the order given. */
export function selectRows(table: Table, rows: Uint32Array): Table {
  const columns = table.columns.map((column) => gatherColumn([{ column, start: 0, rows: table.rows }], table.rows, rows)).filter((column) => column !== undefined)
  return { rows: rows.length, dayNs: table.dayNs, timeOffsets: gatherTimes(table.timeOffsets, rows), columns }
}

function gatherTimes(times: Float64Array, order: Uint32Array): Float64Array {
  const gathered = new Float64Array(order.length)
  for (let i = 0; i < order.length; i++) gathered[i] = times[order[i]!]!
  return gathered
}

function withOrigin(table: Table, origin: { readonly stream: string; readonly offset: number }): Table {
  const stream: Column = { layout: 'dictionary', name: STREAM_COLUMN, type: 'string', codes: new Uint8Array(table.rows).fill(1), dictionary: stringsFrom([origin.stream]) }
  const offset: Column = { layout: 'number', name: OFFSET_COLUMN, type: 'number', values: new Float64Array(table.rows).fill(origin.offset), present: undefined }
  return { ...table, columns: [...table.columns, stream, offset] }
}

import assert from 'node:assert/strict'
import type { EventKind } from '@millrace/event/event'
import type { BatchFragment, BatchRequest } from '@millrace/fragment/batch-record'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { ROW_COLUMN } from '@millrace/fragment/event-columns'
import { groupForMerge } from '@millrace/fragment/merge-groups'
import { mergeTables, splitTable } from '@millrace/fragment/merge-tables'
import { MAX_TABLE_ROWS, type Column, type Table } from '@millrace/fragment/table'
import type { IntakeRequest } from './intake-request.ts'

/**
 * Encodes requests of one tenant as one record of `batches`. Rows are renumbered so that each request has its own range; small tables of one
 * kind and day become one fragment. `traces` are carried as they are.
 */
export function buildRecord(requests: readonly IntakeRequest[], traces?: readonly Uint8Array[]): Uint8Array {
  const [first] = requests
  assert(first !== undefined && requests.every(({ tenantId }) => tenantId === first.tenantId), 'a record holds requests of one tenant')
  const listed: BatchRequest[] = []
  const groups = new Map<string, { readonly kind: EventKind; readonly tables: Table[] }>()
  let firstRow = 0
  let receivedMs = Infinity
  for (const { units, rows: requestRows, tables, receivedMs: requestMs } of requests) {
    const requestRow = firstRow
    for (const unit of units) listed.push({ id: unit.id, part: unit.part, firstRow: requestRow + unit.firstRow, rows: unit.rows, window: unit.window })
    firstRow += requestRows
    for (const { kind, table } of tables) {
      const key = `${kind} ${table.dayNs}`
      const group = groups.get(key) ?? { kind, tables: [] }
      groups.set(key, group)
      group.tables.push(renumbered(table, requestRow))
    }
    receivedMs = Math.min(receivedMs, requestMs)
  }
  const fragments = [...groups.values()].flatMap(({ kind, tables }) => joinSmall(tables).map((table) => fragmentOf(kind, table)))
  return encodeBatchRecord({ tenantId: first.tenantId, receivedMs, sourceOffset: undefined, requests: listed, fragments, ...(traces === undefined ? {} : { traces }) })
}

/** From here on encoding a fragment of its own costs less than gathering and sorting its rows. */
const MERGE_BELOW_ROWS = 1024

/** Merges the small tables of one kind and day; cuts what a fragment cannot hold. */
function joinSmall(tables: readonly Table[]): readonly Table[] {
  const small = tables.filter((table) => table.rows < MERGE_BELOW_ROWS)
  const large = tables.filter((table) => table.rows >= MERGE_BELOW_ROWS)
  const joined = groupForMerge(small.map((table) => ({ table })), MAX_TABLE_ROWS).map((group) => (group.length > 1 ? mergeTables(group) : group[0]?.table)).filter((table) => table !== undefined)
  return [...joined, ...large].flatMap((table) => splitTable(table, MAX_TABLE_ROWS))
}

function fragmentOf(kind: EventKind, table: Table): BatchFragment {
  return { kind, dayNs: table.dayNs, rows: table.rows, bytes: encodeFragment(table) }
}

/** The table with `added` on top of every row number; all other columns are shared. */
export function renumbered(table: Table, added: number): Table {
  if (added === 0) return table
  const columns = table.columns.map((column): Column => (column.name === ROW_COLUMN && column.layout === 'number' ? { ...column, values: column.values.map((row) => row + added) } : column))
  return { ...table, columns }
}

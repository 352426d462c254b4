// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { OFFSET_COLUMN, ROW_COLUMN, STREAM_COLUMN } from './event-columns.ts'
import { stringAt } from './strings.ts'
import type { Column, Table } from './table.ts'

/**
 * Positions of rows in the total order of events: (time, stream, offset, row). A position counts the rows of all
 * tables laid end to end.
 *
 * A merge sort over the runs that are in order already: inputs mostly are, so that k of them cost log2(k) linear passes.
 *
 * @param dropRows per table: rows to leave out, by their value in `_row`.
 */
export function rowOrder(tables: readonly Table[], dropRows: readonly (readonly RowRange[])[]): Uint32Array {
  const keys = orderKeys(tables)
  let source: Uint32Array = keptPositions(tables, keys.rows, dropRows)
  let target: Uint32Array = new Uint32Array(source.length)
  let runs = findRuns(source, keys)
  while (runs.length > 2) {
    const merged = [0]
    for (let run = 0; run + 1 < runs.length; run += 2) {
      const end = runs[run + 2] ?? runs[run + 1]!
      mergeRuns(source, target, runs[run]!, runs[run + 1]!, end, keys)
      merged.push(end)
    }
    ;[source, target] = [target, source]
    runs = merged
  }
  return source
}

export interface RowRange {
  readonly firstRow: number
  readonly rows: number
}

interface OrderKeys {
  readonly times: Float64Array
  /** Rank of the stream's text. */
  readonly streams: Uint32Array
  readonly offsets: Float64Array
  readonly rows: Float64Array
}

function orderKeys(tables: readonly Table[]): OrderKeys {
  const count = tables.reduce((sum, table) => sum + table.rows, 0)
  const keys = { times: new Float64Array(count), streams: new Uint32Array(count), offsets: new Float64Array(count), rows: new Float64Array(count) }
  const streams = tables.map((table) => table.columns.find(({ name, type }) => name === STREAM_COLUMN && type === 'string'))
  const texts = [...new Set(['', ...streams.flatMap(streamTexts)])].sort()
  const rankOf = new Map(texts.map((text, rank) => [text, rank]))
  let start = 0
  tables.forEach((table, index) => {
    keys.times.set(table.timeOffsets.subarray(0, table.rows), start)
    copyNumbers(table, OFFSET_COLUMN, keys.offsets, start)
    copyNumbers(table, ROW_COLUMN, keys.rows, start)
    const column = streams[index]
    if (column?.layout === 'dictionary') {
      const ranks = streamTexts(column).map((text) => rankOf.get(text) ?? 0)
      const absent = rankOf.get('') ?? 0
      for (let row = 0; row < table.rows; row++) keys.streams[start + row] = ranks[column.codes[row]! - 1] ?? absent
    } else if (column?.layout === 'text') for (let row = 0; row < table.rows; row++) keys.streams[start + row] = rankOf.get(stringAt(column.strings, row)) ?? 0
    start += table.rows
  })
  return keys
}

/** The distinct texts of a dictionary, by code - 1; else the text of each row. */
function streamTexts(column: Column | undefined): string[] {
  if (column?.layout !== 'dictionary' && column?.layout !== 'text') return []
  const strings = column.layout === 'text' ? column.strings : column.dictionary
  return Array.from({ length: strings.offsets.length - 1 }, (_, entry) => stringAt(strings, entry))
}

/** Leaves zeroes where the table has no such column. */
function copyNumbers(table: Table, name: string, target: Float64Array, start: number): void {
  const column = table.columns.find((candidate) => candidate.name === name && candidate.layout === 'number')
  if (column?.layout === 'number') target.set(column.values.subarray(0, table.rows), start)
}

function keptPositions(tables: readonly Table[], rows: Float64Array, dropRows: readonly (readonly RowRange[])[]): Uint32Array {
  const positions = new Uint32Array(rows.length)
  let kept = 0
  let start = 0
  tables.forEach((table, index) => {
    const bounds = joinedBounds(dropRows[index] ?? [])
    const end = start + table.rows
    for (let position = start; position < end; position++) if (bounds.length === 0 || countUpTo(bounds, rows[position]!) % 2 === 0) positions[kept++] = position
    start = end
  })
  return positions.subarray(0, kept)
}

/** Starts and ends of the joined ranges, ascending: a row lies in one when the number of bounds up to it is odd. A request may name thousands. */
function joinedBounds(ranges: readonly RowRange[]): readonly number[] {
  const bounds: number[] = []
  for (const { firstRow, rows } of ranges.filter((range) => range.rows > 0).sort((a, b) => a.firstRow - b.firstRow)) {
    const end = firstRow + rows
    const last = bounds.at(-1)
    if (last === undefined || firstRow > last) bounds.push(firstRow, end)
    else bounds[bounds.length - 1] = Math.max(last, end)
  }
  return bounds
}

function countUpTo(bounds: readonly number[], row: number): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bounds[middle]! <= row) low = middle + 1
    else high = middle
  }
  return low
}

/** Starts of the runs that are in order, and the end: [0, ..., length]. */
function findRuns(positions: Uint32Array, keys: OrderKeys): number[] {
  const runs = [0]
  for (let i = 1; i < positions.length; i++) if (isAfter(positions[i - 1]!, positions[i]!, keys)) runs.push(i)
  runs.push(positions.length)
  return runs
}

/** Merges `[start, middle)` and `[middle, end)` of `source` into `target`; of equal rows the left comes first. */
function mergeRuns(source: Uint32Array, target: Uint32Array, start: number, middle: number, end: number, keys: OrderKeys): void {
  let left = start
  let right = middle
  for (let i = start; i < end; i++) {
    if (right >= end || (left < middle && !isAfter(source[left]!, source[right]!, keys))) target[i] = source[left++]!
    else target[i] = source[right++]!
  }
}

function isAfter(a: number, b: number, { times, streams, offsets, rows }: OrderKeys): boolean {
  const time = times[a]! - times[b]!
  if (time !== 0) return time > 0
  const stream = streams[a]! - streams[b]!
  if (stream !== 0) return stream > 0
  const offset = offsets[a]! - offsets[b]!
  return offset !== 0 ? offset > 0 : rows[a]! > rows[b]!
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import assert from 'node:assert/strict'
import { NS_PER_DAY } from '@millrace/event/event'
import { grown, NumberColumnBuilder, StringColumnBuilder, type ColumnBuilder } from './column-builder.ts'
import { ROW_COLUMN } from './event-columns.ts'
import { MAX_TABLE_ROWS, type Column, type StringType, type Table } from './table.ts'

/**
 * Builds tables row by row without an object per event: a decoder puts values into columns, then ends or discards the row.
 *
 * Tables close by themselves at {@link MAX_TABLE_ROWS} rows, and earlier where most cells would be empty, so that many events with names of their
 * own cannot multiply. Columns and their buffers live as long as the builder and are used again for every table; the tables own their arrays.
 */
export class TableBuilder {
  /** Rows of the open table; the row that is being filled has this index. For column builders only. */
  rows = 0
  /** Changes with every table, so that a column can tell that it is new to this one. For column builders only. */
  table = 1
  /** Values put so far, in this table. For column builders only. */
  values = 0
  #take = 1
  #days = new Int32Array(FIRST_ROWS)
  /** 0, 1, 2, … */
  #allRows = countedTo(FIRST_ROWS)
  #timeOffsets = new Float64Array(FIRST_ROWS)
  #receivedRows = new Float64Array(FIRST_ROWS)
  #heldBytes = 0
  /** Columns of the open table. */
  readonly #columns: ColumnBuilder[] = []
  /** Columns since the last take, of several tables perhaps. */
  readonly #counted: ColumnBuilder[] = []
  /** Columns that the open row has put a value in, in order; repeated where a value was replaced. */
  readonly #touched: ColumnBuilder[] = []
  /** Used of `#touched`: an array that is cut to nothing and refilled for every row would be allocated for every row. */
  #touches = 0
  #columnsBeforeRow = 0
  #countedBeforeRow = 0
  #closed: Table[] = []

  /** Distinct columns since the last {@link take}, the open row included. What a decoder limits. */
  get columnCount(): number {
    return this.#counted.length
  }

  /** Bytes of the buffers that are kept for the next table. A decoder drops the builder, and all columns with it, above a limit of its own. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** A column of strings; `type` as in {@link StringType}. The caller keeps it and asks once per name and type. */
  stringColumn(name: string, type: StringType): StringColumnBuilder {
    return new StringColumnBuilder(this, name, type)
  }

  numberColumn(name: string): NumberColumnBuilder {
    return new NumberColumnBuilder(this, name, 'number')
  }

  /** Its values are the codes in `LITERALS`. */
  literalColumn(name: string): NumberColumnBuilder {
    return new NumberColumnBuilder(this, name, 'literal')
  }

  /**
   * Ends the row. Plain numbers, as an object per event would cost more than the row.
   *
   * @param day whole days since 1970. @param timeOffset ns since that day began. @param receivedRow goes to `_row`.
   */
  endRow(day: number, timeOffset: number, receivedRow: number): void {
    const row = this.rows
    if (row === this.#days.length) this.#grow()
    this.#days[row] = day
    this.#timeOffsets[row] = timeOffset
    this.#receivedRows[row] = receivedRow
    this.#touches = 0
    this.rows = row + 1
    this.#columnsBeforeRow = this.#columns.length
    this.#countedBeforeRow = this.#counted.length
    const cells = this.rows * this.#columns.length
    if (this.rows === MAX_TABLE_ROWS || (cells > MAX_SPARSE_CELLS && cells > MAX_CELLS_PER_VALUE * this.values)) this.#close()
  }

  /** Takes back all that was put since the last row ended. */
  discardRow(): void {
    for (let i = 0; i < this.#touches; i++) this.#touched[i]!.erase()
    this.#touches = 0
    for (let i = this.#columnsBeforeRow; i < this.#columns.length; i++) this.#columns[i]!.leave()
    this.#columns.length = this.#columnsBeforeRow
    for (let i = this.#countedBeforeRow; i < this.#counted.length; i++) this.#counted[i]!.countedIn = 0
    this.#counted.length = this.#countedBeforeRow
  }

  /** Hands over what was built since the last take: at least one table for each UTC day, none without rows. No row may be open. */
  take(): readonly Table[] {
    assert(this.#touches === 0, 'the row is ended or discarded')
    this.#close()
    const tables = this.#closed
    this.#closed = []
    this.#counted.length = 0
    this.#countedBeforeRow = 0
    this.#take++
    return tables
  }

  /** For column builders only: the column has its first value in this table. */
  join(column: ColumnBuilder): void {
    this.#columns.push(column)
    if (column.countedIn === this.#take) return
    column.countedIn = this.#take
    this.#counted.push(column)
  }

  /** For column builders only: the open row has a value in the column. */
  touch(column: ColumnBuilder): void {
    this.#touched[this.#touches++] = column
    this.values++
  }

  /** For column builders only: a buffer was replaced by a larger one. */
  hold(addedBytes: number): void {
    this.#heldBytes += addedBytes
  }

  #close(): void {
    if (this.rows > 0) for (const [day, rows] of this.#rowsByDay()) this.#closed.push(this.#build(day, rows))
    for (const column of this.#columns) column.leave()
    this.#columns.length = 0
    this.#columnsBeforeRow = 0
    this.rows = 0
    this.values = 0
    this.table++
  }

  #build(day: number, rows: Uint32Array): Table {
    const columns: Column[] = [{ layout: 'number', name: ROW_COLUMN, type: 'number', values: picked(this.#receivedRows, rows), present: undefined }]
    for (const builder of this.#columns) {
      const column = builder.build(rows)
      if (column !== undefined) columns.push(column)
    }
    return { rows: rows.length, dayNs: BigInt(day) * NS_PER_DAY, timeOffsets: picked(this.#timeOffsets, rows), columns }
  }

  /** In order of their first rows. Nearly always one day. */
  #rowsByDay(): readonly (readonly [day: number, rows: Uint32Array])[] {
    const first = this.#days[0]!
    const all = this.#allRows.subarray(0, this.rows)
    const isOther = (day: number): boolean => day !== first
    if (!this.#days.subarray(0, this.rows).some(isOther)) return [[first, all]]
    const counts = new Map<number, number>()
    for (const row of all) counts.set(this.#days[row]!, (counts.get(this.#days[row]!) ?? 0) + 1)
    const lists = new Map([...counts].map(([day, count]) => [day, { rows: new Uint32Array(count), end: 0 }]))
    for (const row of all) {
      const list = lists.get(this.#days[row]!)!
      list.rows[list.end++] = row
    }
    return [...lists].map(([day, { rows }]) => [day, rows])
  }

  #grow(): void {
    const length = this.#days.length * 2
    this.#days = grown(this.#days, new Int32Array(length))
    this.#allRows = countedTo(length)
    this.#timeOffsets = grown(this.#timeOffsets, new Float64Array(length))
    this.#receivedRows = grown(this.#receivedRows, new Float64Array(length))
  }
}

const FIRST_ROWS = 256
/** A table of so many cells is small, at most 4 MiB, however empty it is; many tiny tables would cost more. */
const MAX_SPARSE_CELLS = 512 * 1024
/** Above it a table is so empty that two tables take less: bounds memory to a multiple of the values that were received. */
const MAX_CELLS_PER_VALUE = 16

function countedTo(length: number): Uint32Array {
  const rows = new Uint32Array(length)
  for (let row = 0; row < length; row++) rows[row] = row
  return rows
}

function picked(values: Float64Array, rows: Uint32Array): Float64Array {
  if (rows.length > 0 && rows[rows.length - 1] === rows.length - 1) return values.slice(0, rows.length)
  return Float64Array.from(rows, (row) => values[row]!)
}

import type { Column, Table, TextColumn } from './table.ts'

/** Reads bytes `[start, end)` of one encoded fragment. */
export type ReadRange = (start: number, end: number) => Promise<Uint8Array>

/** What the footer tells about a fragment without reading any column. */
export interface FragmentHeader {
  readonly formatVersion: number
  readonly rows: number
  readonly dayNs: bigint
  /** First and last time offset, ns since `dayNs`, inclusive. */
  readonly minTimeOffset: number
  readonly maxTimeOffset: number
  readonly columns: readonly ColumnHeader[]
}

export interface ColumnHeader {
  readonly name: string
  readonly type: Column['type']
  readonly layout: Column['layout']
  /** Rows that have a value. */
  readonly valueCount: number
  /** Numbers: smallest and largest finite value. Undefined for other types, or when there is none. */
  readonly min: number | undefined
  readonly max: number | undefined
  /** Dictionary entries; undefined for other layouts. */
  readonly dictionarySize: number | undefined
  /** Encoded bytes of all its streams. */
  readonly encodedBytes: number
}

/** An open fragment. Decoded columns are not cached here; the query engine does that. */
export interface Fragment {
  readonly header: FragmentHeader
  /** Decodes chosen columns only. An absent (name, type) is left out of the answer. @throws FragmentCorruptError */
  readColumns(wanted: (column: ColumnHeader) => boolean): Promise<readonly Column[]>
  /** Decodes the columns of every type under one name. @throws FragmentCorruptError */
  readNamed(name: string): Promise<readonly Column[]>
  /**
   * The texts of some rows of a column in the layout `text`, without making those of the others: row i of the answer is row `rows[i]`.
   * Undefined when there is no such column or its layout is another.
   *
   * @throws FragmentCorruptError
   */
  readTextRows(name: string, type: Column['type'], rows: Uint32Array): Promise<TextColumn | undefined>
  /** Per row, ns since `dayNs`. @throws FragmentCorruptError */
  readTimeOffsets(): Promise<Float64Array>
  /** Dictionary entries with the rows each has, without reading the codes. Undefined when the layout is another. */
  readDictionary(name: string, type: Column['type']): Promise<{ readonly entries: readonly string[]; readonly counts: Uint32Array } | undefined>
  /** False only when no row's `column` text contains `word` (lower case, see words.ts) as a word. */
  mightContainWord(name: string, word: string): Promise<boolean>
  /** False only when no row's `column` equals `value`. */
  mightContainValue(name: string, value: string): Promise<boolean>
  /** Everything. @throws FragmentCorruptError */
  readTable(): Promise<Table>
}

/** The bytes are not what was written: a checksum, a length or an enumeration is wrong. Never answered with partial data. */
export class FragmentCorruptError extends Error {
  override readonly name = 'FragmentCorruptError'
  readonly code = 'FRAGMENT_CORRUPT'
  readonly retryable = false
}

import type { Column, Strings, Table, TextColumn } from './table.ts'

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
  /** Decodes the columns of every type, or of one, under one name. @throws FragmentCorruptError */
  readNamed(name: string, type?: Column['type']): Promise<readonly Column[]>
  /**
   * The templates of a column that is stored as such, and which each row has; what stands in their slots is not read. Undefined when there is
   * no such column or it is stored otherwise, in which case nothing is read.
   *
   * @throws FragmentCorruptError
   */
  readTemplates(name: string, type: Column['type']): Promise<Templates | undefined>
  /**
   * Unpacks all that such a column's texts are made of. Undefined as above.
   *
   * @param readColumn decodes a column that slots take values from, once for each; a caller that keeps decoded columns gives these.
   * @throws FragmentCorruptError
   */
  readTemplateTexts(name: string, type: Column['type'], readColumn: (column: ColumnHeader) => Promise<Column | undefined>): Promise<TemplateTexts | undefined>
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

/** How the texts of a column are made, without what varies in them. */
export interface Templates {
  readonly templates: readonly Template[]
  /** Per row: 0 = no value, k = template k-1. */
  readonly codes: Uint16Array
}

export interface Template {
  /** What stands before, between and after the slots: one more than slots. */
  readonly parts: readonly Uint8Array[]
  /** Per slot: of which {@link SLOT_BYTES} its values are, as the sum of these. FORMAT.md tells what else is certain of them. */
  readonly slots: readonly number[]
}

/** Kinds of bytes in the values of slots, as bits. A value is not empty, unless it may have any bytes. */
export const SLOT_BYTES = {
  digit: 1, point: 2, dash: 4,
  /** `a` to `f`. */
  lowerHex: 8,
  /** `A` to `F`. */
  upperHex: 16,
  /** All other ASCII letters, and bytes beyond ASCII. */
  letter: 32,
  /** Any other byte. */
  other: 64,
} as const

/** The texts of a column of templates, each made when asked for. */
export interface TemplateTexts {
  /** Entry i is the text of row `rows[i]`, empty where that has no value. @throws FragmentCorruptError */
  textRows(rows: Uint32Array): Strings
  /** About what it keeps in memory, apart from other columns. */
  readonly bytes: number
}

/** The bytes are not what was written: a checksum, a length or an enumeration is wrong. Never answered with partial data. */
export class FragmentCorruptError extends Error {
  override readonly name = 'FragmentCorruptError'
  readonly code = 'FRAGMENT_CORRUPT'
  readonly retryable = false
}

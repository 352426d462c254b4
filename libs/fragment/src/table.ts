/**
 * A table is a set of events of one tenant, one kind and one UTC day in memory, column by column.
 * Intake fills one, the codec writes and reads it, merges gather from several, queries scan it.
 * No stage turns a row into an object until it is rendered for a client.
 *
 * Tables are immutable once built: whoever holds one may share its arrays, nobody may write to them.
 */
export interface Table {
  readonly rows: number
  /** Start of the UTC day that every row belongs to, ns since 1970. */
  readonly dayNs: bigint
  /** Per row: ns since `dayNs`, 0 <= offset < 86_400e9 (exact in a double). */
  readonly timeOffsets: Float64Array
  /** At most one value per row over all columns of the same name. Order carries no meaning. */
  readonly columns: readonly Column[]
}

/**
 * One column: the values of one type under one name. A name whose values have several types has a column
 * for each, so a type conflict is never an error.
 *
 * Names: `service` is a reserved attribute; `@http.status_code` an attribute, its path's keys joined by `.`,
 * with `\` before a `.` or `\` that belongs to a key; `_offset` belongs to the system (see event-columns.ts).
 */
export type Column = DictionaryColumn | TextColumn | NumberColumn | LiteralColumn

/** string: UTF-8. json: source text of an array or an empty object. numeral: source text of a number that a double would change. */
export type StringType = 'string' | 'json' | 'numeral'

/** Strings of which many rows share one. */
export interface DictionaryColumn {
  readonly layout: 'dictionary'
  readonly name: string
  readonly type: StringType
  /** Per row: 0 = no value, k = the dictionary's entry k-1. */
  readonly codes: Uint8Array | Uint16Array | Uint32Array
  /** Distinct entries; every entry is used by at least one row. */
  readonly dictionary: Strings
}

/** Strings that are mostly distinct: messages, ids, paths. */
export interface TextColumn {
  readonly layout: 'text'
  readonly name: string
  readonly type: StringType
  /** One entry per row; empty where the row has no value. */
  readonly strings: Strings
  /** Per row 1 = has a value; undefined when every row has one. */
  readonly present: Uint8Array | undefined
}

/** JSON numbers that a double holds exactly as their shortest text. */
export interface NumberColumn {
  readonly layout: 'number'
  readonly name: string
  readonly type: 'number'
  /** Per row; 0 where the row has no value. May hold NaN and infinities (metric points). */
  readonly values: Float64Array
  readonly present: Uint8Array | undefined
}

/** `null`, `false` and `true`. */
export interface LiteralColumn {
  readonly layout: 'literal'
  readonly name: string
  readonly type: 'literal'
  /** Per row: 0 = no value, else one of {@link LITERALS}. */
  readonly codes: Uint8Array
}

export const LITERALS = { null: 1, false: 2, true: 3 } as const

/** Entry i is `bytes[offsets[i], offsets[i + 1])`, UTF-8. `offsets` has one more element than entries. */
export interface Strings {
  readonly offsets: Uint32Array
  readonly bytes: Uint8Array
}

/**
 * Rows of one table or fragment. Sized so that a merge stays under about 0.2 s of one core and a scanned
 * column's decoded arrays fit in the L2/L3 cache; larger gained under 1 % of bytes.
 */
export const MAX_TABLE_ROWS = 65_536

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Column, DictionaryColumn, NumberColumn } from './table.ts'
import { TextBuffer } from './text-buffer.ts'
import type { Tokens } from './tokens.ts'

/** A column that slots may take their values from: one that stands for itself, so that no reference leads to another. */
export type ReferableColumn = DictionaryColumn | NumberColumn

/** Says that most values of a slot are those of another column in the same row. */
export interface SlotReference {
  /** Index of the column in the table. */
  readonly index: number
  /** Dictionary: leading bytes of the column's value to leave out (of `node-012` the slot has `012`). Numbers: digits after the point. */
  readonly parameter: number
}

export function isReferable(column: Column | undefined): column is ReferableColumn {
  return column?.layout === 'dictionary' || column?.layout === 'number'
}

/** Writes what a reference makes of a row; false, and nothing written, when it makes nothing. */
export function writeReferred(buffer: TextBuffer, column: ReferableColumn, parameter: number, row: number): boolean {
  if (column.layout === 'dictionary') {
    const code = column.codes[row]!
    if (code === 0) return false
    const { offsets, bytes } = column.dictionary
    const start = offsets[code - 1]! + parameter
    const end = offsets[code]!
    if (start >= end) return false
    buffer.copyRange(bytes, start, end)
    return true
  }
  if (column.present !== undefined && column.present[row] === 0) return false
  const scaled = Math.round(column.values[row]! * (POWERS_OF_TEN[parameter] ?? NaN))
  if (!(scaled >= 0 && scaled <= Number.MAX_SAFE_INTEGER)) return false
  buffer.decimal(scaled, 1, parameter)
  return true
}

/**
 * Finds the column that most values of a slot are equal to.
 *
 * @param rows of the slot's template; its span in `rows[i]` is `spans[i]`.
 */
export function findReference(bytes: Uint8Array, tokens: Tokens, rows: Uint32Array, spans: Uint32Array, columns: readonly Column[]): SlotReference | undefined {
  if (rows.length < MIN_REFERENCE_ROWS || isConstant(bytes, tokens, spans)) return undefined
  const step = Math.max(1, Math.floor(rows.length / SAMPLED_ROWS))
  for (const [index, column] of columns.entries()) {
    if (!isReferable(column)) continue
    const parameter = guessParameter(bytes, tokens, rows[0]!, spans[0]!, column) ?? guessParameter(bytes, tokens, rows[step]!, spans[step]!, column)
    if (parameter === undefined) continue
    const sampled = Math.min(SAMPLED_ROWS, Math.ceil(rows.length / step))
    let missesLeft = Math.floor(sampled * MAX_MISS_SHARE)
    for (let i = 0; i < sampled && missesLeft >= 0; i++) if (!isReferred(bytes, tokens, spans[i * step]!, column, parameter, rows[i * step]!)) missesLeft--
    if (missesLeft >= 0) return { index, parameter }
  }
  return undefined
}

/** True when the reference makes exactly the span. */
export function isReferred(bytes: Uint8Array, { starts, ends }: Tokens, span: number, column: ReferableColumn, parameter: number, row: number): boolean {
  SCRATCH.clear()
  return writeReferred(SCRATCH, column, parameter, row) && SCRATCH.equals(bytes, starts[span]!, ends[span]!)
}

/** What would make the reference right for this row, whether or not it does. */
function guessParameter(bytes: Uint8Array, { starts, ends }: Tokens, row: number, span: number, column: ReferableColumn): number | undefined {
  const start = starts[span]!
  const end = ends[span]!
  if (column.layout === 'dictionary') {
    const code = column.codes[row]!
    if (code === 0) return undefined
    const { offsets } = column.dictionary
    const skipped = offsets[code]! - offsets[code - 1]! - (end - start)
    return skipped >= 0 && skipped <= MAX_PARAMETER ? skipped : undefined
  }
  const point = bytes.subarray(start, end).indexOf(POINT)
  const scale = point < 0 ? 0 : end - start - point - 1
  return scale <= MAX_REFERRED_SCALE ? scale : undefined
}

/** One value costs nothing as it is. */
function isConstant(bytes: Uint8Array, { starts, ends }: Tokens, spans: Uint32Array): boolean {
  const [first = 0] = spans
  const length = ends[first]! - starts[first]!
  return spans.every((span) => {
    if (ends[span]! - starts[span]! !== length) return false
    for (let i = 0; i < length; i++) if (bytes[starts[span]! + i] !== bytes[starts[first]! + i]) return false
    return true
  })
}

/** A rare template gains less than looking at it costs. */
const MIN_REFERENCE_ROWS = 32
const SAMPLED_ROWS = 64
/** Beyond it the list of exceptions costs what the reference saves. */
const MAX_MISS_SHARE = 0.2
/** The parameter is stored in one byte. */
const MAX_PARAMETER = 255
/** More decimals than measurements have. */
const MAX_REFERRED_SCALE = 9
const POWERS_OF_TEN = Array.from({ length: MAX_REFERRED_SCALE + 1 }, (_, digits) => Number(`1e${digits}`))
const POINT = 46
const SCRATCH = new TextBuffer(256)

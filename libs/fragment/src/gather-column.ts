// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { StringTable } from './string-table.ts'
import type { Column, DictionaryColumn, LiteralColumn, NumberColumn, StringType, Strings, TextColumn } from './table.ts'

/** One table's column, and where its rows stand when all tables are laid end to end. */
export interface GatherSource<C extends Column = Column> {
  readonly column: C
  readonly start: number
  readonly rows: number
}

/**
 * Gathers one (name, type) from several tables: row i of the result is the row at position `order[i]`.
 * Answers undefined when no gathered row has a value.
 *
 * Lays the sources end to end first, which is linear and native, so that the random access is one flat loop.
 *
 * @param sources the tables that have the column, by `start`. All of one type; layouts may differ.
 * @param positions rows of all tables, with and without the column.
 */
export function gatherColumn(sources: readonly GatherSource[], positions: number, order: Uint32Array): Column | undefined {
  const [first] = sources
  if (first === undefined) return undefined
  const { name, layout } = first.column
  switch (layout) {
    case 'number':
      return gatherNumbers(name, sources as readonly GatherSource<NumberColumn>[], positions, order)
    case 'literal':
      return gatherLiterals(name, sources as readonly GatherSource<LiteralColumn>[], positions, order)
    case 'dictionary':
    case 'text': {
      const strings = sources as readonly GatherSource<DictionaryColumn | TextColumn>[]
      const { type } = first.column
      if (strings.some(({ column }) => column.layout === 'text')) return gatherText(name, type, strings, positions, order)
      const codes = gatherCodes(name, type, sources as readonly GatherSource<DictionaryColumn>[], positions, order)
      return codes === 'many' ? gatherText(name, type, strings, positions, order) : codes
    }
  }
}

/** Above this share of distinct values a dictionary costs more than it saves. */
const MAX_DICTIONARY_SHARE = 0.5
/** Few entries are always worth a dictionary. */
const MIN_DICTIONARY = 256
/** After this many rows of mostly distinct values the rest is not looked at: ids and messages of small tables, which come as dictionaries. */
const SURE_ROWS = 1024
const SURE_SHARE = 0.8

function gatherNumbers(name: string, sources: readonly GatherSource<NumberColumn>[], positions: number, order: Uint32Array): Column | undefined {
  const flat = new Float64Array(positions)
  for (const { column, start, rows } of sources) flat.set(column.values.subarray(0, rows), start)
  const values = new Float64Array(order.length)
  for (let i = 0; i < order.length; i++) values[i] = flat[order[i]!]!
  const gathered = gatherPresence(sources, positions, order, ({ present }) => present)
  return gathered === 'none' ? undefined : { layout: 'number', name, type: 'number', values, present: gathered }
}

function gatherLiterals(name: string, sources: readonly GatherSource<LiteralColumn>[], positions: number, order: Uint32Array): Column | undefined {
  const flat = new Uint8Array(positions)
  for (const { column, start, rows } of sources) flat.set(column.codes.subarray(0, rows), start)
  const codes = new Uint8Array(order.length)
  let any = 0
  for (let i = 0; i < order.length; i++) any |= codes[i] = flat[order[i]!]!
  return any === 0 ? undefined : { layout: 'literal', name, type: 'literal', codes }
}

/** Undefined when all rows have a value. */
function gatherPresence<C extends Column>(sources: readonly GatherSource<C>[], positions: number, order: Uint32Array, presentOf: (column: C) => Uint8Array | undefined): Uint8Array | undefined | 'none' {
  const flat = new Uint8Array(positions)
  let isWhole = sources.reduce((sum, { rows }) => sum + rows, 0) === positions
  for (const { column, start, rows } of sources) {
    const present = presentOf(column)
    if (present === undefined) flat.fill(1, start, start + rows)
    else {
      flat.set(present.subarray(0, rows), start)
      isWhole = false
    }
  }
  if (isWhole) return order.length === 0 ? 'none' : undefined
  const gathered = new Uint8Array(order.length)
  let count = 0
  for (let i = 0; i < order.length; i++) count += gathered[i] = flat[order[i]!] === 0 ? 0 : 1
  return count === 0 ? 'none' : count === order.length ? undefined : gathered
}

/** Joins the dictionaries, keeping only entries that a gathered row uses, unless there would be too many. */
function gatherCodes(name: string, type: StringType, sources: readonly GatherSource<DictionaryColumn>[], positions: number, order: Uint32Array): Column | undefined | 'many' {
  const table = new StringTable()
  // Per position: number in `table` + 1.
  const flat = new Uint32Array(positions)
  let seen = 0
  for (const { column, start, rows } of sources) {
    if (table.count > MAX_DICTIONARY_SHARE * order.length + MIN_DICTIONARY || (seen >= SURE_ROWS && table.count > SURE_SHARE * seen)) return 'many'
    seen += rows
    const { offsets, bytes } = column.dictionary
    const joined = new Uint32Array(offsets.length)
    for (let entry = 0; entry + 1 < offsets.length; entry++) joined[entry + 1] = table.intern(bytes, offsets[entry]!, offsets[entry + 1]!) + 1
    // In place, so that the loop meets one type of array whatever the width of the codes.
    flat.set(column.codes.subarray(0, rows), start)
    for (let position = start; position < start + rows; position++) flat[position] = joined[flat[position]!]!
  }
  const codes = new Uint32Array(order.length)
  const used = new Uint8Array(table.count + 1)
  for (let i = 0; i < order.length; i++) used[(codes[i] = flat[order[i]!]!)] = 1
  used[0] = 0
  const renumbered = new Uint32Array(used.length)
  let count = 0
  for (let code = 1; code < used.length; code++) if (used[code] === 1) renumbered[code] = ++count
  if (count > MAX_DICTIONARY_SHARE * order.length + MIN_DICTIONARY) return 'many'
  if (count === 0) return undefined
  for (let i = 0; i < order.length; i++) codes[i] = renumbered[codes[i]!]!
  const narrow = count < 256 ? new Uint8Array(codes) : count < 65_536 ? new Uint16Array(codes) : codes
  return { layout: 'dictionary', name, type, codes: narrow, dictionary: usedEntries(table.strings(), used, count) }
}

function usedEntries({ offsets, bytes }: Strings, used: Uint8Array, count: number): Strings {
  if (count === offsets.length - 1) return { offsets, bytes }
  const kept: Uint8Array[] = []
  const keptOffsets = new Uint32Array(count + 1)
  for (let entry = 0; entry + 1 < offsets.length; entry++) {
    if (used[entry + 1] !== 1) continue
    kept.push(bytes.subarray(offsets[entry], offsets[entry + 1]))
    keptOffsets[kept.length] = keptOffsets[kept.length - 1]! + offsets[entry + 1]! - offsets[entry]!
  }
  return { offsets: keptOffsets, bytes: Buffer.concat(kept) }
}

function gatherText(name: string, type: StringType, sources: readonly GatherSource<DictionaryColumn | TextColumn>[], positions: number, order: Uint32Array): Column | undefined {
  // Per position: 1 + the length of its text, 0 = no value.
  const lengths = new Uint32Array(positions)
  for (const { column, start, rows } of sources) {
    const entries = entriesOf(column, rows)
    const { offsets } = column.layout === 'text' ? column.strings : column.dictionary
    for (let row = 0; row < rows; row++) {
      const entry = entries[row]!
      if (entry > 0) lengths[start + row] = 1 + offsets[entry]! - offsets[entry - 1]!
    }
  }
  const offsets = new Uint32Array(order.length + 1)
  const present = new Uint8Array(order.length)
  const targets = new Int32Array(positions).fill(-1)
  let count = 0
  for (let i = 0; i < order.length; i++) {
    const position = order[i]!
    const length = lengths[position]!
    targets[position] = i
    count += present[i] = length === 0 ? 0 : 1
    offsets[i + 1] = offsets[i]! + (length === 0 ? 0 : length - 1)
  }
  if (count === 0) return undefined
  const bytes = new Uint8Array(offsets[order.length]!)
  for (const { column, start, rows } of sources) copyTexts(column, targets.subarray(start, start + rows), { offsets, bytes })
  return { layout: 'text', name, type, strings: { offsets, bytes }, present: count === order.length ? undefined : present }
}

/** Per row: 1 + the index of its text in the column's strings, 0 = none. One type of array for all columns, as loops over several types are slow. */
function entriesOf(column: DictionaryColumn | TextColumn, rows: number): Uint32Array {
  if (column.layout === 'dictionary') return new Uint32Array(column.codes.subarray(0, rows))
  const entries = new Uint32Array(rows)
  const { present } = column
  for (let row = 0; row < rows; row++) entries[row] = present === undefined || present[row] !== 0 ? row + 1 : 0
  return entries
}

/** Copies each row's text to where its target row stands. Neighbours that stay neighbours go in one call. */
function copyTexts(column: DictionaryColumn | TextColumn, targets: Int32Array, { offsets, bytes }: Strings): void {
  const strings = column.layout === 'text' ? column.strings : column.dictionary
  const entries = entriesOf(column, targets.length)
  const source = Buffer.from(strings.bytes.buffer, strings.bytes.byteOffset, strings.bytes.length)
  const sourceView = new DataView(source.buffer, source.byteOffset, source.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let row = 0; row < targets.length; ) {
    const target = targets[row]!
    const entry = entries[row++]! - 1
    if (target < 0 || entry < 0) continue
    const from = strings.offsets[entry]!
    let last = target
    if (column.layout === 'text') for (; row < targets.length && targets[row] === last + 1 && strings.offsets[row]! - from === offsets[last + 1]! - offsets[target]!; row++) last++
    const to = offsets[target]!
    const length = offsets[last + 1]! - to
    if (length > SHORT_COPY_BYTES) {
      source.copy(bytes, to, from, from + length)
      continue
    }
    let i = 0
    for (; i + 4 <= length; i += 4) view.setInt32(to + i, sourceView.getInt32(from + i, true), true)
    for (; i < length; i++) bytes[to + i] = source[from + i]!
  }
}

/** A native call costs as much as copying this many bytes four by four. */
const SHORT_COPY_BYTES = 192

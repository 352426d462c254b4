// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { TableBuilder } from './table-builder.ts'
import type { Column, StringType, Strings } from './table.ts'

/** What the table asks of each column. */
export interface ColumnBuilder {
  /** Which take counted it. */
  countedIn: number
  /** Removes the open row's value, if there is one. */
  erase(): void
  /** The chosen rows, ascending; undefined when none of them has a value. */
  build(rows: Uint32Array): Column | undefined
  /** Forgets the table's values. */
  leave(): void
}

/**
 * Strings begin as a dictionary and become text once most of a sample are distinct. Entries are found by a hash of their bytes,
 * with open addressing.
 */
export class StringColumnBuilder implements ColumnBuilder {
  countedIn = 0
  readonly #builder: TableBuilder
  readonly #name: string
  readonly #type: StringType
  #table = 0
  #isText = false
  /** So many tables more begin as text, since one before them became it. */
  #textTables = 0
  #values = 0
  /** The table's first row with a value: a rare column takes no room for the rows before. */
  #firstRow = 0
  /** From that row on. Dictionary: code per row. Text: length + 1 per row. 0 = none. */
  #codes = new Uint32Array(0)
  #codesEnd = 0
  /** Entries or rows back to back. */
  #bytes = EMPTY
  #view = new DataView(EMPTY.buffer)
  #bytesEnd = 0
  /** The other of two buffers: entries and rows, so that each keeps its size from table to table. */
  #spare = EMPTY
  /** Entry k - 1 is `[ends[k - 1], ends[k])`. */
  #ends = new Uint32Array(0)
  #entries = 0
  /** Pairs of hash and code; code 0 = free. */
  #slots = new Int32Array(0)
  /** The entry that {@link putHashed} put last; 0 when another value was put since. */
  #lastCode = 0
  /** The row that brought the newest entry. */
  #entryRow = 0
  /** Whether a value of the table was taken back with the entry that it brought, which may be without a row then. */
  #hasLostEntry = false

  constructor(builder: TableBuilder, name: string, type: StringType) {
    this.#builder = builder
    this.#name = name
    this.#type = type
  }

  /**
   * Puts `bytes[start, end)`, UTF-8, into the open row, which must have no value in this column.
   *
   * @param view over exactly `bytes`. A caller with many values makes it once.
   */
  put(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.putHashed(bytes, view, start, end, hashOf(bytes, view, start, end))
    this.#lastCode = 0
  }

  /**
   * As {@link put}, and {@link repeats} may then answer for the value.
   *
   * @param hash as {@link hashStep} makes it: a decoder that looks for the value's end has its words at hand.
   */
  putHashed(bytes: Uint8Array, view: DataView, start: number, end: number, hash: number): void {
    const row = this.#openRow()
    if (!this.#isText) {
      const code = this.#codeOf(bytes, view, start, end, hash)
      if (code !== 0) {
        this.#codes[row] = code
        this.#lastCode = code
        return
      }
      this.#becomeText()
    }
    this.#append(bytes, view, start, end)
    this.#codes[row] = end - start + 1
  }

  /**
   * Bytes of the value that was put last by {@link putHashed}, where the very same stand at `start`, before `end` of the view; else -1.
   * Many columns have one value for most of their rows.
   */
  repeats(view: DataView, start: number, end: number): number {
    const code = this.#lastCode
    if (code === 0) return -1
    const from = this.#ends[code - 1]!
    const length = this.#ends[code]! - from
    if (start + length > end) return -1
    const own = this.#view
    let i = 0
    for (; i + 4 <= length; i += 4) if (own.getInt32(from + i, true) !== view.getInt32(start + i, true)) return -1
    for (; i < length; i++) if (own.getUint8(from + i) !== view.getUint8(start + i)) return -1
    return length
  }

  /** Puts the value once more that {@link repeats} found. */
  putAgain(): void {
    const row = this.#openRow()
    this.#codes[row] = this.#lastCode
  }

  #openRow(): number {
    const builder = this.#builder
    if (this.#table !== builder.table) this.#join()
    const row = builder.rows - this.#firstRow
    builder.touch(this)
    if (row >= this.#codes.length) this.#growCodes(row)
    this.#codesEnd = row + 1
    this.#values++
    return row
  }

  erase(): void {
    const row = this.#builder.rows - this.#firstRow
    if (this.#table !== this.#builder.table || row >= this.#codesEnd || this.#codes[row] === 0) return
    if (this.#isText) this.#bytesEnd -= this.#codes[row]! - 1
    else if (this.#codes[row] === this.#entries && this.#entryRow === row) this.#hasLostEntry = true
    this.#codes[row] = 0
    this.#values--
    this.#builder.values--
  }

  build(rows: Uint32Array): Column | undefined {
    if (this.#values === 0) return undefined
    return this.#isText ? this.#buildText(rows) : this.#buildDictionary(rows)
  }

  leave(): void {
    this.#table = 0
    this.#codes.fill(0, 0, this.#codesEnd)
    this.#codesEnd = 0
    this.#values = 0
    this.#bytesEnd = 0
    this.#lastCode = 0
    this.#hasLostEntry = false
    if (this.#isText) {
      const rows = this.#bytes
      this.#bytes = this.#spare
      this.#view = new DataView(this.#bytes.buffer)
      this.#spare = rows
      this.#isText = false
    }
    if (this.#entries === 0) return
    this.#entries = 0
    if (this.#slots.length > MAX_KEPT_SLOTS) {
      this.#builder.hold(-this.#slots.byteLength)
      this.#slots = new Int32Array(0)
    } else this.#slots.fill(0)
  }

  #join(): void {
    this.#table = this.#builder.table
    this.#firstRow = this.#builder.rows
    this.#builder.join(this)
    if (this.#textTables === 0) return
    this.#textTables--
    this.#startText()
  }

  /** The code of the entry with these bytes, a new one where needed. 0 when the column is to become text. */
  #codeOf(bytes: Uint8Array, view: DataView, start: number, end: number, hash: number): number {
    if (this.#slots.length === 0) this.#growSlots()
    const slots = this.#slots
    const mask = (slots.length >> 1) - 1
    const length = end - start
    let slot = hash & mask
    for (let probes = 0; ; probes++) {
      const code = slots[2 * slot + 1]!
      if (code === 0) break
      if (probes === MAX_PROBES) return 0
      if (slots[2 * slot] === hash) {
        const at = this.#ends[code - 1]!
        if (this.#ends[code]! - at === length && isEqual(this.#bytes, this.#view, at, bytes, view, start, length)) return code
      }
      slot = (slot + 1) & mask
    }
    if (this.#entries >= TEXT_SAMPLE && this.#entries > this.#values * MAX_DICTIONARY_SHARE) return 0
    const code = ++this.#entries
    slots[2 * slot] = hash
    slots[2 * slot + 1] = code
    this.#append(bytes, view, start, end)
    if (code + 1 > this.#ends.length) this.#growEnds()
    this.#ends[code] = this.#bytesEnd
    this.#entryRow = this.#builder.rows - this.#firstRow
    if (2 * code > mask) this.#growSlots()
    return code
  }

  /** Writes the rows out from the dictionary; the open row has no value yet. */
  #becomeText(): void {
    const entries = this.#bytes
    const view = this.#view
    this.#startText()
    this.#textTables = TEXT_TABLES
    for (let row = 0; row < this.#codesEnd; row++) {
      const code = this.#codes[row]!
      if (code === 0) continue
      const start = this.#ends[code - 1]!
      const end = this.#ends[code]!
      this.#append(entries, view, start, end)
      this.#codes[row] = end - start + 1
    }
  }

  #startText(): void {
    const entries = this.#bytes
    this.#bytes = this.#spare
    this.#view = new DataView(this.#bytes.buffer)
    this.#spare = entries
    this.#bytesEnd = 0
    this.#lastCode = 0
    this.#isText = true
  }

  #append(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const length = end - start
    const to = this.#bytesEnd
    if (to + length > this.#bytes.length) this.#growBytes(to + length)
    copyBytes(bytes, view, start, length, this.#bytes, this.#view, to)
    this.#bytesEnd = to + length
  }

  #buildText(rows: Uint32Array): Column | undefined {
    if (rows.length === this.#builder.rows && this.#values === rows.length) return this.#buildWholeText()
    // Where each chosen row's bytes begin follows from the lengths of all rows.
    const offsets = new Uint32Array(rows.length + 1)
    const starts = new Uint32Array(rows.length)
    const present = new Uint8Array(rows.length)
    let count = 0
    let total = 0
    let at = 0
    let row = 0
    for (let i = 0; i < rows.length; i++) {
      for (; row < rows[i]! - this.#firstRow && row < this.#codesEnd; row++) if (this.#codes[row] !== 0) at += this.#codes[row]! - 1
      const code = this.#codeAt(rows[i]!)
      starts[i] = at
      if (code !== 0) {
        total += code - 1
        present[i] = 1
        count++
      }
      offsets[i + 1] = total
    }
    if (count === 0) return undefined
    const isWhole = total === this.#bytesEnd
    const bytes = isWhole ? this.#bytes.slice(0, total) : new Uint8Array(total)
    if (!isWhole) for (let i = 0; i < rows.length; i++) bytes.set(this.#bytes.subarray(starts[i], starts[i]! + offsets[i + 1]! - offsets[i]!), offsets[i])
    return { layout: 'text', name: this.#name, type: this.#type, strings: { offsets, bytes }, present: count === rows.length ? undefined : present }
  }

  /** Every row of the table has a value. */
  #buildWholeText(): Column {
    const offsets = new Uint32Array(this.#values + 1)
    let total = 0
    for (let row = 0; row < this.#values; row++) offsets[row + 1] = total += this.#codes[row]! - 1
    return { layout: 'text', name: this.#name, type: this.#type, strings: { offsets, bytes: this.#bytes.slice(0, total) }, present: undefined }
  }

  #buildDictionary(rows: Uint32Array): Column | undefined {
    const codes = this.#entries < 256 ? new Uint8Array(rows.length) : this.#entries < 65_536 ? new Uint16Array(rows.length) : new Uint32Array(rows.length)
    if (rows.length === this.#builder.rows && !this.#hasLostEntry) {
      codes.set(this.#codes.subarray(0, Math.min(this.#codesEnd, rows.length - this.#firstRow)), this.#firstRow)
      return { layout: 'dictionary', name: this.#name, type: this.#type, codes, dictionary: this.#firstEntries(this.#entries) }
    }
    // Entries of other days, or of values that were taken back, stay out.
    const used = new Uint32Array(this.#entries + 1)
    const entries = new Uint32Array(this.#entries)
    let count = 0
    let isInOrder = true
    for (let i = 0; i < rows.length; i++) {
      const code = this.#codeAt(rows[i]!)
      if (code === 0) continue
      let target = used[code]!
      if (target === 0) {
        entries[count++] = code
        target = count
        used[code] = target
        if (target !== code) isInOrder = false
      }
      codes[i] = target
    }
    if (count === 0) return undefined
    return { layout: 'dictionary', name: this.#name, type: this.#type, codes, dictionary: isInOrder ? this.#firstEntries(count) : this.#pickEntries(entries.subarray(0, count)) }
  }

  #codeAt(row: number): number {
    return row >= this.#firstRow && row < this.#firstRow + this.#codesEnd ? this.#codes[row - this.#firstRow]! : 0
  }

  #firstEntries(count: number): Strings {
    return { offsets: this.#ends.slice(0, count + 1), bytes: this.#bytes.slice(0, this.#ends[count]) }
  }

  #pickEntries(codes: Uint32Array): Strings {
    const offsets = new Uint32Array(codes.length + 1)
    for (let i = 0; i < codes.length; i++) offsets[i + 1] = offsets[i]! + this.#ends[codes[i]!]! - this.#ends[codes[i]! - 1]!
    const bytes = new Uint8Array(offsets[codes.length]!)
    for (let i = 0; i < codes.length; i++) bytes.set(this.#bytes.subarray(this.#ends[codes[i]! - 1], this.#ends[codes[i]!]), offsets[i])
    return { offsets, bytes }
  }

  #growCodes(row: number): void {
    const codes = grown(this.#codes, new Uint32Array(Math.max(FIRST_CELLS, 2 * this.#codes.length, row + 1)))
    this.#builder.hold(codes.byteLength - this.#codes.byteLength)
    this.#codes = codes
  }

  #growBytes(needed: number): void {
    const bytes = grown(this.#bytes, new Uint8Array(Math.max(FIRST_BYTES, 2 * this.#bytes.length, needed)))
    this.#builder.hold(bytes.length - this.#bytes.length)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }

  #growEnds(): void {
    const ends = grown(this.#ends, new Uint32Array(Math.max(FIRST_CELLS, 2 * this.#ends.length)))
    this.#builder.hold(ends.byteLength - this.#ends.byteLength)
    this.#ends = ends
  }

  #growSlots(): void {
    const old = this.#slots
    const slots = new Int32Array(Math.max(FIRST_SLOTS, 4 * old.length))
    this.#builder.hold(slots.byteLength - old.byteLength)
    const mask = (slots.length >> 1) - 1
    for (let i = 0; i < old.length; i += 2) {
      if (old[i + 1] === 0) continue
      let slot = old[i]! & mask
      while (slots[2 * slot + 1] !== 0) slot = (slot + 1) & mask
      slots[2 * slot] = old[i]!
      slots[2 * slot + 1] = old[i + 1]!
    }
    this.#slots = slots
  }
}

/** Numbers that a double holds, or literals; the caller decides which numbers those are. */
export class NumberColumnBuilder implements ColumnBuilder {
  countedIn = 0
  readonly #builder: TableBuilder
  readonly #name: string
  readonly #type: 'number' | 'literal'
  #table = 0
  /** The table's first row with a value; the arrays begin there. */
  #firstRow = 0
  #numbers = new Float64Array(0)
  #present = new Uint8Array(0)
  #end = 0

  constructor(builder: TableBuilder, name: string, type: 'number' | 'literal') {
    this.#builder = builder
    this.#name = name
    this.#type = type
  }

  /** Puts a number, or one of `LITERALS`, into the open row, which must have no value in this column. */
  put(value: number): void {
    const builder = this.#builder
    if (this.#table !== builder.table) {
      this.#table = builder.table
      this.#firstRow = builder.rows
      builder.join(this)
    }
    const row = builder.rows - this.#firstRow
    builder.touch(this)
    if (row >= this.#present.length) this.#grow(row)
    this.#numbers[row] = value
    this.#present[row] = 1
    this.#end = row + 1
  }

  erase(): void {
    const row = this.#builder.rows - this.#firstRow
    if (this.#table !== this.#builder.table || row >= this.#end || this.#present[row] === 0) return
    this.#numbers[row] = 0
    this.#present[row] = 0
    this.#builder.values--
  }

  build(rows: Uint32Array): Column | undefined {
    const isLiteral = this.#type === 'literal'
    if (!isLiteral && rows.length === this.#builder.rows && this.#isInEveryRow(rows.length)) {
      return { layout: 'number', name: this.#name, type: 'number', values: this.#numbers.slice(0, rows.length), present: undefined }
    }
    const values = isLiteral ? new Uint8Array(rows.length) : new Float64Array(rows.length)
    const present = new Uint8Array(rows.length)
    let count = 0
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]! - this.#firstRow
      if (row >= this.#end) break
      if (row < 0 || this.#present[row] === 0) continue
      values[i] = this.#numbers[row]!
      present[i] = 1
      count++
    }
    if (count === 0) return undefined
    if (values instanceof Uint8Array) return { layout: 'literal', name: this.#name, type: 'literal', codes: values }
    return { layout: 'number', name: this.#name, type: 'number', values, present: count === rows.length ? undefined : present }
  }

  #isInEveryRow(rows: number): boolean {
    if (this.#firstRow > 0 || this.#end < rows) return false
    for (let row = 0; row < rows; row++) if (this.#present[row] === 0) return false
    return true
  }

  leave(): void {
    this.#table = 0
    this.#present.fill(0, 0, this.#end)
    this.#end = 0
  }

  #grow(row: number): void {
    const length = Math.max(FIRST_CELLS, 2 * this.#present.length, row + 1)
    this.#builder.hold(9 * (length - this.#present.length))
    this.#numbers = grown(this.#numbers, new Float64Array(length))
    this.#present = grown(this.#present, new Uint8Array(length))
  }
}

const EMPTY = new Uint8Array(0)
/** Sizes that a column of one value begins with: a request may have thousands of them. */
const FIRST_CELLS = 16
const FIRST_BYTES = 64
const FIRST_SLOTS = 32
/** A larger hash table is given back after the table: clearing it would cost more than a new one that grows. */
const MAX_KEPT_SLOTS = 16_384
/** At most half of the slots are taken, so a longer run is values made to collide; as text they cost nothing. */
const MAX_PROBES = 256
/** Distinct values that are looked at before a dictionary may give way to text; the same as in merges. */
const TEXT_SAMPLE = 256
/** Looking again costs as much as a few tables of text; values that have become few are found in a second or two. */
const TEXT_TABLES = 15
/** Above this share of distinct values a dictionary costs more than it saves. */
const MAX_DICTIONARY_SHARE = 0.5

/** As {@link StringColumnBuilder.putHashed} takes it: for who puts the same text again and again. */
export function hashOf(bytes: Uint8Array, view: DataView, start: number, end: number): number {
  let hash = 0
  let at = start
  for (; at + 4 <= end; at += 4) hash = hashStep(hash, view.getInt32(at, true))
  if (at < end) {
    let rest = 0
    for (let shift = 0; at < end; at++, shift += 8) rest |= bytes[at]! << shift
    hash = hashStep(hash, rest)
  }
  return hash ^ (end - start)
}

/**
 * The hash of a string begins at 0, takes its words of four bytes, little-endian, the last one filled with zeroes, and in the end is
 * combined with its length by an exclusive or. It lives in the builder's memory only. Every byte reaches the low bits, which choose the slot.
 */
export function hashStep(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, HASH_FACTOR)
  return mixed ^ (mixed >>> 15)
}

/** 2^32 divided by the golden ratio. */
const HASH_FACTOR = 0x9e3779b1

function isEqual(a: Uint8Array, aView: DataView, aStart: number, b: Uint8Array, bView: DataView, bStart: number, length: number): boolean {
  if (length > NATIVE_COPY_BYTES) return Buffer.compare(a.subarray(aStart, aStart + length), b.subarray(bStart, bStart + length)) === 0
  let i = 0
  for (; i + 4 <= length; i += 4) if (aView.getInt32(aStart + i, true) !== bView.getInt32(bStart + i, true)) return false
  for (; i < length; i++) if (a[aStart + i] !== b[bStart + i]) return false
  return true
}

/** A native call costs as much as some dozen steps of this loop. */
const NATIVE_COPY_BYTES = 512

function copyBytes(from: Uint8Array, fromView: DataView, start: number, length: number, to: Uint8Array, toView: DataView, at: number): void {
  if (length > NATIVE_COPY_BYTES) {
    to.set(from.subarray(start, start + length), at)
    return
  }
  let i = 0
  for (; i + 4 <= length; i += 4) toView.setInt32(at + i, fromView.getInt32(start + i, true), true)
  for (; i < length; i++) to[at + i] = from[start + i]!
}

export function grown<T extends Uint8Array | Uint32Array | Int32Array | Float64Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { buildBloomFilter, valueHashes, wordHashes } from './bloom-filter.ts'
import { ByteWriter } from './bytes.ts'
import { packNumbers } from './integers.ts'
import { StreamWriter, writeStreamReference, type StreamReference } from './streams.ts'
import { MAX_TABLE_ROWS, type Column, type DictionaryColumn, type NumberColumn, type Table, type TextColumn } from './table.ts'
import { tokenWordHashes } from './token-words.ts'
import type { Tokens } from './tokens.ts'
import { packAsTemplates, packText, writeStrings } from './write-text.ts'

/**
 * Encodes a table as one fragment; FORMAT.md draws the bytes.
 *
 * @param table 1 to {@link MAX_TABLE_ROWS} rows.
 */
export function encodeFragment(table: Table, { purpose, tokensOf = new Map() }: EncodeOptions = { purpose: 'fresh' }): Uint8Array {
  assert(table.rows > 0 && table.rows <= MAX_TABLE_ROWS, 'a fragment has 1 to MAX_TABLE_ROWS rows')
  assert(table.timeOffsets.length === table.rows, 'every row has a time')
  const body = new ByteWriter(64 * 1024)
  body.raw(FRAGMENT_MAGIC)
  body.u8(FORMAT_VERSION)
  const footer = new ByteWriter(4096)
  footer.u32(table.rows)
  footer.i64(table.dayNs)
  let minTimeOffset = Infinity
  let maxTimeOffset = -Infinity
  for (const offset of table.timeOffsets) {
    if (offset < minTimeOffset) minTimeOffset = offset
    if (offset > maxTimeOffset) maxTimeOffset = offset
  }
  footer.f64(minTimeOffset)
  footer.f64(maxTimeOffset)
  const streams = new StreamWriter(body, purpose)
  writeStreamReference(footer, streams.write(packNumbers(table.timeOffsets)))
  footer.u32(table.columns.length)
  for (const column of table.columns) writeColumn(streams, footer, column, table, purpose, tokensOf)
  const blocks = streams.finish()
  footer.u32(blocks.length)
  for (const block of blocks) writeStreamReference(footer, block)

  const footerBytes = footer.finish()
  body.raw(footerBytes)
  body.u32(footerBytes.length)
  body.u32(crc32(footerBytes))
  body.raw(FRAGMENT_END_MAGIC)
  return body.finish().slice()
}

export interface EncodeOptions {
  /** `fresh`: cheap to write, read for seconds. `sealed`: packs best, read for weeks. */
  readonly purpose: 'fresh' | 'sealed'
  /** Receives the tokens of the columns that become templates, for whoever needs them as well: cutting is a large part of the work. */
  readonly tokensOf?: Map<Column, Tokens>
}

/** First bytes of a fragment; the version follows. */
export const FRAGMENT_MAGIC = Buffer.from('MRFG', 'latin1')
/** Last bytes: a truncated fragment lacks them. */
export const FRAGMENT_END_MAGIC = Buffer.from('GFRM', 'latin1')
export const FORMAT_VERSION = 1
/** Codes of types and layouts on disk. Never renumber. */
export const TYPE_CODES: Record<Column['type'], number> = { string: 1, json: 2, numeral: 3, number: 4, literal: 5 }
export const LAYOUT_CODES: Record<Column['layout'] | 'template', number> = { dictionary: 1, text: 2, number: 3, literal: 4, template: 5 }

function writeColumn(writer: StreamWriter, footer: ByteWriter, column: Column, table: Table, purpose: EncodeOptions['purpose'], tokensOf: Map<Column, Tokens>): void {
  const { rows } = table
  footer.text(column.name)
  footer.u8(TYPE_CODES[column.type])
  const streams: StreamReference[] = []
  const write = (raw: Uint8Array): void => {
    streams.push(writer.write(raw))
  }
  let references: readonly number[] = []
  let layout: keyof typeof LAYOUT_CODES = column.layout
  let valueCount = rows
  let filters = 0
  let min = NaN
  let max = NaN
  let dictionarySize = 0
  switch (column.layout) {
    case 'dictionary':
      dictionarySize = column.dictionary.offsets.length - 1
      valueCount = writeDictionary(column, dictionarySize, rows, write)
      break
    case 'text':
      valueCount = countPresent(column.present, rows)
      // A fresh fragment is read for seconds: templates and filters would cost more than they save.
      if (purpose === 'sealed') {
        const templates = packAsTemplates(column, table)
        if (templates !== undefined) {
          tokensOf.set(column, templates.tokens)
          layout = 'template'
          references = templates.references
        }
        for (const stream of templates?.streams ?? packText(column, rows, valueCount)) write(stream)
        if (rows >= MIN_FILTER_ROWS) filters = writeFilters(column, templates?.tokens, write)
      } else for (const stream of packText(column, rows, valueCount)) write(stream)
      break
    case 'number':
      valueCount = countPresent(column.present, rows)
      ;[min, max] = finiteRange(column, rows)
      if (valueCount < rows && column.present !== undefined) write(column.present.subarray(0, rows))
      write(packNumbers(column.values.subarray(0, rows)))
      break
    case 'literal':
      valueCount = countPresent(column.codes, rows)
      write(column.codes.subarray(0, rows))
  }
  footer.u8(LAYOUT_CODES[layout])
  footer.u32(valueCount)
  footer.f64(min)
  footer.f64(max)
  footer.u32(dictionarySize)
  footer.u8(filters)
  footer.u32(streams.length)
  for (const stream of streams) writeStreamReference(footer, stream)
  footer.u32(references.length)
  for (const index of references) footer.u32(index)
}

/** Streams: entries with their counts, then codes as u8, u16 or u32, whichever the dictionary's size needs. */
function writeDictionary(column: DictionaryColumn, dictionarySize: number, rows: number, write: (raw: Uint8Array) => void): number {
  const counts = new Uint32Array(dictionarySize)
  const codes = dictionarySize < 256 ? new Uint8Array(rows) : dictionarySize < 65_536 ? new Uint16Array(rows) : new Uint32Array(rows)
  let valueCount = 0
  for (let row = 0; row < rows; row++) {
    const code = column.codes[row]!
    codes[row] = code
    if (code === 0) continue
    assert(code <= dictionarySize, 'a code names a dictionary entry')
    counts[code - 1]!++
    valueCount++
  }
  const entries = new ByteWriter(dictionarySize * 8 + column.dictionary.bytes.length)
  entries.raw(asBytes(counts))
  writeStrings(entries, column.dictionary, 0, dictionarySize)
  write(entries.finish())
  write(asBytes(codes))
  return valueCount
}

/** Streams: the filter of values, then the one of words; answers which there are. */
function writeFilters(column: TextColumn, tokens: Tokens | undefined, write: (raw: Uint8Array) => void): number {
  let filters = 0
  const words = tokens === undefined ? wordHashes(column.strings) : tokenWordHashes(column.strings, tokens)
  // A value is looked up by its words, unless some have none that the filter holds.
  const values = words === undefined || words.areCovered ? undefined : valueHashes(column.strings)
  if (values !== undefined) {
    write(buildBloomFilter(values))
    filters |= VALUE_FILTER
  }
  if (words !== undefined) {
    write(buildBloomFilter(words.hashes))
    filters |= WORD_FILTER
  }
  return filters
}

/** Bits of a column's filter byte. */
export const VALUE_FILTER = 1
export const WORD_FILTER = 2
/** Reading a smaller column costs less than its filters. */
const MIN_FILTER_ROWS = 2048

function countPresent(present: Uint8Array | undefined, rows: number): number {
  if (present === undefined) return rows
  let count = 0
  for (let row = 0; row < rows; row++) if (present[row] !== 0) count++
  return count
}

function finiteRange(column: NumberColumn, rows: number): [number, number] {
  let min = Infinity
  let max = -Infinity
  for (let row = 0; row < rows; row++) {
    const value = column.values[row]!
    if ((column.present !== undefined && column.present[row] === 0) || !Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
  }
  return min > max ? [NaN, NaN] : [min, max]
}

function asBytes(array: Uint8Array | Uint16Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

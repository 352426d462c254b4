// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { ByteReader, copyOf } from './bytes.ts'
import { VALUE_FILTER, WORD_FILTER, type LAYOUT_CODES } from './encode-fragment.ts'
import { FragmentCorruptError, SLOT_BYTES, type ColumnHeader, type Templates } from './fragment.ts'
import { unpackNumbers } from './integers.ts'
import { bytesOfEntries } from './slot-pools.ts'
import type { StreamReference } from './streams.ts'
import type { Column, StringType, Strings, TextColumn } from './table.ts'
import { readTemplates, TemplateColumn } from './unpack-templates.ts'
import { TEXT_BLOCK_ROWS } from './write-text.ts'

/** A column as the footer tells it. */
export interface StoredColumn extends ColumnHeader {
  readonly storedLayout: keyof typeof LAYOUT_CODES
  readonly filters: number
  readonly streams: readonly StreamReference[]
  /** Indexes of the columns that its slots refer to. */
  readonly references: readonly number[]
}

/** The decoded column at an index of the table, for those that are in `references`. */
export type ColumnAt = (index: number) => Column | undefined

/** @param streams those of {@link dataStreams}, unpacked. @throws FragmentCorruptError */
export function decodeColumn(column: StoredColumn, rows: number, streams: readonly Uint8Array[], columnAt: ColumnAt): Column {
  const { name, type, layout } = column
  const rest = [...streams]
  const next = (): Uint8Array => {
    const stream = rest.shift()
    if (stream === undefined) throw new FragmentCorruptError(`column ${name} lacks a stream`)
    return stream
  }
  if (layout === 'dictionary' && isStringType(type)) {
    const size = column.dictionarySize ?? 0
    const reader = new ByteReader(next())
    reader.u32Array(size)
    const dictionary = readStrings(reader, size)
    return { layout, name, type, dictionary, codes: readCodes(next(), size, rows) }
  }
  if (isTextColumn(column)) return decodeText(column, rows, streams, columnAt)
  if (layout === 'number' && type === 'number') {
    const present = column.valueCount < rows ? next() : undefined
    return { layout, name, type, present, values: unpackNumbers(next(), rows) }
  }
  if (layout === 'literal' && type === 'literal') return { layout, name, type, codes: next() }
  throw new FragmentCorruptError(`column ${name} has type ${type} in layout ${layout}`)
}

/** All but the filters, which are the last. */
export function dataStreams({ filters, streams }: StoredColumn): readonly StreamReference[] {
  const count = ((filters & VALUE_FILTER) === 0 ? 0 : 1) + ((filters & WORD_FILTER) === 0 ? 0 : 1)
  return streams.slice(0, streams.length - count)
}

export type StoredText = StoredColumn & { readonly type: StringType }

export function isTextColumn(column: StoredColumn): column is StoredText {
  return column.layout === 'text' && isStringType(column.type)
}

export function isTemplateColumn(column: StoredColumn | undefined): column is StoredText {
  return column !== undefined && column.storedLayout === 'template' && isTextColumn(column)
}

/**
 * The templates of a column of templates.
 *
 * @param streams the first two of its data streams.
 * @param entriesOf entries of the dictionary that is the column at this index; undefined for columns of numbers.
 * @throws FragmentCorruptError
 */
export function decodeTemplates(rows: number, [head, codes]: readonly Uint8Array[], entriesOf: (index: number) => Strings | undefined): Templates {
  const known = new Map<string, number>()
  return readTemplates(assertRead(head), assertRead(codes), rows, (index, parameter) => {
    const entries = entriesOf(index)
    if (entries === undefined) return SLOT_BYTES.digit | SLOT_BYTES.point
    const key = `${index} ${parameter}`
    const bytes = known.get(key) ?? bytesOfEntries(entries, parameter)
    known.set(key, bytes)
    return bytes
  })
}

/** Which data streams the texts of some rows need: of a text column as it stands only some blocks. */
export function neededStreams(column: StoredText, rows: number, wanted: Uint32Array): (index: number) => boolean {
  if (column.storedLayout === 'template') return () => true
  const before = column.valueCount < rows ? 1 : 0
  const blocks = new Set<number>()
  for (const row of wanted) blocks.add(Math.floor(row / TEXT_BLOCK_ROWS))
  return (index) => index < before || blocks.has(index - before)
}

/** Row i of the answer is row `wanted[i]`. @param streams those that are needed. @throws FragmentCorruptError */
export function decodeTextRows(column: StoredText, rows: number, wanted: Uint32Array, streams: readonly (Uint8Array | undefined)[], columnAt: ColumnAt): TextColumn {
  const parts: Uint8Array[] = []
  const present = new Uint8Array(wanted.length)
  const add = (index: number, { offsets, bytes }: Strings, row: number): void => {
    parts[index] = bytes.subarray(offsets[row], offsets[row + 1])
  }
  if (column.storedLayout === 'template') {
    const templates = new TemplateColumn(streams.map(assertRead), rows, columnAt)
    const texts = templates.textRows(wanted)
    wanted.forEach((row, index) => {
      add(index, texts, index)
      present[index] = templates.codes[row] === 0 ? 0 : 1
    })
  } else {
    const [isPresent] = column.valueCount < rows ? streams : []
    const before = column.valueCount < rows ? 1 : 0
    const blocks = streams.slice(before).map((stream, block) => (stream === undefined ? undefined : readStrings(new ByteReader(stream), Math.min(TEXT_BLOCK_ROWS, rows - block * TEXT_BLOCK_ROWS))))
    wanted.forEach((row, index) => {
      add(index, assertRead(blocks[Math.floor(row / TEXT_BLOCK_ROWS)]), row % TEXT_BLOCK_ROWS)
      present[index] = isPresent === undefined ? 1 : isPresent[row]!
    })
  }
  const offsets = new Uint32Array(wanted.length + 1)
  parts.forEach((part, index) => {
    offsets[index + 1] = offsets[index]! + part.length
  })
  return { layout: 'text', name: column.name, type: column.type, strings: { offsets, bytes: Buffer.concat(parts) }, present: present.includes(0) ? present : undefined }
}

function decodeText(column: StoredText, rows: number, streams: readonly Uint8Array[], columnAt: ColumnAt): TextColumn {
  const { name, type } = column
  if (column.storedLayout === 'template') {
    const templates = new TemplateColumn(streams, rows, columnAt)
    const present = column.valueCount < rows ? Uint8Array.from(templates.codes, (code) => (code === 0 ? 0 : 1)) : undefined
    return { layout: 'text', name, type, present, strings: templates.texts() }
  }
  const before = column.valueCount < rows ? 1 : 0
  const blocks: Strings[] = []
  for (let start = 0; start < rows; start += TEXT_BLOCK_ROWS) blocks.push(readStrings(new ByteReader(assertRead(streams[before + blocks.length])), Math.min(TEXT_BLOCK_ROWS, rows - start)))
  return { layout: 'text', name, type, present: before === 1 ? streams[0] : undefined, strings: concatStrings(blocks) }
}

function assertRead<T>(part: T | undefined): T {
  if (part === undefined) throw new FragmentCorruptError('a column lacks a stream')
  return part
}

function isStringType(type: Column['type']): type is 'string' | 'json' | 'numeral' {
  return type === 'string' || type === 'json' || type === 'numeral'
}

/** Reads what `writeStrings` wrote. */
export function readStrings(reader: ByteReader, count: number): Strings {
  const lengths = reader.u32Array(count)
  const offsets = new Uint32Array(count + 1)
  for (let i = 0; i < count; i++) offsets[i + 1] = offsets[i]! + lengths[i]!
  return { offsets, bytes: reader.raw(offsets[count]!) }
}

function concatStrings(blocks: readonly Strings[]): Strings {
  const [only] = blocks
  if (blocks.length === 1 && only !== undefined) return only
  const count = blocks.reduce((sum, block) => sum + block.offsets.length - 1, 0)
  const offsets = new Uint32Array(count + 1)
  let entry = 0
  for (const block of blocks) for (let i = 1; i < block.offsets.length; i++, entry++) offsets[entry + 1] = offsets[entry]! + block.offsets[i]! - block.offsets[i - 1]!
  return { offsets, bytes: Buffer.concat(blocks.map((block) => block.bytes)) }
}

function readCodes(bytes: Uint8Array, dictionarySize: number, rows: number): Uint8Array | Uint16Array | Uint32Array {
  const codes = dictionarySize < 256 ? bytes : dictionarySize < 65_536 ? new Uint16Array(copyOf(bytes)) : new Uint32Array(copyOf(bytes))
  if (codes.length !== rows) throw new FragmentCorruptError('a column has another number of codes than rows')
  return codes
}

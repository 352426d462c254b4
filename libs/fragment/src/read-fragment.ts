// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { crc32 } from 'node:zlib'
import { mightContain, valueHashes, wordHashes } from './bloom-filter.ts'
import { ByteReader } from './bytes.ts'
import { dataStreams, decodeColumn, decodeTemplates, decodeTextRows, isTemplateColumn, isTextColumn, neededStreams, readStrings, type ColumnAt, type StoredColumn } from './decode-column.ts'
import { FORMAT_VERSION, FRAGMENT_END_MAGIC, FRAGMENT_MAGIC, LAYOUT_CODES, TYPE_CODES, VALUE_FILTER, WORD_FILTER } from './encode-fragment.ts'
import { FragmentCorruptError, type ColumnHeader, type Fragment, type FragmentHeader, type ReadRange, type Templates, type TemplateTexts } from './fragment.ts'
import { unpackNumbers } from './integers.ts'
import { readStreamReference, sharedStream, STREAM_CODECS, unpackStream, type StreamReference } from './streams.ts'
import { stringsFrom, textsOf } from './strings.ts'
import { MAX_TABLE_ROWS, type Column, type Strings, type Table, type TextColumn } from './table.ts'
import { TemplateColumn } from './unpack-templates.ts'

/** Opens a fragment of `encodedBytes` bytes; reads only its footer. @throws FragmentCorruptError */
export async function openFragment(read: ReadRange, encodedBytes: number): Promise<Fragment> {
  const tailStart = Math.max(0, encodedBytes - TAIL_READ_BYTES)
  let tail = await read(tailStart, encodedBytes)
  const footerBytes = footerLength(tail, encodedBytes)
  const footerStart = encodedBytes - TRAILER_BYTES - footerBytes
  if (footerStart < tailStart) tail = await read(footerStart, encodedBytes)
  const footer = parseFooter(tail.subarray(tail.length - TRAILER_BYTES - footerBytes))
  // A small fragment has been read whole by now.
  return new OpenFragment(footer, tail.length === encodedBytes ? (start, end) => Promise.resolve(tail.subarray(start, end)) : read)
}

/** The same over bytes in memory. @throws FragmentCorruptError */
export function openFragmentBytes(bytes: Uint8Array): Fragment {
  return new OpenFragment(parseBytes(bytes), (start, end) => Promise.resolve(bytes.subarray(start, end)))
}

/** Decodes everything at once. @throws FragmentCorruptError */
export function decodeFragment(bytes: Uint8Array): Table {
  const footer = parseBytes(bytes)
  const { rows, dayNs } = footer.header
  const blocks: Uint8Array[] = []
  const unpack = (stream: StreamReference): Uint8Array => {
    if (stream.codec !== STREAM_CODECS.shared) return unpackStream(bytes.subarray(stream.start, stream.start + stream.encodedBytes), stream)
    return sharedStream((blocks[stream.crc] ??= unpack(blockOf(footer, stream))), stream)
  }
  const columns: Column[] = []
  const decode = (column: StoredColumn): Column => decodeColumn(column, rows, dataStreams(column).map(unpack), (index) => columns[index])
  // Those that others refer to come first.
  for (const [index, column] of footer.columns.entries()) if (column.references.length === 0) columns[index] = decode(column)
  for (const [index, column] of footer.columns.entries()) if (column.references.length > 0) columns[index] = decode(column)
  return { rows, dayNs, timeOffsets: unpackNumbers(unpack(footer.times), rows), columns }
}

/** Footer length u32, footer CRC u32, magic. */
const TRAILER_BYTES = 12
/** One read brings the footer of nearly every fragment. */
const TAIL_READ_BYTES = 32 * 1024

interface Footer {
  readonly header: FragmentHeader
  readonly times: StreamReference
  readonly columns: readonly StoredColumn[]
  /** What the small streams share. */
  readonly blocks: readonly StreamReference[]
}

class OpenFragment implements Fragment {
  readonly #footer: Footer
  readonly #read: ReadRange
  readonly #blocks = new Map<number, Promise<Uint8Array>>()
  #indexes: Map<string, number[]> | undefined

  constructor(footer: Footer, read: ReadRange) {
    this.#footer = footer
    this.#read = read
  }

  get header(): FragmentHeader {
    return this.#footer.header
  }

  async readColumns(wanted: (column: ColumnHeader) => boolean): Promise<readonly Column[]> {
    return await this.#readAt([...this.#footer.columns.keys()].filter((index) => wanted(this.#footer.columns[index]!)))
  }

  async readNamed(name: string, type?: Column['type']): Promise<readonly Column[]> {
    const indexes = this.#indexesOf(name)
    return await this.#readAt(type === undefined ? indexes : indexes.filter((index) => this.#footer.columns[index]!.type === type))
  }

  async #readAt(indexes: readonly number[]): Promise<readonly Column[]> {
    const columns = this.#footer.columns
    const columnAt = await this.#readReferred(indexes.map((index) => columns[index]!))
    return await Promise.all(indexes.map(async (index) => columnAt(index) ?? (await this.#decode(columns[index]!, columnAt))))
  }

  /** A fragment may have thousands of columns, so none is looked for one by one. */
  #indexesOf(name: string): readonly number[] {
    if (this.#indexes === undefined) {
      this.#indexes = new Map()
      for (const [index, column] of this.#footer.columns.entries()) {
        const indexes = this.#indexes.get(column.name)
        if (indexes === undefined) this.#indexes.set(column.name, [index])
        else indexes.push(index)
      }
    }
    return this.#indexes.get(name) ?? []
  }

  #find(name: string, type: Column['type']): StoredColumn | undefined {
    for (const index of this.#indexesOf(name)) if (this.#footer.columns[index]!.type === type) return this.#footer.columns[index]
    return undefined
  }

  async readTemplates(name: string, type: Column['type']): Promise<Templates | undefined> {
    const column = this.#find(name, type)
    if (!isTemplateColumn(column)) return undefined
    const dictionaries = new Map<number, Strings>()
    for (const index of column.references) {
      const referred = this.#footer.columns[index]
      const stream = referred?.streams[0]
      if (referred?.layout === 'dictionary' && stream !== undefined) dictionaries.set(index, readDictionaryEntries(await this.#stream(stream), referred).entries)
    }
    const streams = await Promise.all(dataStreams(column).slice(0, 2).map(async (stream) => await this.#stream(stream)))
    return decodeTemplates(this.header.rows, streams, (index) => dictionaries.get(index))
  }

  async readTemplateTexts(name: string, type: Column['type'], readColumn: (column: ColumnHeader) => Promise<Column | undefined>): Promise<TemplateTexts | undefined> {
    const column = this.#find(name, type)
    if (!isTemplateColumn(column)) return undefined
    const streams = await Promise.all(dataStreams(column).map(async (stream) => await this.#stream(stream)))
    const referred = new Map<number, Column | undefined>()
    for (const index of column.references) {
      const header = this.header.columns[index]
      if (header !== undefined) referred.set(index, await readColumn(header))
    }
    return new TemplateColumn(streams, this.header.rows, (index) => referred.get(index))
  }

  async readTextRows(name: string, type: Column['type'], rows: Uint32Array): Promise<TextColumn | undefined> {
    const column = this.#find(name, type)
    if (column === undefined || !isTextColumn(column)) return undefined
    const needed = neededStreams(column, this.header.rows, rows)
    const streams = await Promise.all(dataStreams(column).map(async (stream, index) => (needed(index) ? await this.#stream(stream) : undefined)))
    return decodeTextRows(column, this.header.rows, rows, streams, await this.#readReferred([column]))
  }

  /** Decodes what these columns refer to. No reference leads to another. */
  async #readReferred(columns: readonly StoredColumn[]): Promise<ColumnAt> {
    const referred = new Map<number, Column>()
    const indexes = new Set(columns.flatMap(({ references }) => references))
    await Promise.all(
      [...indexes].map(async (index) => {
        const column = this.#footer.columns[index]
        if (column !== undefined) referred.set(index, await this.#decode(column, () => undefined))
      }),
    )
    return (index) => referred.get(index)
  }

  async #decode(column: StoredColumn, columnAt: ColumnAt): Promise<Column> {
    return decodeColumn(column, this.header.rows, await Promise.all(dataStreams(column).map(async (stream) => await this.#stream(stream))), columnAt)
  }

  async readTimeOffsets(): Promise<Float64Array> {
    return unpackNumbers(await this.#stream(this.#footer.times), this.header.rows)
  }

  async readDictionary(name: string, type: Column['type']): Promise<{ readonly entries: readonly string[]; readonly counts: Uint32Array } | undefined> {
    const column = this.#find(name, type)
    const stream = column?.streams[0]
    if (column?.layout !== 'dictionary' || stream === undefined) return undefined
    const { counts, entries } = readDictionaryEntries(await this.#stream(stream), column)
    return { entries: textsOf(entries), counts }
  }

  async mightContainWord(name: string, word: string): Promise<boolean> {
    const asked = wordHashes(stringsFrom([word]))?.hashes
    for (const column of this.#footer.columns) {
      if (column.name !== name) continue
      const words = await this.#filter(column, WORD_FILTER)
      if (words === undefined || asked === undefined || asked.every((hash) => mightContain(words, hash))) return true
    }
    return false
  }

  async mightContainValue(name: string, value: string): Promise<boolean> {
    // Bytes that are no UTF-8 are read as U+FFFD, but hashed as they are.
    if (value.includes('\ufffd')) return this.#footer.columns.some((column) => column.name === name)
    const strings = stringsFrom([value])
    const asked = { words: wordHashes(strings)?.hashes, values: valueHashes(strings) }
    for (const column of this.#footer.columns) {
      if (column.name !== name) continue
      const words = await this.#filter(column, WORD_FILTER)
      const values = await this.#filter(column, VALUE_FILTER)
      const isDenied =
        (words !== undefined && asked.words?.every((hash) => mightContain(words, hash)) === false) || (values !== undefined && asked.values?.every((hash) => mightContain(values, hash)) === false)
      if (!isDenied) return true
    }
    return false
  }

  async readTable(): Promise<Table> {
    const { rows, dayNs } = this.header
    return { rows, dayNs, timeOffsets: await this.readTimeOffsets(), columns: await this.readColumns(() => true) }
  }

  /** Filters are the last streams: values first, words after. Undefined when the column has no such filter. */
  async #filter(column: StoredColumn, filter: number): Promise<Uint8Array | undefined> {
    if ((column.filters & filter) === 0) return undefined
    const fromEnd = filter === VALUE_FILTER && (column.filters & WORD_FILTER) !== 0 ? 2 : 1
    const stream = column.streams[column.streams.length - fromEnd]
    if (stream === undefined) throw new FragmentCorruptError(`column ${column.name} lacks a filter`)
    return await this.#stream(stream)
  }

  async #stream(stream: StreamReference): Promise<Uint8Array> {
    if (stream.codec === STREAM_CODECS.shared) return sharedStream(await this.#block(stream), stream)
    return unpackStream(await this.#read(stream.start, stream.start + stream.encodedBytes), stream)
  }

  /** Kept as long as the fragment is open: most columns have a stream in it. */
  #block(stream: StreamReference): Promise<Uint8Array> {
    let block = this.#blocks.get(stream.crc)
    if (block === undefined) {
      block = this.#stream(blockOf(this.#footer, stream))
      this.#blocks.set(stream.crc, block)
      block.catch(() => this.#blocks.delete(stream.crc)) // so that a failed read is tried again
    }
    return block
  }
}

function readDictionaryEntries(stream: Uint8Array, { dictionarySize = 0 }: StoredColumn): { readonly counts: Uint32Array; readonly entries: Strings } {
  const reader = new ByteReader(stream)
  const counts = reader.u32Array(dictionarySize)
  return { counts, entries: readStrings(reader, dictionarySize) }
}

function blockOf({ blocks }: Footer, { crc }: StreamReference): StreamReference {
  const block = blocks[crc]
  if (block === undefined || block.codec === STREAM_CODECS.shared) throw new FragmentCorruptError(`there is no block ${crc}`)
  return block
}

function parseBytes(bytes: Uint8Array): Footer {
  return parseFooter(bytes.subarray(bytes.length - TRAILER_BYTES - footerLength(bytes, bytes.length)), bytes)
}

/** Length of the footer that ends `tail`, checked against the whole. */
function footerLength(tail: Uint8Array, encodedBytes: number): number {
  if (tail.length < TRAILER_BYTES || Buffer.compare(tail.subarray(tail.length - 4), FRAGMENT_END_MAGIC) !== 0) throw new FragmentCorruptError('the end mark is missing')
  const length = new ByteReader(tail.subarray(tail.length - TRAILER_BYTES)).u32()
  if (length + TRAILER_BYTES + FRAGMENT_MAGIC.length + 1 > encodedBytes) throw new FragmentCorruptError('the footer is longer than the fragment')
  return length
}

/** @param bytes the footer and the trailer. @param whole the fragment, where it is at hand: then its first bytes are checked too. */
function parseFooter(bytes: Uint8Array, whole?: Uint8Array): Footer {
  const footer = bytes.subarray(0, bytes.length - TRAILER_BYTES)
  const trailer = new ByteReader(bytes.subarray(footer.length))
  trailer.u32()
  if (crc32(footer) !== trailer.u32()) throw new FragmentCorruptError('the footer fails its checksum')
  if (whole !== undefined && (Buffer.compare(whole.subarray(0, 4), FRAGMENT_MAGIC) !== 0 || whole[4] !== FORMAT_VERSION)) throw new FragmentCorruptError('not a fragment of a known version')
  const reader = new ByteReader(footer)
  const rows = reader.u32()
  if (rows === 0 || rows > MAX_TABLE_ROWS) throw new FragmentCorruptError(`${rows} rows in one fragment`)
  const dayNs = reader.i64()
  const minTimeOffset = reader.f64()
  const maxTimeOffset = reader.f64()
  const times = readStreamReference(reader)
  const columns = Array.from({ length: reader.u32() }, () => parseColumn(reader))
  const blocks = Array.from({ length: reader.u32() }, () => readStreamReference(reader))
  return { header: { formatVersion: FORMAT_VERSION, rows, dayNs, minTimeOffset, maxTimeOffset, columns }, times, columns, blocks }
}

function parseColumn(reader: ByteReader): StoredColumn {
  const name = reader.text()
  const type = keyOf(TYPE_CODES, reader.u8())
  const storedLayout = keyOf(LAYOUT_CODES, reader.u8())
  const layout = storedLayout === 'template' ? 'text' : storedLayout
  const valueCount = reader.u32()
  const min = reader.f64()
  const max = reader.f64()
  const dictionarySize = reader.u32()
  const filters = reader.u8()
  const streams = Array.from({ length: reader.u32() }, () => readStreamReference(reader))
  const references = Array.from({ length: reader.u32() }, () => reader.u32())
  const encodedBytes = streams.reduce((sum, stream) => sum + stream.encodedBytes, 0)
  return {
    name, type, layout, storedLayout, valueCount, filters, streams, references, encodedBytes,
    min: Number.isNaN(min) ? undefined : min,
    max: Number.isNaN(max) ? undefined : max,
    dictionarySize: layout === 'dictionary' ? dictionarySize : undefined,
  }
}

function keyOf<K extends string>(codes: Record<K, number>, wanted: number): K {
  for (const key in codes) if (codes[key] === wanted) return key
  throw new FragmentCorruptError(`unknown code ${wanted}`)
}

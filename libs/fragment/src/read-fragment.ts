// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { crc32 } from 'node:zlib'
import { hashBytes, mightContain } from './bloom-filter.ts'
import { ByteReader, copyOf } from './bytes.ts'
import { FORMAT_VERSION, FRAGMENT_END_MAGIC, FRAGMENT_MAGIC, LAYOUT_CODES, TEXT_BLOCK_ROWS, TYPE_CODES, VALUE_FILTER, WORD_FILTER } from './encode-fragment.ts'
import { FragmentCorruptError, type ColumnHeader, type Fragment, type FragmentHeader, type ReadRange } from './fragment.ts'
import { unpackNumbers } from './integers.ts'
import { readStreamReference, unpackStream, type StreamReference } from './streams.ts'
import { textsOf } from './strings.ts'
import { MAX_TABLE_ROWS, type Column, type Strings, type Table } from './table.ts'

/** Opens a fragment of `encodedBytes` bytes; reads only its footer. @throws FragmentCorruptError */
export async function openFragment(read: ReadRange, encodedBytes: number): Promise<Fragment> {
  const tailStart = Math.max(0, encodedBytes - TAIL_READ_BYTES)
  let tail = await read(tailStart, encodedBytes)
  const footerBytes = footerLength(tail, encodedBytes)
  const footerStart = encodedBytes - TRAILER_BYTES - footerBytes
  if (footerStart < tailStart) tail = await read(footerStart, encodedBytes)
  return new OpenFragment(parseFooter(tail.subarray(tail.length - TRAILER_BYTES - footerBytes)), read)
}

/** The same over bytes in memory. @throws FragmentCorruptError */
export function openFragmentBytes(bytes: Uint8Array): Fragment {
  return new OpenFragment(parseBytes(bytes), (start, end) => Promise.resolve(bytes.subarray(start, end)))
}

/** Decodes everything at once. @throws FragmentCorruptError */
export function decodeFragment(bytes: Uint8Array): Table {
  const footer = parseBytes(bytes)
  const unpack = (stream: StreamReference): Uint8Array => unpackStream(bytes.subarray(stream.start, stream.start + stream.encodedBytes), stream)
  const { rows, dayNs } = footer.header
  return { rows, dayNs, timeOffsets: unpackNumbers(unpack(footer.times), rows), columns: footer.columns.map((column) => decodeColumn(column, rows, column.streams.map(unpack))) }
}

/** Footer length u32, footer CRC u32, magic. */
const TRAILER_BYTES = 12
/** One read brings the footer of nearly every fragment. */
const TAIL_READ_BYTES = 32 * 1024

interface StoredColumn extends ColumnHeader {
  readonly filters: number
  readonly streams: readonly StreamReference[]
}

interface Footer {
  readonly header: FragmentHeader
  readonly times: StreamReference
  readonly columns: readonly StoredColumn[]
}

class OpenFragment implements Fragment {
  readonly #footer: Footer
  readonly #read: ReadRange

  constructor(footer: Footer, read: ReadRange) {
    this.#footer = footer
    this.#read = read
  }

  get header(): FragmentHeader {
    return this.#footer.header
  }

  async readColumns(wanted: (column: ColumnHeader) => boolean): Promise<readonly Column[]> {
    return await Promise.all(
      this.#footer.columns.filter(wanted).map(async (column) => decodeColumn(column, this.header.rows, await Promise.all(column.streams.map(async (stream) => await this.#stream(stream))))),
    )
  }

  async readTimeOffsets(): Promise<Float64Array> {
    return unpackNumbers(await this.#stream(this.#footer.times), this.header.rows)
  }

  async readDictionary(name: string, type: Column['type']): Promise<{ readonly entries: readonly string[]; readonly counts: Uint32Array } | undefined> {
    const column = this.#footer.columns.find((candidate) => candidate.name === name && candidate.type === type)
    const stream = column?.streams[0]
    if (column?.layout !== 'dictionary' || stream === undefined) return undefined
    const reader = new ByteReader(await this.#stream(stream))
    const counts = reader.u32Array(column.dictionarySize ?? 0)
    return { entries: textsOf(readStrings(reader, column.dictionarySize ?? 0)), counts }
  }

  async mightContainWord(name: string, word: string): Promise<boolean> {
    if (/[^\x00-\x7f]/.test(word)) return this.#footer.columns.some((column) => column.name === name)
    return await this.#mightContain(name, word, WORD_FILTER)
  }

  async mightContainValue(name: string, value: string): Promise<boolean> {
    return await this.#mightContain(name, value, VALUE_FILTER)
  }

  async readTable(): Promise<Table> {
    const { rows, dayNs } = this.header
    return { rows, dayNs, timeOffsets: await this.readTimeOffsets(), columns: await this.readColumns(() => true) }
  }

  async #mightContain(name: string, text: string, filter: number): Promise<boolean> {
    const bytes = Buffer.from(text, 'utf8')
    const hash = hashBytes(bytes, 0, bytes.length)
    for (const column of this.#footer.columns) {
      if (column.name !== name) continue
      if ((column.filters & filter) === 0) return true
      // Filters are the last streams: values first, words after.
      const fromEnd = filter === VALUE_FILTER && (column.filters & WORD_FILTER) !== 0 ? 2 : 1
      const stream = column.streams[column.streams.length - fromEnd]
      if (stream === undefined || mightContain(await this.#stream(stream), hash)) return true
    }
    return false
  }

  async #stream(stream: StreamReference): Promise<Uint8Array> {
    return unpackStream(await this.#read(stream.start, stream.start + stream.encodedBytes), stream)
  }
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
  return { header: { formatVersion: FORMAT_VERSION, rows, dayNs, minTimeOffset, maxTimeOffset, columns }, times, columns }
}

function parseColumn(reader: ByteReader): StoredColumn {
  const name = reader.text()
  const type = keyOf(TYPE_CODES, reader.u8())
  const layout = keyOf(LAYOUT_CODES, reader.u8())
  const valueCount = reader.u32()
  const min = reader.f64()
  const max = reader.f64()
  const dictionarySize = reader.u32()
  const filters = reader.u8()
  const streams = Array.from({ length: reader.u32() }, () => readStreamReference(reader))
  const encodedBytes = streams.reduce((sum, stream) => sum + stream.encodedBytes, 0)
  return {
    name, type, layout, valueCount, filters, streams, encodedBytes,
    min: Number.isNaN(min) ? undefined : min,
    max: Number.isNaN(max) ? undefined : max,
    dictionarySize: layout === 'dictionary' ? dictionarySize : undefined,
  }
}

function decodeColumn(column: StoredColumn, rows: number, streams: readonly Uint8Array[]): Column {
  const { name, type, layout } = column
  const rest = [...streams]
  const next = (): Uint8Array => {
    const stream = rest.shift()
    if (stream === undefined) throw new FragmentCorruptError(`column ${name} lacks a stream`)
    return stream
  }
  const present = (): Uint8Array | undefined => (column.valueCount < rows ? next() : undefined)
  if (layout === 'dictionary' && isStringType(type)) {
    const size = column.dictionarySize ?? 0
    const reader = new ByteReader(next())
    reader.u32Array(size)
    const dictionary = readStrings(reader, size)
    return { layout, name, type, dictionary, codes: readCodes(next(), size, rows) }
  }
  if (layout === 'text' && isStringType(type)) {
    const isPresent = present()
    const blocks: Strings[] = []
    for (let start = 0; start < rows; start += TEXT_BLOCK_ROWS) blocks.push(readStrings(new ByteReader(next()), Math.min(TEXT_BLOCK_ROWS, rows - start)))
    return { layout, name, type, present: isPresent, strings: concatStrings(blocks) }
  }
  if (layout === 'number' && type === 'number') {
    const isPresent = present()
    return { layout, name, type, present: isPresent, values: unpackNumbers(next(), rows) }
  }
  if (layout === 'literal' && type === 'literal') return { layout, name, type, codes: next() }
  throw new FragmentCorruptError(`column ${name} has type ${type} in layout ${layout}`)
}

function isStringType(type: Column['type']): type is 'string' | 'json' | 'numeral' {
  return type === 'string' || type === 'json' || type === 'numeral'
}

function readStrings(reader: ByteReader, count: number): Strings {
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

function keyOf<K extends string>(codes: Record<K, number>, wanted: number): K {
  for (const key in codes) if (codes[key] === wanted) return key
  throw new FragmentCorruptError(`unknown code ${wanted}`)
}

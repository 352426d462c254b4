import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ByteWriter, type ByteReader } from './bytes.ts'
import { FragmentCorruptError } from './fragment.ts'

/** Where one stream stands in a fragment, and how it is packed. */
export interface StreamReference {
  readonly codec: number
  /** Bytes `[start, start + encodedBytes)` of the fragment. */
  readonly start: number
  readonly encodedBytes: number
  readonly rawBytes: number
  /** CRC-32 of the encoded bytes. */
  readonly crc: number
}

/** How a stream is packed. Never renumber: old files hold them. */
export const STREAM_CODECS = { raw: 0, zstd: 1, sparse: 2, shared: 3 } as const

/**
 * Lays the streams of a fragment out behind its head. A large stream is packed by itself; small ones go together into blocks, since a call of zstd costs as much as
 * some 20 KB of its work and a batch of a hundred events has dozens of streams. A shared stream's reference tells where it is in its block, before packing,
 * and `crc` is the block's number.
 */
export class StreamWriter {
  readonly #body: ByteWriter
  readonly #purpose: keyof typeof ZSTD_OPTIONS
  readonly #blocks: StreamReference[] = []
  #block = new ByteWriter(4096)

  constructor(body: ByteWriter, purpose: keyof typeof ZSTD_OPTIONS) {
    this.#body = body
    this.#purpose = purpose
  }

  write(raw: Uint8Array): StreamReference {
    const sparse = raw.length >= MIN_COMPRESSED_BYTES ? packSparse(raw) : undefined
    if (sparse !== undefined) return this.#append(STREAM_CODECS.sparse, sparse, raw.length)
    if (raw.length >= MIN_LARGE_BYTES || raw.length === 0) return this.#pack(raw)
    if (this.#block.length + raw.length > MAX_BLOCK_BYTES) this.#closeBlock()
    const start = this.#block.length
    this.#block.raw(raw)
    return { codec: STREAM_CODECS.shared, start, encodedBytes: raw.length, rawBytes: raw.length, crc: this.#blocks.length }
  }

  /** Ends the last block. Answers all of them, in the order of their numbers. */
  finish(): readonly StreamReference[] {
    if (this.#block.length > 0) this.#closeBlock()
    return this.#blocks
  }

  #closeBlock(): void {
    this.#blocks.push(this.#pack(this.#block.finish()))
    this.#block = new ByteWriter(4096)
  }

  #pack(raw: Uint8Array): StreamReference {
    if (raw.length >= MIN_COMPRESSED_BYTES) {
      const packed = zstdCompressSync(raw, ZSTD_OPTIONS[this.#purpose])
      if (packed.length < raw.length) return this.#append(STREAM_CODECS.zstd, packed, raw.length)
    }
    return this.#append(STREAM_CODECS.raw, raw, raw.length)
  }

  #append(codec: number, encoded: Uint8Array, rawBytes: number): StreamReference {
    const start = this.#body.length
    this.#body.raw(encoded)
    return { codec, start, encodedBytes: encoded.length, rawBytes, crc: crc32(encoded) }
  }
}

/** A stream out of its unpacked block. @throws FragmentCorruptError */
export function sharedStream(block: Uint8Array, { start, rawBytes }: StreamReference): Uint8Array {
  if (start + rawBytes > block.length) throw new FragmentCorruptError('a stream lies beyond its block')
  return block.subarray(start, start + rawBytes)
}

/** Checks and unpacks the bytes of a stream. @throws FragmentCorruptError */
export function unpackStream(encoded: Uint8Array, stream: StreamReference): Uint8Array {
  if (encoded.length !== stream.encodedBytes || crc32(encoded) !== stream.crc) throw new FragmentCorruptError('a stream fails its checksum')
  if (stream.codec === STREAM_CODECS.raw) return encoded
  if (stream.codec === STREAM_CODECS.sparse) return unpackSparse(encoded, stream.rawBytes)
  if (stream.codec !== STREAM_CODECS.zstd) throw new FragmentCorruptError(`unknown stream codec ${stream.codec}`)
  try {
    // A chunk of the whole length plus one saves zlib from growing its output piece by piece.
    const raw = zstdDecompressSync(encoded, { chunkSize: Math.max(64, stream.rawBytes + 1), maxOutputLength: stream.rawBytes + 1 })
    if (raw.length !== stream.rawBytes) throw new FragmentCorruptError('a stream unpacks to another length')
    return raw
  } catch (cause) {
    if (cause instanceof FragmentCorruptError) throw cause
    throw new FragmentCorruptError('a stream does not unpack', { cause })
  }
}

/**
 * A stream of zeros but for a few bytes: positions u32 x n, then the n bytes. Attributes that one event in thousands has are such streams, and a
 * fragment with thousands of them would spend its time in calls of zstd. Undefined when there are more than {@link MAX_SPARSE_BYTES}.
 */
function packSparse(raw: Uint8Array): Uint8Array | undefined {
  const positions: number[] = []
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] === 0) continue
    if (positions.length === MAX_SPARSE_BYTES) return undefined
    positions.push(i)
  }
  const bytes = Buffer.allocUnsafe(positions.length * 5)
  for (const [index, position] of positions.entries()) {
    bytes.writeUInt32LE(position, index * 4)
    bytes[positions.length * 4 + index] = raw[position] ?? 0
  }
  return bytes
}

function unpackSparse(encoded: Uint8Array, rawBytes: number): Uint8Array {
  const raw = new Uint8Array(rawBytes)
  const count = encoded.length / 5
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  for (let index = 0; index < count; index++) {
    const position = view.getUint32(index * 4, true)
    if (position >= rawBytes) throw new FragmentCorruptError('a sparse stream points beyond its end')
    raw[position] = encoded[count * 4 + index] ?? 0
  }
  return raw
}

/** Layout: codec u8, start u32, encodedBytes u32, rawBytes u32, crc u32. */
export function writeStreamReference(footer: ByteWriter, stream: StreamReference): void {
  footer.u8(stream.codec)
  footer.u32(stream.start)
  footer.u32(stream.encodedBytes)
  footer.u32(stream.rawBytes)
  footer.u32(stream.crc)
}

export function readStreamReference(footer: ByteReader): StreamReference {
  const stream = { codec: footer.u8(), start: footer.u32(), encodedBytes: footer.u32(), rawBytes: footer.u32(), crc: footer.u32() }
  if (stream.rawBytes > MAX_STREAM_BYTES) throw new FragmentCorruptError('a stream claims more bytes than a fragment may hold')
  return stream
}

/** A zstd call costs 12-15 µs; below this size it saves too little. */
const MIN_COMPRESSED_BYTES = 96
/** From here on a stream is worth a call of zstd of its own, and a reader that wants only it need not unpack others. */
const MIN_LARGE_BYTES = 16 * 1024
/** What a reader unpacks at most for one small stream: half a millisecond. */
const MAX_BLOCK_BYTES = 512 * 1024
/** 80 bytes at most, never more than what is replaced; with more of them zstd packs better. */
const MAX_SPARSE_BYTES = 16
/** Level 1 is best for text as it stands, level 3 finds the ids that come again among raw ones. Higher gains nothing on typed streams. */
export const ZSTD_OPTIONS = { fresh: { params: { [constants.ZSTD_c_compressionLevel]: 1 } }, sealed: { params: { [constants.ZSTD_c_compressionLevel]: 3 } } }
/** Offsets inside a stream are u32, and memory for it is reserved at once. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024

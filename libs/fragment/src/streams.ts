import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { ByteReader, ByteWriter } from './bytes.ts'
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
export const STREAM_CODECS = { raw: 0, zstd: 1, sparse: 2 } as const

/** Appends a stream to the body, packed when that saves bytes. */
export function writeStream(body: ByteWriter, raw: Uint8Array, purpose: keyof typeof ZSTD_OPTIONS): StreamReference {
  let codec: number = STREAM_CODECS.raw
  let encoded = raw
  const sparse = raw.length >= MIN_COMPRESSED_BYTES ? packSparse(raw) : undefined
  if (sparse !== undefined) {
    codec = STREAM_CODECS.sparse
    encoded = sparse
  } else if (raw.length >= MIN_COMPRESSED_BYTES) {
    const packed = zstdCompressSync(raw, ZSTD_OPTIONS[purpose])
    if (packed.length < raw.length) {
      codec = STREAM_CODECS.zstd
      encoded = packed
    }
  }
  const start = body.length
  body.raw(encoded)
  return { codec, start, encodedBytes: encoded.length, rawBytes: raw.length, crc: crc32(encoded) }
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
/** 80 bytes at most, never more than what is replaced; with more of them zstd packs better. */
const MAX_SPARSE_BYTES = 16
/** Level 1 is best for text as it stands, level 3 finds the ids that come again among raw ones. Higher gains nothing on typed streams. */
export const ZSTD_OPTIONS = { fresh: { params: { [constants.ZSTD_c_compressionLevel]: 1 } }, sealed: { params: { [constants.ZSTD_c_compressionLevel]: 3 } } }
/** Offsets inside a stream are u32, and memory for it is reserved at once. */
const MAX_STREAM_BYTES = 256 * 1024 * 1024

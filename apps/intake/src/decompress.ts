import assert from 'node:assert/strict'
import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw, createZstdDecompress, type Zlib, type ZlibOptions } from 'node:zlib'
import { BodyRefusedError } from './body-refused.ts'

/**
 * Undoes a `Content-Encoding`, the last of several first. The result never grows beyond `maxBytes`, whatever the body claims: decompression stops there.
 *
 * @param hold told of every piece before the next is made; what it throws ends the decompression.
 * @throws {BodyRefusedError} 415 for an unknown encoding, 413 for too many bytes or too high a ratio, 400 for damaged bytes.
 */
export async function decompress(body: Uint8Array, encoding: string, maxBytes: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  const names = encoding.split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '' && name !== 'identity')
  if (names.length > MAX_ENCODINGS) throw new BodyRefusedError(415, 'unsupported-encoding', `Content-Encoding names more than ${MAX_ENCODINGS} encodings`)
  let decoded = body
  for (const name of names.reverse()) decoded = await undo(name, decoded, maxBytes, hold)
  return decoded
}

/** A proxy may add one to the sender's. */
const MAX_ENCODINGS = 3

async function undo(name: string, body: Uint8Array, maxBytes: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  const open = DECODERS.get(name)
  if (open === undefined) throw new BodyRefusedError(415, 'unsupported-encoding', 'Content-Encoding must be gzip, zstd, deflate, br or identity')
  if (body.length === 0) return body
  const limit = Math.min(maxBytes, Math.max(MIN_RATIO_BYTES, body.length * MAX_RATIO))
  const frames: Uint8Array[] = []
  let start = 0
  let total = 0
  // Node decodes all members of a gzip body, but only the first frame of a zstd body.
  while (start < body.length) {
    if (frames.length === MAX_FRAMES) throw new BodyRefusedError(413, 'body-too-large', `the body has more than ${MAX_FRAMES} frames`)
    const rest = body.subarray(start)
    const { bytes, consumed } = await runDecoder(open(rest), rest, limit - total, maxBytes, hold)
    assert(consumed > 0, 'a decoder that ends has read something')
    frames.push(bytes)
    total += bytes.length
    start += name === 'zstd' ? consumed : rest.length
  }
  return frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames)
}

/** Repetitive logs reach some hundreds to one; only bombs go beyond. */
const MAX_RATIO = 1000
/** Each costs a decoder. A writer that ends a frame for each of its flushes makes some hundreds at most. */
const MAX_FRAMES = 1024
/** Below it a ratio says nothing: a small body of one repeated line is harmless. */
const MIN_RATIO_BYTES = 1024 * 1024
/** One output buffer per call for common bodies; small ones would spend their time in allocating it. */
const CHUNK_BYTES = 256 * 1024

const OPTIONS: ZlibOptions = { chunkSize: CHUNK_BYTES }
const DECODERS: ReadonlyMap<string, (body: Uint8Array) => Decoder> = new Map<string, (body: Uint8Array) => Decoder>([
  ['gzip', () => createGunzip(OPTIONS)],
  ['x-gzip', () => createGunzip(OPTIONS)],
  ['deflate', openInflate],
  ['x-deflate', openInflate],
  ['br', () => createBrotliDecompress({ chunkSize: CHUNK_BYTES })],
  ['zstd', () => createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: MAX_ZSTD_WINDOW_LOG } })],
])
/** 8 MiB, what RFC 9659 asks of HTTP: a frame cannot make the decoder reserve more. */
const MAX_ZSTD_WINDOW_LOG = 23

/** RFC 9110 means the zlib format; some clients send bare deflate. */
function openInflate(body: Uint8Array): Decoder {
  return ((body[0] ?? 0) & 0x0f) === 8 ? createInflate(OPTIONS) : createInflateRaw(OPTIONS)
}

type Decoder = NodeJS.ReadWriteStream & Pick<Zlib, 'bytesWritten'> & { destroy(): void }

function runDecoder(decoder: Decoder, body: Uint8Array, limit: number, maxBytes: number, hold: (bytes: number) => void): Promise<{ readonly bytes: Uint8Array; readonly consumed: number }> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let total = 0
    decoder.on('data', (chunk: Uint8Array) => {
      total += chunk.length
      chunks.push(chunk)
      try {
        hold(chunk.length)
      } catch (error) {
        decoder.destroy()
        reject(error)
        return
      }
      if (total <= limit) return
      decoder.destroy()
      reject(new BodyRefusedError(413, 'body-too-large', limit < maxBytes ? `the body grows more than ${MAX_RATIO} times when decompressed` : `the decompressed body is larger than ${maxBytes} bytes`))
    })
    decoder.on('error', (cause) => {
      reject(new BodyRefusedError(400, 'damaged-body', 'the body is not what Content-Encoding says, or is cut off', { cause }))
    })
    decoder.on('end', () => {
      resolve({ bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks), consumed: decoder.bytesWritten })
    })
    decoder.end(body)
  })
}

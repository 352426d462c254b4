import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { crc32c } from './kafka-crc32c.ts'

export type Kafkajs = typeof import('kafkajs')

/** kafkajs 2.2.4 with what it lacks, set before it is loaded: docs/design/bus.md lists its faults. Once per process; later calls return the same. */
export function loadKafkajs(): Kafkajs {
  if (loaded !== undefined) return loaded
  replaceCrc()
  growWithoutZeros()
  quietIdleConnections()
  const kafkajs: Kafkajs = require('kafkajs')
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => zstdCodec
  loaded = kafkajs
  return kafkajs
}

const require = createRequire(import.meta.url)
let loaded: Kafkajs | undefined

/** Its own costs half of an append. */
function replaceCrc(): void {
  const path = require.resolve('kafkajs/src/protocol/recordBatch/crc32C/index.js')
  require(path)
  const module = require.cache[path]
  if (module !== undefined) module.exports = crc32c
}

interface KafkaEncoder {
  buf: Buffer
  readonly offset: number
  ensureAvailable(length: number): void
}

/** An append is copied through seven encoders, each of which would first fill up to twice the bytes with zeros. Only what was written is ever sent. */
function growWithoutZeros(): void {
  const { prototype }: { readonly prototype: KafkaEncoder } = require('kafkajs/src/protocol/encoder.js')
  prototype.ensureAvailable = function (this: KafkaEncoder, length: number): void {
    const needed = this.offset + length
    if (needed <= this.buf.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buf.length * 2))
    this.buf.copy(grown, 0, 0, this.offset)
    this.buf = grown
  }
}

/** What is needed of kafkajs' queue of one connection's requests. */
export interface KafkaRequestQueue {
  readonly pending: readonly unknown[]
  readonly throttleCheckTimeoutId: NodeJS.Timeout | null
  /** Sets a timer to look at what waits. */
  scheduleCheckPendingRequests(): void
}

/**
 * After its first answer an idle connection of kafkajs sets a timer with a negative time again and again: it wakes every millisecond, and Node 24
 * warns of it (kafkajs issue 1751). Changed to set a timer only while something waits, which is when the time is positive.
 */
function quietIdleConnections(): void {
  const { prototype }: { readonly prototype: KafkaRequestQueue } = require('kafkajs/src/network/requestQueue/index.js')
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: KafkaRequestQueue): void {
    if (this.pending.length > 0) schedule.call(this)
  }
}

/** Fast: what is worth more has been done by the fragment codec. */
const ZSTD_LEVEL = 1
/** Largest answer of a decompressor: a broker may hold what other producers wrote, and a bomb must not take the process. */
const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

const zstdCodec = {
  compress: async ({ buffer }: { readonly buffer: Buffer }): Promise<Buffer> => await compress(buffer, { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }),
  decompress: async (buffer: Buffer): Promise<Buffer> => await decompress(buffer, { maxOutputLength: MAX_DECOMPRESSED_BYTES }),
}

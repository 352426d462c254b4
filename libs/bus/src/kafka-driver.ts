import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import { crc32c } from './kafka-crc32c.ts'

export type Kafkajs = typeof import('kafkajs')

/** kafkajs 2.2.4 with what it lacks, set before it is loaded: docs/design/bus.md lists its faults. Once per process; later calls return the same. */
export function loadKafkajs(): Kafkajs {
  if (loaded !== undefined) return loaded
  replaceCrc()
  copyOnlyWholes()
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

/** What is needed of kafkajs' encoder: bytes are written into `buf` up to `offset`. */
export interface KafkaEncoder {
  buf: Buffer
  offset: number
  /** All that was written. */
  readonly buffer: Buffer
  size(): number
  ensureAvailable(length: number): void
  writeInt32(value: number): this
  writeBufferInternal(bytes: Buffer): void
  writeBytes(value: Buffer | string | null | undefined): this
  writeEncoder(encoder: KafkaEncoder): this
  writeEncoderArray(encoders: readonly KafkaEncoder[]): this
  /** Ours: what stands before `buf`. */
  before?: Buffer[]
}

/**
 * An append passes through nine encoders, each of which would copy it into up to twice the bytes, filled with zeros first. Large bytes are only referred to, and copied
 * where the whole is asked for: for the checksum and for the socket.
 */
function copyOnlyWholes(): void {
  const { prototype }: { readonly prototype: KafkaEncoder } = require('kafkajs/src/protocol/encoder.js')
  const { writeBytes, writeBufferInternal } = prototype
  prototype.ensureAvailable = function (length) {
    const needed = this.offset + length
    if (needed <= this.buf.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buf.length * 2))
    this.buf.copy(grown, 0, 0, this.offset)
    this.buf = grown
  }
  prototype.writeBufferInternal = function (bytes) {
    if (bytes.length < LARGE_BYTES) {
      writeBufferInternal.call(this, bytes)
      return
    }
    const before = (this.before ??= [])
    if (this.offset > 0) before.push(this.buf.subarray(0, this.offset))
    before.push(bytes)
    this.buf = this.buf.subarray(this.offset)
    this.offset = 0
  }
  prototype.writeBytes = function (value) {
    if (!Buffer.isBuffer(value) || value.length < LARGE_BYTES) return writeBytes.call(this, value) as typeof this
    this.writeInt32(value.length).writeBufferInternal(value)
    return this
  }
  prototype.writeEncoder = function (encoder) {
    for (const bytes of encoder.before ?? []) this.writeBufferInternal(bytes)
    this.writeBufferInternal(encoder.buf.subarray(0, encoder.offset))
    return this
  }
  prototype.writeEncoderArray = function (encoders) {
    for (const encoder of encoders) this.writeEncoder(encoder)
    return this
  }
  prototype.size = function () {
    return (this.before ?? []).reduce((sum, { length }) => sum + length, this.offset)
  }
  Object.defineProperty(prototype, 'buffer', {
    get(this: KafkaEncoder) {
      const last = this.buf.subarray(0, this.offset)
      if (this.before === undefined) return last
      const whole = Buffer.concat([...this.before, last])
      this.before = [whole]
      this.buf = this.buf.subarray(this.offset)
      this.offset = 0
      return whole
    },
  })
}

/** Below it, copying costs less than remembering where the bytes are. */
const LARGE_BYTES = 4096

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

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { createRequire } from 'node:module'
import { zstdCompressSync } from 'node:zlib'
import { crc32c } from './kafka-crc32c.ts'
import { loadKafkajs, type KafkaEncoder, type KafkaRequestQueue } from './kafka-driver.ts'

const require = createRequire(import.meta.url)

describe('kafkajs as we load it', () => {
  it('sets no timer while no request waits, and one while one does', () => {
    loadKafkajs()
    const { prototype }: { readonly prototype: KafkaRequestQueue } = require('kafkajs/src/network/requestQueue/index.js')
    const queue: KafkaRequestQueue & { pending: unknown[] } = Object.assign(Object.create(prototype), { pending: [], throttledUntil: -1, throttleCheckTimeoutId: null })
    queue.scheduleCheckPendingRequests()
    expect(queue.throttleCheckTimeoutId).toBeNull()
    queue.pending.push({})
    queue.scheduleCheckPendingRequests()
    expect(queue.throttleCheckTimeoutId).not.toBeNull()
    clearTimeout(queue.throttleCheckTimeoutId ?? undefined)
  })

  it('checks record batches by our CRC-32C, which gives what its own gave', () => {
    loadKafkajs()
    expect(require('kafkajs/src/protocol/recordBatch/crc32C/index.js')).toBe(crc32c)
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
    const own: (bytes: Buffer) => number = require('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js')
    for (let length = 0; length < 100; length++) {
      const bytes = randomBytes(length)
      expect(crc32c(bytes)).toBe(own(bytes))
    }
  })

  it('encodes bytes of any size as its own encoder does', () => {
    loadKafkajs()
    const path = require.resolve('kafkajs/src/protocol/encoder.js')
    const Ours: new () => KafkaEncoder = require(path)
    const ours = require.cache[path]
    delete require.cache[path]
    const Own: new () => KafkaEncoder = require(path)
    require.cache[path] = ours
    const size = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(4095, 4096, 4097), fc.integer({ min: 0, max: 100_000 }))
    const step = fc.record({ how: fc.constantFrom('bytes', 'int', 'encoder', 'array', 'look'), size, seed: fc.nat(255) })
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const write = (Encoder: new () => KafkaEncoder): KafkaEncoder => {
        const encoder = new Encoder()
        const inner = (bytes: Buffer): KafkaEncoder => new Encoder().writeInt32(bytes.length).writeBytes(bytes).writeInt32(7)
        for (const { how, size: length, seed } of steps) {
          const bytes = Buffer.alloc(length, seed)
          if (how === 'bytes') encoder.writeBytes(bytes)
          else if (how === 'int') encoder.writeInt32(seed)
          else if (how === 'encoder') encoder.writeEncoder(inner(bytes))
          else if (how === 'array') encoder.writeEncoderArray([inner(bytes), inner(bytes)])
          else expect(encoder.buffer.length).toBe(encoder.size())
        }
        return encoder
      }
      const [mine, its] = [write(Ours), write(Own)]
      expect(mine.size()).toBe(its.size())
      expect(mine.buffer.equals(its.buffer)).toBe(true)
      expect(mine.buffer.equals(its.buffer)).toBe(true) // asked again
    }))
  })

  it('reads and writes zstd', async () => {
    const { CompressionCodecs, CompressionTypes } = loadKafkajs()
    const codec = CompressionCodecs[CompressionTypes.ZSTD]()
    const bytes = Buffer.alloc(300_000, 'events')
    const compressed = await codec.compress({ buffer: bytes })
    expect(compressed.length).toBeLessThan(1000)
    expect(bytes.equals(await codec.decompress(compressed))).toBe(true)
    await expect(codec.decompress(zstdCompressSync(Buffer.alloc(65 * 1024 * 1024)))).rejects.toThrow('larger')
  })
})

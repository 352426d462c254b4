import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { zstdCompressSync } from 'node:zlib'
import { crc32c } from './kafka-crc32c.ts'
import { loadKafkajs, type KafkaRequestQueue } from './kafka-driver.ts'

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

import fc from 'fast-check'
import { createBlockReads } from './block-reads.ts'

describe('reads by blocks', () => {
  it('answer what direct reads answer, in buffers of their own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 64 }), fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }), async (size, blockBytes, ranges) => {
        const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7919) % 251)
        const read = createBlockReads((start, end) => Promise.resolve(bytes.slice(start, end)), size, blockBytes)
        for (const [a, b] of ranges) {
          const [start = 0, end = 0] = [a % (size + 1), b % (size + 1)].sort((x, y) => x - y)
          const answer = await read(start, end)
          expect([...answer]).toEqual([...bytes.subarray(start, end)])
          answer.fill(0)
        }
      }),
    )
  })

  it('ask once for many neighbours, and again after a failure', async () => {
    let asked = 0
    let isDown = true
    const read = createBlockReads(async (start, end) => {
      asked += 1
      if (isDown) throw new Error('down')
      return await Promise.resolve(new Uint8Array(end - start))
    }, 1000, 100)
    await expect(read(0, 10)).rejects.toThrow('down')
    isDown = false
    for (let start = 0; start < 200; start += 10) await read(start, start + 10)
    expect(asked).toBe(3)
  })
})

import fc from 'fast-check'
import { readLines } from './read-lines.ts'

describe('lines of a streamed answer', () => {
  it('are the same however the bytes were cut', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '😀', ' ', '"') }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 7 }), async (lines, bytesAtOnce) => {
      const bytes = new TextEncoder().encode(lines.join('\n'))
      const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
        start(controller) {
          for (let at = 0; at < bytes.length; at += bytesAtOnce) controller.enqueue(bytes.slice(at, at + bytesAtOnce))
          controller.close()
        },
      })
      const read: string[] = []
      for await (const line of readLines({ body })) read.push(line)
      expect(read).toEqual(lines.at(-1) === '' ? lines.slice(0, -1) : lines)
    }))
  })
})

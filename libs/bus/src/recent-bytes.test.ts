import fc from 'fast-check'
import { Fifo } from './fifo.ts'
import { RecentBytes } from './recent-bytes.ts'

describe('recent bytes', () => {
  it('find the newest bytes at their places, and never others', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ length: fc.integer({ min: 1, max: 200 }), isNewSegment: fc.boolean() }), { minLength: 1, maxLength: 60 }), (appends) => {
        const recent = new RecentBytes(5000)
        const written: { segment: number; position: number; bytes: Buffer }[] = []
        let [segment, position] = [1, 0]
        for (const [index, { length, isNewSegment }] of appends.entries()) {
          if (isNewSegment) [segment, position] = [segment + 1, 100]
          const bytes = Buffer.alloc(length, index)
          written.push({ segment, position, bytes })
          recent.add(segment, position, bytes)
          position += length
        }
        const found = written.map((each) => recent.find(each.segment, each.position, each.bytes.length))
        // What is kept is a newest part without gaps, and the last append is always in it.
        const first = found.findIndex((bytes) => bytes !== undefined)
        found.slice(first).forEach((bytes, index) => expect(bytes?.equals(written[first + index]?.bytes ?? Buffer.alloc(0))).toBe(true))
        expect(first).toBeGreaterThanOrEqual(0)
        expect(written.slice(first).reduce((sum, { bytes }) => sum + bytes.length + 300, 0)).toBeLessThanOrEqual(5000)
        expect(recent.find(segment, position, 1)).toBeUndefined()
        expect(recent.find(segment + 1, 0, 1)).toBeUndefined()
      }),
    )
  })

  it('stand in a queue that behaves as an array', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('push', 'push', 'shift'), { maxLength: 400 }), (steps) => {
        const queue = new Fifo<number>()
        const model: number[] = []
        steps.forEach((step, value) => {
          if (step === 'push') {
            queue.push(value)
            model.push(value)
          } else expect(queue.shift()).toBe(model.shift())
          expect([queue.length, queue.at(-1), queue.at(0), queue.at(model.length - 1), queue.at(model.length)]).toEqual([model.length, undefined, model[0], model.at(-1), undefined])
        })
      }),
    )
  })
})

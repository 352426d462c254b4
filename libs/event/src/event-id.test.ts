import fc from 'fast-check'
import { eventIdText, parseEventId } from './event-id.ts'

const count = fc.maxSafeNat()
const eventId = fc.record({ generation: fc.stringMatching(/^[a-z0-9]{1,12}$/), partition: count, offset: count, row: count })

describe('an event id', () => {
  it('is read back as it was written, and needs no escape in a URL', () => {
    fc.assert(fc.property(eventId, (id) => {
      const text = eventIdText(id)
      expect(parseEventId(text)).toEqual(id)
      expect(encodeURIComponent(text)).toBe(text)
    }))
  })

  it('has one text', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9]{0,3}-\d{0,3}-\d{1,18}-\d{1,3}$/)), (text) => {
      const id = parseEventId(text)
      if (id !== undefined) expect(eventIdText(id)).toBe(text)
    }))
  })

  it.each(['', 'g1-1-2', 'g1-1-2-3-4', 'g1-01-2-3', 'g1--1-2-3', 'G1-1-2-3', 'g1-1-2-9007199254740992', 'g1-1-2-3\n'])('is not %j', (text) => {
    expect(parseEventId(text)).toBeUndefined()
  })
})

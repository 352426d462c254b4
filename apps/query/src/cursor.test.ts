import fc from 'fast-check'
import { cursorText, parseCursor } from './cursor.ts'

const cursor = fc.record({
  fromNs: fc.bigInt({ min: 0n, max: 1n << 62n }), toNs: fc.bigInt({ min: 0n, max: 1n << 62n }), timestampNs: fc.bigInt({ min: 0n, max: 1n << 62n }),
  id: fc.record({ generation: fc.stringMatching(/^[a-z0-9]{1,12}$/), partition: fc.nat(1000), offset: fc.nat(), row: fc.nat() }),
})

describe('a cursor', () => {
  it('comes back as it was', () => {
    fc.assert(fc.property(cursor, fc.string(), (value, question) => {
      expect(parseCursor(cursorText(value, question), question)).toEqual(value)
    }))
  })

  it('belongs to its question', () => {
    fc.assert(fc.property(cursor, (value) => {
      expect(parseCursor(cursorText(value, 'service:web\ndesc'), 'service:api\ndesc')).toBeUndefined()
    }))
  })

  it('is nothing else', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      expect(parseCursor(text, 'q')).toBeUndefined()
    }))
  })
})

import fc from 'fast-check'
import { objectKeyText, parseObjectKey } from './fragment-store.ts'

describe('the text of an object key', () => {
  it('is read back as the same key', () => {
    fc.assert(
      fc.property(
        fc.record({
          stream: fc.tuple(fc.stringMatching(/^[a-z0-9]{1,12}$/), fc.nat(9999)).map(([generation, partition]) => `${generation}/${partition}`),
          kind: fc.constantFrom('pack', 'sealed', 'merged'), epoch: fc.nat(), sequence: fc.nat(), attempt: fc.stringMatching(/^[a-z0-9]{12}$/),
        }),
        (key) => {
          expect(parseObjectKey(objectKeyText(key))).toEqual(key)
        },
      ),
    )
  })

  it('is refused when it is anything else', () => {
    for (const text of ['', 'g1/0', 'g1/0:pack:1:2', 'g1/0:pact:1:2:abc', '../0:pack:1:2:abc', 'g1/0:pack:01:2:abc', 'g1/0:pack:1:-2:abc', 'g1/0:pack:1:2:a/c', 'g1/0:pack:1:2:abc\n', 'g1/0:pack:1:2:abc:d']) {
      expect(() => parseObjectKey(text)).toThrow(RangeError)
    }
  })
})

import fc from 'fast-check'
import { MAX_PATTERN_LENGTH, messagePattern } from './message-pattern.ts'

describe('the pattern of a message', () => {
  it.each([
    ['GET /users/17 took 1.25 ms', 'GET /users/* took * ms'],
    ['GET /users/4 took 30 ms', 'GET /users/* took * ms'],
    ['id 6ba7b810-9dad-11d1-80b4-00c04fd430c8!', 'id *!'],
    ['id deadbeef-dead-beef-dead-deadbeefdead', 'id *'],
    ['from 10.0.0.1:8080 at 2026-11-26T09:00:00.123Z', 'from * at *'],
    ['commit deadbeef of facade', 'commit * of facade'],
    ['node12 v1.2.3-4 x', '* * x'],
    ['a1/b2,c3', '*/*,*'],
    ['1: one', '*: one'],
    ['-5 -x- 5-', '-* -x- *-'],
    ['é1 été', '* été'],
    ['', ''],
    ['no change', 'no change'],
  ])('of %j is %j', (message, pattern) => {
    expect(messagePattern(message)).toBe(pattern)
  })

  it('is what the rules say, written another way', () => {
    const piece = fc.constantFrom('a', 'b1', '12', 'deadbeef', 'deadbee', 'é', '-', '.', ':', '::', ' ', '/', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'dead-beef-dead-deadbeefdead', '*')
    fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const message = pieces.join('')
      expect(messagePattern(message)).toBe(byRules(message))
    }), { numRuns: 3000 })
  })

  it('is bounded, cut between characters, and never longer in time than the message', () => {
    expect(messagePattern('word '.repeat(100_000))).toHaveLength(MAX_PATTERN_LENGTH + 1)
    expect(messagePattern(`a${'😀'.repeat(400)}`).isWellFormed()).toBe(true)
    expect(messagePattern(`${'x'.repeat(600)}1`)).toBe('*')
    expect(messagePattern('1.'.repeat(500_000))).toBe('*.')
  })
})

/** With expressions; tokens that vary are marked with a character that no message of the test has. */
function byRules(message: string): string {
  return message
    .replace(/(?<![0-9a-z\u0080-\uffff])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z\u0080-\uffff])/gi, '\0')
    .replace(/[0-9a-z\u0080-\uffff]+/gi, (token) => (/[0-9]|^[a-f]{8,}$/i.test(token) ? '\0' : token))
    .replace(/\0(?:[-.:]*\0)+/g, '\0')
    .replaceAll('\0', '*')
}

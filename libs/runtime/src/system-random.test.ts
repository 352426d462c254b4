import { systemRandom } from './system-random.ts'

describe('the system randomness', () => {
  it('gives texts of the asked length out of 36 letters, all of them about equally often', () => {
    const text = systemRandom.text(36_000)
    expect(text).toMatch(/^[a-z0-9]{36000}$/)
    const counts = new Map<string, number>()
    for (const letter of text) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(36)
    // 1000 each, give or take 32: eight deviations never happen.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(260)
    expect(systemRandom.text(0)).toBe('')
  })

  it('gives new bytes each time, and fractions below 1', () => {
    expect(systemRandom.bytes(16)).toHaveLength(16)
    expect(systemRandom.bytes(16)).not.toEqual(systemRandom.bytes(16))
    for (let i = 0; i < 1000; i++) {
      const fraction = systemRandom.fraction()
      expect(fraction >= 0 && fraction < 1).toBe(true)
    }
  })
})

import { createSeededRandom, integerBelow } from './seeded-random.ts'

describe('seeded randomness', () => {
  it('repeats itself for the same seed and differs for another', () => {
    const draw = (seed: number): unknown[] => {
      const random = createSeededRandom(seed)
      return [random.fraction(), random.text(20), [...random.bytes(20)], random.fraction()]
    }
    expect(draw(7)).toEqual(draw(7))
    expect(draw(7)).not.toEqual(draw(8))
  })

  it('spreads evenly', () => {
    const random = createSeededRandom(1)
    const counts = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    for (let i = 0; i < 10_000; i++) counts[integerBelow(random, 10)]!++
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
  })
})

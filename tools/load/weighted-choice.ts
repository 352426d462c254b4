import type { SeededNumbers } from './seeded-numbers.ts'

/** Draws an index by weight in constant time (Walker's alias method). */
export function weightedChoice(weights: readonly number[]): (numbers: SeededNumbers) => number {
  const count = weights.length
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const shares = Float64Array.from(weights, (weight) => (weight / total) * count)
  const alias = new Int32Array(count)
  const small: number[] = []
  const large: number[] = []
  shares.forEach((share, index) => (share < 1 ? small : large).push(index))
  for (;;) {
    const low = small.pop()
    const high = large.pop()
    if (low === undefined || high === undefined) {
      for (const index of [low, high, ...small, ...large]) if (index !== undefined) shares[index] = 1
      break
    }
    alias[low] = high
    shares[high] = (shares[high] ?? 0) - (1 - (shares[low] ?? 0))
    ;((shares[high] ?? 0) < 1 ? small : large).push(high)
  }
  return (numbers) => {
    const index = numbers.below(count)
    return numbers.fraction() < (shares[index] ?? 1) ? index : (alias[index] ?? index)
  }
}

/** Few very frequent values and a long tail, as services, templates and users have. */
export function zipfChoice(count: number, exponent: number): (numbers: SeededNumbers) => number {
  return weightedChoice(Array.from({ length: count }, (_, index) => 1 / (index + 1) ** exponent))
}

import { percentile } from '../load/percentile.ts'
import type { QuietWindow } from './quiet-tenant.ts'

/** One pair: the quiet tenant's windows without, and with, what is looked at. */
export interface Pair {
  readonly without: QuietWindow
  readonly with: QuietWindow
}

/** Medians over the pairs. */
export interface Comparison {
  readonly withoutMs: number
  readonly withMs: number
  /** Median of the pairs' own ratios, which a drift of the machine moves least. */
  readonly ratio: number
  readonly ratios: readonly number[]
}

export type Figure = 'ackMs' | 'queryMs'

export function comparePairs(pairs: readonly Pair[], figure: Figure, part: 'p50' | 'p99'): Comparison {
  const without = pairs.map((pair) => pair.without[figure][part])
  const withNoise = pairs.map((pair) => pair.with[figure][part])
  const ratios = pairs.map((_, index) => round((withNoise[index] ?? NaN) / (without[index] ?? NaN)))
  return { withoutMs: median(without), withMs: median(withNoise), ratio: median(ratios), ratios }
}

/** The upper one of an even number. */
export function median(values: readonly number[]): number {
  return percentile(values.toSorted((a, b) => a - b), 0.5)
}

function round(ratio: number): number {
  return Math.round(ratio * 100) / 100
}

/** The moments at which an expression is evaluated. */
export interface Steps {
  /** ms since 1970. */
  readonly startMs: number
  readonly stepMs: number
  /** 1 for an instant query. */
  readonly count: number
}

/** A label set with a value at each step, or none. */
export interface Series {
  readonly labels: Labels
  readonly values: readonly (number | undefined)[]
}

export type Labels = Readonly<Record<string, string>>

/** The same for equal label sets. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Samples of one label set, ascending in time. */
export interface Samples {
  readonly labels: Labels
  /** ms since 1970, rounded down. */
  readonly times: number[]
  readonly values: number[]
}

/** What a window's samples `[from, to)`, at least one, make. */
export type Combine = (values: readonly number[], from: number, to: number) => number

/**
 * The value of each window: at a step t it holds the samples with `t - offset - range <= time < t - offset`, and without any there is no value.
 *
 * @param isInstant all samples are in the one window.
 */
export function combineWindows({ labels, times, values }: Samples, { steps, rangeMs, offsetMs, isInstant }: Windows, combine: Combine): Series {
  if (isInstant) return { labels, values: [values.length === 0 ? undefined : combine(values, 0, values.length)] }
  let [from, to] = [0, 0]
  const combined = Array.from({ length: steps.count }, (_, index) => {
    const end = steps.startMs + index * steps.stepMs - offsetMs
    while (to < times.length && (times[to] ?? 0) < end) to++
    while (from < to && (times[from] ?? 0) < end - rangeMs) from++
    return to > from ? combine(values, from, to) : undefined
  })
  return { labels, values: combined }
}

export interface Windows {
  readonly steps: Steps
  readonly rangeMs: number
  readonly offsetMs: number
  readonly isInstant: boolean
}

/** Samples that are visited over all windows. */
export function visitsOf({ times }: Samples, { rangeMs, steps, isInstant }: Windows): number {
  return times.length * (isInstant ? 1 : Math.max(1, Math.min(steps.count, rangeMs / steps.stepMs)))
}

export const COMBINES = {
  sum: sumOf,
  min: (values, from, to) => {
    let min = Infinity
    for (let i = from; i < to; i++) min = Math.min(min, values[i] ?? Infinity)
    return min
  },
  max: (values, from, to) => {
    let max = -Infinity
    for (let i = from; i < to; i++) max = Math.max(max, values[i] ?? -Infinity)
    return max
  },
  count: (_, from, to) => to - from,
  avg: (values, from, to) => sumOf(values, from, to) / (to - from),
  first: (values, from) => values[from] ?? NaN,
  last: (values, _, to) => values[to - 1] ?? NaN,
  stdvar: (values, from, to) => variance(values.slice(from, to)),
  stddev: (values, from, to) => Math.sqrt(variance(values.slice(from, to))),
} as const satisfies Readonly<Record<string, Combine>>

function sumOf(values: readonly number[], from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i] ?? 0
  return sum
}

/** The value at the place q of the sorted ones, between two of them in proportion, as Prometheus has it. */
export function quantile(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return NaN
  if (q < 0) return -Infinity
  if (q > 1) return Infinity
  const sorted = Float64Array.from(values).sort()
  const place = q * (sorted.length - 1)
  const low = Math.floor(place)
  const weight = place - low
  const [below = NaN, above = below] = [sorted[low], sorted[Math.min(sorted.length - 1, low + 1)]]
  return below * (1 - weight) + above * weight
}

/** Of all values, not of a sample of them. */
export function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
}

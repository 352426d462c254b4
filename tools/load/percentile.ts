/** The value below which a share of the ascending values lies; NaN of none. */
export function percentile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? NaN
}

/** As {@link percentile}, of values in any order, rounded to a tenth. */
export function percentileOf(values: readonly number[], share: number): number {
  return Math.round(percentile(values.toSorted((a, b) => a - b), share) * 10) / 10
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { FragmentHeader } from '@millrace/fragment/fragment'
import type { TimeColumn } from './fragment-parts.ts'

/** A time range in a fragment's own terms: offsets `[from, to)` in ns since its day. */
export interface TimeClip {
  readonly from: number
  readonly to: number
  /** True when every row is in the range, so that times need not be read. */
  readonly isWhole: boolean
}

/** Undefined when no row can be in the range. */
export function clipTo({ dayNs, minTimeOffset, maxTimeOffset }: FragmentHeader, fromNs: bigint, toNs: bigint): TimeClip | undefined {
  const from = Number(fromNs - dayNs)
  const to = Number(toNs - dayNs)
  if (maxTimeOffset < from || minTimeOffset >= to) return undefined
  return { from, to, isWhole: minTimeOffset >= from && maxTimeOffset < to }
}

/** Rows `[start, end)` that hold all rows of the range. Of unsorted fragments that is every row. */
export function rowsInClip({ offsets, isSorted }: TimeColumn, { from, to, isWhole }: TimeClip): { readonly start: number; readonly end: number } {
  if (isWhole || !isSorted) return { start: 0, end: offsets.length }
  return { start: firstAtLeast(offsets, from), end: firstAtLeast(offsets, to) }
}

/** Clears rows outside the range. */
export function narrowByTime({ offsets }: TimeColumn, { from, to, isWhole }: TimeClip, start: number, mask: Uint8Array): void {
  if (isWhole) return
  for (let i = 0; i < mask.length; i++) if (!(offsets[start + i]! >= from && offsets[start + i]! < to)) mask[i] = 0
}

function firstAtLeast(offsets: Float64Array, wanted: number): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}

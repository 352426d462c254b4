/** One row of an object's bytes. Measured: smaller rows cost more per MB to put (64 KB: twice the time), larger ones more per small read, which moves whole rows. */
export const ROW_BYTES = 256 * 1024
/** Four rows make a partition of 1 MB, so that an object spreads over the cluster, and a read or a removal is one request per MB. */
export const ROWS_PER_PART = 4
export const PART_BYTES = ROW_BYTES * ROWS_PER_PART

/** Rows of one partition that hold a range, and where their bytes lie in the object. */
export interface PartRange {
  readonly part: number
  readonly firstRow: number
  readonly lastRow: number
}

/** The requests that read `[start, end)`, one per partition. */
export function* partsOf(start: number, end: number): Iterable<PartRange> {
  for (let at = start; at < end;) {
    const part = Math.floor(at / PART_BYTES)
    const until = Math.min(end, (part + 1) * PART_BYTES)
    yield { part, firstRow: Math.floor((at - part * PART_BYTES) / ROW_BYTES), lastRow: Math.floor((until - 1 - part * PART_BYTES) / ROW_BYTES) }
    at = until
  }
}

/** Where a row's bytes start in the object. */
export function offsetOf(part: number, row: number): number {
  return part * PART_BYTES + row * ROW_BYTES
}

export function* rowsOf(size: number): Iterable<{ readonly part: number; readonly row: number; readonly start: number; readonly end: number }> {
  for (let start = 0; start < size; start += ROW_BYTES) {
    const part = Math.floor(start / PART_BYTES)
    yield { part, row: (start - part * PART_BYTES) / ROW_BYTES, start, end: Math.min(size, start + ROW_BYTES) }
  }
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { LiveFragment } from '@millrace/catalog/live-fragments'
import { loadIds, type RowIds } from './event-ids.ts'
import { KEEP_ALL, type Filter, type RowFilter } from './filters/filter.ts'
import { dayOf, FirstEvents } from './first-events.ts'
import type { TimeColumn } from './fragment-parts.ts'
import type { FragmentReader } from './fragment-reader.ts'
import type { FragmentScan } from './fragment-scan.ts'
import type { ListRequest } from './query-engine.ts'
import { clipTo, narrowByTime, rowsInClip, type TimeClip } from './time-clip.ts'

/**
 * Finds the first events of an order. Fragments are opened, and their rows filtered, in blocks in that order, always the block that comes first,
 * until no block can have an event that belongs to the answer.
 *
 * @param found what was found stays in it also when the scan is stopped by its budget.
 */
export async function findFirstEvents(request: ListRequest, fragments: readonly LiveFragment[], scan: FragmentScan, filter: Filter, found: FirstEvents): Promise<void> {
  const isAscending = request.order === 'asc'
  const waiting: Cursor[] = fragments.map((live) => ({ live, day: dayOf(live.dayNs), bound: isAscending ? live.minTimeOffset : live.maxTimeOffset, rows: undefined }))
  const comesFirst = (a: Cursor, b: Cursor): boolean => (isAscending ? 1 : -1) * (a.day - b.day || a.bound - b.bound) < 0
  scan.openAhead(() => waiting.toSorted((a, b) => (comesFirst(a, b) ? -1 : 1)).map(({ live }) => live))
  while (waiting.length > 0) {
    const cursor = waiting.reduce((best, other) => (comesFirst(other, best) ? other : best))
    if (found.isBeyond(cursor.day, cursor.bound)) return
    waiting.splice(waiting.indexOf(cursor), 1)
    const { live, day } = cursor
    const rows = cursor.rows ?? (await scan.visit(live, async (fragment) => await openRows(request, fragment, filter)))
    if (rows === undefined) continue
    await scan.checkpoint()
    // A fragment's bound from the catalog may be loose; its first block may come after another's.
    if (cursor.rows !== undefined) scanBlock(rows, day, isAscending, found)
    if (rows.start < rows.end) waiting.push({ live, day, bound: boundOf(rows, isAscending, cursor.bound), rows })
  }
}

/** A fragment and the time of the first row in it that was not looked at. */
interface Cursor {
  readonly live: LiveFragment
  readonly day: number
  readonly bound: number
  /** Undefined until the fragment is opened. */
  readonly rows: OpenRows | undefined
}

interface OpenRows {
  readonly fragment: FragmentReader
  readonly clip: TimeClip
  readonly times: TimeColumn
  readonly ids: RowIds
  readonly narrow: RowFilter
  /** Rows `[start, end)` are still to be looked at. */
  start: number
  end: number
  blockRows: number
}

/** Frequent matches fill a page from few rows; rare ones are found faster in long sweeps. */
const FIRST_BLOCK_ROWS = 1024
const MAX_BLOCK_ROWS = 16_384

async function openRows(request: ListRequest, fragment: FragmentReader, filter: Filter): Promise<OpenRows | undefined> {
  const clip = clipTo(fragment.header, request.fromNs, request.toNs)
  if (clip === undefined) return undefined
  const decision = await fragment.decide(filter)
  if (decision === 'none') return undefined
  const times = await fragment.times()
  const narrow = decision === 'all' ? KEEP_ALL : await filter.load(fragment)
  return { fragment, clip, times, narrow, ids: await loadIds(fragment), ...rowsInClip(times, clip), blockRows: FIRST_BLOCK_ROWS }
}

/** Looks at the next block. Times in no order make the whole fragment one block. */
function scanBlock(rows: OpenRows, day: number, isAscending: boolean, found: FirstEvents): void {
  const { fragment, clip, times, ids, narrow } = rows
  const size = times.isSorted ? Math.min(rows.end - rows.start, rows.blockRows) : rows.end - rows.start
  const start = isAscending ? rows.start : rows.end - size
  if (isAscending) rows.start += size
  else rows.end -= size
  rows.blockRows = Math.min(MAX_BLOCK_ROWS, rows.blockRows * 2)

  // A page far into the order skips what earlier pages held.
  const lastOfBlock = times.offsets[isAscending ? start + size - 1 : start]!
  if (times.isSorted && found.isBeforeCursor(day, lastOfBlock)) return
  const mask = new Uint8Array(size).fill(1)
  narrowByTime(times, clip, start, mask)
  narrow(start, mask)
  for (let step = 0; step < size; step++) {
    const index = isAscending ? step : size - 1 - step
    if (mask[index] === 0) continue
    const offset = times.offsets[start + index]!
    if (!found.isBeyond(day, offset)) found.offer(fragment, start + index, day, offset, ids)
    else if (times.isSorted) break
  }
}

function boundOf({ times, start, end }: OpenRows, isAscending: boolean, loose: number): number {
  return times.isSorted ? times.offsets[isAscending ? start : end - 1]! : loose
}

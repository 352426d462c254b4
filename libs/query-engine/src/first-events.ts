// Loops over arrays: an index below the length is in range, which the compiler cannot see.
import { NS_PER_DAY } from '@millrace/event/event'
import { eventIdOf, type RowIds } from './event-ids.ts'
import type { FragmentReader } from './fragment-reader.ts'
import type { ListRequest } from './query-engine.ts'
import type { EventPlace } from './render-events.ts'

/** Places an event in the total order without making a bigint for each: day, ns since then, stream, offset, row. */
export interface EventKey {
  readonly day: number
  readonly timeOffset: number
  readonly stream: string
  readonly offset: number
  readonly received: number
}

/** The first events of an order so far, at most `capacity`, and only such as come after the request's cursor. */
export class FirstEvents {
  readonly #sign: 1 | -1
  readonly #capacity: number
  readonly #after: EventKey | undefined
  readonly #found: (EventKey & { readonly fragment: FragmentReader; readonly row: number })[] = []

  constructor({ order, after }: ListRequest, capacity: number) {
    this.#sign = order === 'asc' ? 1 : -1
    this.#capacity = capacity
    this.#after = after === undefined ? undefined : keyOf(after.timestampNs, after.id)
  }

  /** True when no event at this time or later in the order can be among the first any more. */
  isBeyond(day: number, timeOffset: number): boolean {
    const last = this.#found.length < this.#capacity ? undefined : this.#found.at(-1)
    return last !== undefined && this.#sign * (day - last.day || timeOffset - last.timeOffset) > 0
  }

  /** True when an event at this time is certainly before the cursor. */
  isBeforeCursor(day: number, timeOffset: number): boolean {
    return this.#after !== undefined && this.#sign * (day - this.#after.day || timeOffset - this.#after.timeOffset) < 0
  }

  offer(fragment: FragmentReader, row: number, day: number, timeOffset: number, ids: RowIds): void {
    const event = { day, timeOffset, stream: ids.stream(row), offset: ids.offset(row), received: ids.received(row), fragment, row }
    if (this.#after !== undefined && this.#compare(event, this.#after) <= 0) return
    let low = 0
    let high = this.#found.length
    // Events come mostly in order, so the place is mostly the end.
    if (high > 0 && this.#compare(this.#found[high - 1]!, event) < 0) low = high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(this.#found[middle]!, event) < 0) low = middle + 1
      else high = middle
    }
    if (low >= this.#capacity) return
    this.#found.splice(low, 0, event)
    if (this.#found.length > this.#capacity) this.#found.pop()
  }

  places(): readonly EventPlace[] {
    return this.#found.map(({ fragment, row, stream, offset, received, timeOffset }) => ({
      fragment, row, id: eventIdOf(stream, offset, received), timestampNs: fragment.header.dayNs + BigInt(timeOffset),
    }))
  }

  #compare(a: EventKey, b: EventKey): number {
    return this.#sign * (a.day - b.day || a.timeOffset - b.timeOffset || compareText(a.stream, b.stream) || a.offset - b.offset || a.received - b.received)
  }
}

function keyOf(timestampNs: bigint, id: EventPlace['id']): EventKey {
  const day = dayOf(timestampNs)
  return { day, timeOffset: Number(timestampNs - BigInt(day) * NS_PER_DAY), stream: `${id.generation}/${id.partition}`, offset: id.offset, received: id.row }
}

/** Whole days since 1970. */
export function dayOf(timestampNs: bigint): number {
  const day = timestampNs / NS_PER_DAY
  return Number(timestampNs % NS_PER_DAY < 0n ? day - 1n : day)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

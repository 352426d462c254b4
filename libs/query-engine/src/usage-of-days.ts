// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { LiveFragment } from '@millrace/catalog/live-fragments'
import { loadKeys } from './facet-keys.ts'
import type { FragmentReader } from './fragment-reader.ts'
import type { UsageOfDay } from './query-engine.ts'

/** Stored events and bytes by day and service, fragment by fragment. */
export class UsageOfDays {
  readonly #days = new Map<bigint, Day>()
  #services = 0
  #hasOverflowed = false

  /** True when there were more services than may be, and some are counted with their day only. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed
  }

  /** Counts a fragment with its day, by what the catalog says of it. */
  addFragment({ dayNs, rows, start, end }: Pick<LiveFragment, 'dayNs' | 'rows' | 'start' | 'end'>): void {
    const day = this.#days.get(dayNs) ?? { events: 0, bytes: 0, services: new Map<string, Stored>() }
    this.#days.set(dayNs, day)
    day.events += rows
    day.bytes += end - start
  }

  /** Counts the events of a fragment with their services. @param services events of each. */
  addServices({ dayNs, rows, start, end }: Pick<LiveFragment, 'dayNs' | 'rows' | 'start' | 'end'>, services: ReadonlyMap<string, number>): void {
    const day = this.#days.get(dayNs)
    for (const [service, events] of services) {
      let stored = day?.services.get(service)
      if (stored === undefined) {
        if (this.#services >= MAX_SERVICES) {
          this.#hasOverflowed = true
          continue
        }
        this.#services++
        stored = { events: 0, bytes: 0 }
        day?.services.set(service, stored)
      }
      stored.events += events
      stored.bytes += ((end - start) * events) / rows
    }
  }

  days(): readonly UsageOfDay[] {
    return [...this.#days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([dayNs, { events, bytes, services }]) => ({
      dayNs, events, bytes,
      services: [...services].map(([service, stored]) => ({ service, events: stored.events, bytes: Math.round(stored.bytes) })).sort((a, b) => b.bytes - a.bytes || (a.service < b.service ? -1 : 1)),
    }))
  }
}

/** Of all days together: a service a day, and some hundred services, are far fewer. */
export const MAX_SERVICES = 10_000

interface Stored {
  events: number
  bytes: number
}

interface Day extends Stored {
  readonly services: Map<string, Stored>
}

/** Events of a fragment by service: from its dictionary's counts where there is one, else row by row. Events without a service have the empty one. */
export async function countServices(fragment: FragmentReader): Promise<ReadonlyMap<string, number>> {
  const services = new Map<string, number>()
  const add = (service: string, events: number): void => {
    if (events > 0) services.set(service, (services.get(service) ?? 0) + events)
  }
  const { rows } = fragment.header
  const [header, ...others] = fragment.headersOf('service')
  const dictionary = header?.type === 'string' && others.length === 0 ? await fragment.dictionary(header) : undefined
  if (header === undefined || dictionary !== undefined) {
    dictionary?.entries.forEach((service, index) => { add(service, dictionary.counts[index]!) })
    add('', rows - (header?.valueCount ?? 0))
    return services
  }
  const loaded = await loadKeys(fragment, { kind: 'reserved', name: 'service' })
  const { from, codes } = loaded.assign(Uint32Array.from({ length: rows }, (_, row) => row))
  // A service that is an array is its first element, so that each event counts once.
  for (let i = 0; i < codes.length; i++) if (from === undefined || i === 0 || from[i] !== from[i - 1]) add(codes[i] === 0 ? '' : String(loaded.keys[codes[i]! - 1]), 1)
  return services
}

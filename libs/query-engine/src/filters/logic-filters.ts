// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { FragmentReader } from '../fragment-reader.ts'
import { KEEP_ALL, KEEP_NONE, type Decision, type Filter, type RowFilter } from './filter.ts'

/** Rows that all filters keep; the cheapest are asked first. */
export function createAndFilter(filters: readonly Filter[]): Filter {
  const ordered = [...filters].sort((a, b) => a.cost - b.cost)
  return {
    cost: costOf(filters),
    decide: async (fragment) => {
      let decision: Decision = 'all'
      for (const filter of ordered) {
        const own = await fragment.decide(filter)
        if (own === 'none') return 'none'
        if (own === 'some') decision = 'some'
      }
      return decision
    },
    load: async (fragment) => {
      const loaded: RowFilter[] = []
      for (const filter of ordered) loaded.push(await loadDecided(filter, fragment))
      return (start, mask) => {
        for (const narrow of loaded) narrow(start, mask)
      }
    },
  }
}

/** Rows that some filter keeps. */
export function createOrFilter(filters: readonly Filter[]): Filter {
  return {
    cost: costOf(filters),
    decide: async (fragment) => {
      let decision: Decision = 'none'
      for (const filter of filters) {
        const own = await fragment.decide(filter)
        if (own === 'all') return 'all'
        if (own === 'some') decision = 'some'
      }
      return decision
    },
    load: async (fragment) => {
      const loaded: RowFilter[] = []
      for (const filter of filters) if ((await fragment.decide(filter)) !== 'none') loaded.push(await loadDecided(filter, fragment))
      return anyOf(loaded)
    },
  }
}

/** Rows that the filter does not keep. */
export function createNotFilter(filter: Filter): Filter {
  return {
    cost: filter.cost,
    decide: async (fragment) => OPPOSITE[await fragment.decide(filter)],
    load: async (fragment) => {
      const narrow = await loadDecided(filter, fragment)
      return (start, mask) => {
        const kept = mask.slice()
        narrow(start, kept)
        for (let i = 0; i < mask.length; i++) mask[i]! &= kept[i]! ^ 1
      }
    },
  }
}

/** Joins row filters by "or". */
export function anyOf(filters: readonly RowFilter[]): RowFilter {
  const [first, ...others] = filters
  if (first === undefined) return KEEP_NONE
  if (others.length === 0) return first
  return (start, mask) => {
    const kept = new Uint8Array(mask.length)
    // What one filter keeps, the next need not look at.
    for (const narrow of filters) {
      const own = mask.slice()
      for (let i = 0; i < own.length; i++) own[i]! &= kept[i]! ^ 1
      narrow(start, own)
      for (let i = 0; i < own.length; i++) kept[i]! |= own[i]!
    }
    mask.set(kept)
  }
}

const OPPOSITE: Record<Decision, Decision> = { none: 'all', some: 'some', all: 'none' }

/** Reads nothing for a filter that the header has decided. */
async function loadDecided(filter: Filter, fragment: FragmentReader): Promise<RowFilter> {
  const decision = await fragment.decide(filter)
  return decision === 'all' ? KEEP_ALL : decision === 'none' ? KEEP_NONE : await filter.load(fragment)
}

function costOf(filters: readonly Filter[]): number {
  return filters.reduce((most, { cost }) => Math.max(most, cost), 0)
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Facet } from '@millrace/query-language/ast'
import { createExistsFilter } from '../filters/exists-filter.ts'
import { grown, type Accumulator } from './accumulator.ts'

/** Counts events. @param facet counts only those that have it. */
export class CountAccumulator implements Accumulator {
  readonly #filter: ReturnType<typeof createExistsFilter> | undefined
  #counts = new Float64Array(16)

  constructor(facet: Facet | undefined) {
    this.#filter = facet === undefined ? undefined : createExistsFilter({ type: 'exists', facet })
  }

  async load(fragment: Parameters<Accumulator['load']>[0]): ReturnType<Accumulator['load']> {
    if (this.#filter === undefined || (await fragment.decide(this.#filter)) === 'all') return (_, cells) => { this.#add(cells) }
    const narrow = await this.#filter.load(fragment)
    return (rows, cells) => {
      const mask = new Uint8Array(fragment.header.rows).fill(1)
      narrow(0, mask)
      this.#add(cells.filter((_, index) => mask[rows[index]!] === 1))
    }
  }

  /** Adds events that were counted elsewhere. */
  addCount(cell: number, count: number): void {
    this.#counts = grown(this.#counts, cell)
    this.#counts[cell]! += count
  }

  value(cell: number): number {
    return this.#counts[cell] ?? 0
  }

  #add(cells: Uint32Array): void {
    let last = 0
    for (let i = 0; i < cells.length; i++) if (cells[i]! > last) last = cells[i]!
    this.#counts = grown(this.#counts, last)
    const counts = this.#counts
    for (let i = 0; i < cells.length; i++) counts[cells[i]!]!++
  }
}

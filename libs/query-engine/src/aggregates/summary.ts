// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Facet } from '@millrace/query-language/ast'
import { loadNumbers } from '../facet-numbers.ts'
import type { Aggregation } from '../query-engine.ts'
import { grown, type Accumulator } from './accumulator.ts'

/** Sum, minimum, maximum and average of a facet's numbers. */
export class SummaryAccumulator implements Accumulator {
  readonly #facet: Facet
  #counts = new Float64Array(16)
  #sums = new Float64Array(16)
  #minima = new Float64Array(16).fill(Infinity)
  #maxima = new Float64Array(16).fill(-Infinity)

  constructor(facet: Facet) {
    this.#facet = facet
  }

  async load(fragment: Parameters<Accumulator['load']>[0]): ReturnType<Accumulator['load']> {
    const pick = await loadNumbers(fragment, this.#facet)
    return (rows, rowCells) => {
      const { cells, values } = pick(rows, rowCells)
      const last = cells.reduce((most, cell) => Math.max(most, cell), 0)
      this.#counts = grown(this.#counts, last)
      this.#sums = grown(this.#sums, last)
      this.#minima = grown(this.#minima, last, Infinity)
      this.#maxima = grown(this.#maxima, last, -Infinity)
      const [counts, sums, minima, maxima] = [this.#counts, this.#sums, this.#minima, this.#maxima]
      for (let i = 0; i < cells.length; i++) {
        const cell = cells[i]!
        const value = values[i]!
        counts[cell]!++
        sums[cell]! += value
        if (value < minima[cell]!) minima[cell] = value
        if (value > maxima[cell]!) maxima[cell] = value
      }
    }
  }

  value(cell: number, aggregation: Aggregation): number | null {
    const count = this.#counts[cell] ?? 0
    if (count === 0) return null
    const sum = this.#sums[cell]!
    switch (aggregation) {
      case 'min':
        return this.#minima[cell]!
      case 'max':
        return this.#maxima[cell]!
      case 'avg':
        return sum / count
      default:
        return sum
    }
  }
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { DDSketch } from '@datadog/sketches-js'
import type { Facet } from '@millrace/query-language/ast'
import { loadNumbers } from '../facet-numbers.ts'
import type { Aggregation } from '../query-engine.ts'
import { grown, type Accumulator } from './accumulator.ts'
import { selectPlace } from './select-place.ts'

/**
 * Percentiles of a facet's numbers: exact while the query has up to {@link MAX_EXACT_VALUES} of them, and within {@link SKETCH_ERROR} of the value beyond.
 * The percentile of n values is the one at place floor(q * (n - 1)) in their order.
 */
export class PercentileAccumulator implements Accumulator {
  readonly #facet: Facet
  readonly #maxExactValues: number
  #cells = new Uint32Array(1024)
  #values = new Float64Array(1024)
  #count = 0
  #grouped: Grouped | undefined
  readonly #sketches = new Map<number, DDSketch>()

  constructor(facet: Facet, maxExactValues = MAX_EXACT_VALUES) {
    this.#facet = facet
    this.#maxExactValues = maxExactValues
  }

  async load(fragment: Parameters<Accumulator['load']>[0]): ReturnType<Accumulator['load']> {
    const pick = await loadNumbers(fragment, this.#facet)
    return (rows, rowCells) => {
      const { cells, values } = pick(rows, rowCells)
      this.#append(cells, values)
      if (this.#count > this.#maxExactValues || this.#sketches.size > 0) this.#spill()
    }
  }

  value(cell: number, aggregation: Aggregation): number | null {
    const quantile = QUANTILES[aggregation] ?? 0.5
    if (this.#sketches.size > 0) {
      const sketch = this.#sketches.get(cell)
      return sketch === undefined ? null : sketch.getValueAtQuantile(quantile)
    }
    this.#grouped ??= groupByCell(this.#cells.subarray(0, this.#count), this.#values.subarray(0, this.#count))
    const { starts, values } = this.#grouped
    const start = starts[cell] ?? 0
    const count = (starts[cell + 1] ?? 0) - start
    return count <= 0 ? null : selectPlace(values, start, start + count - 1, start + Math.floor(quantile * (count - 1)))
  }

  #append(cells: Uint32Array, values: Float64Array): void {
    const needed = this.#count + values.length
    if (needed > this.#values.length) {
      this.#values = grown(this.#values, needed)
      const larger = new Uint32Array(this.#values.length)
      larger.set(this.#cells)
      this.#cells = larger
    }
    this.#cells.set(cells, this.#count)
    this.#values.set(values, this.#count)
    this.#count = needed
    this.#grouped = undefined
  }

  #spill(): void {
    for (let i = 0; i < this.#count; i++) {
      const cell = this.#cells[i]!
      let sketch = this.#sketches.get(cell)
      if (sketch === undefined) {
        sketch = new DDSketch({ relativeAccuracy: SKETCH_ERROR })
        this.#sketches.set(cell, sketch)
      }
      sketch.accept(this.#values[i]!)
    }
    this.#count = 0
  }
}

/** Twelve bytes each: some 50 MB for one query. */
export const MAX_EXACT_VALUES = 4 * 1024 * 1024
/** Relative; what Datadog's own sketches have. */
export const SKETCH_ERROR = 0.01
const QUANTILES: Partial<Record<Aggregation, number>> = { median: 0.5, pc75: 0.75, pc90: 0.9, pc95: 0.95, pc98: 0.98, pc99: 0.99 }

interface Grouped {
  /** Values of cell c are `[starts[c], starts[c + 1])`, in any order. */
  readonly starts: Uint32Array
  readonly values: Float64Array
}

function groupByCell(cells: Uint32Array, values: Float64Array): Grouped {
  let last = 0
  for (let i = 0; i < cells.length; i++) if (cells[i]! > last) last = cells[i]!
  const starts = new Uint32Array(last + 2)
  for (let i = 0; i < cells.length; i++) starts[cells[i]! + 1]!++
  for (let cell = 0; cell <= last; cell++) starts[cell + 1]! += starts[cell]!
  const next = starts.slice()
  const grouped = new Float64Array(values.length)
  for (let i = 0; i < cells.length; i++) grouped[next[cells[i]!]!++] = values[i]!
  return { starts, values: grouped }
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Facet } from '@millrace/query-language/ast'
import { loadHashes } from '../facet-hashes.ts'
import { type Accumulator } from './accumulator.ts'

/**
 * Counts distinct values per cell, by their hashes: exactly while a query has up to {@link MAX_DISTINCT} pairs of cell and value. Beyond it
 * the table keeps every second hash, then every fourth, and so on (Wegman's adaptive sampling), and a cell's count is multiplied accordingly:
 * its standard error is 1 / sqrt(hashes kept of the cell).
 */
export class DistinctAccumulator implements Accumulator {
  readonly #facet: Facet
  readonly #maxDistinct: number
  /** Open addressing; 0 = free. */
  #hashes = new Float64Array(2048)
  #cells = new Uint32Array(2048)
  #size = 0
  /** Hashes whose bits under this mask (2^level - 1) are zero are kept. */
  #sampled = 0
  #counts: Float64Array | undefined

  constructor(facet: Facet, maxDistinct = MAX_DISTINCT) {
    this.#facet = facet
    this.#maxDistinct = maxDistinct
  }

  async load(fragment: Parameters<Accumulator['load']>[0]): ReturnType<Accumulator['load']> {
    const visit = await loadHashes(fragment, this.#facet)
    return (rows, cells) => {
      this.#counts = undefined
      visit(rows, cells, (cell, hash) => {
        this.#insert(cell, pairHash(cell, hash))
      })
    }
  }

  value(cell: number): number {
    this.#counts ??= this.#countCells()
    return (this.#counts[cell] ?? 0) * (this.#sampled + 1)
  }

  #insert(cell: number, hash: number): void {
    if (((hash | 0) & this.#sampled) !== 0) return
    const last = this.#hashes.length - 1
    let slot = slotOf(hash) & last
    while (this.#hashes[slot] !== 0) {
      if (this.#hashes[slot] === hash) return
      slot = (slot + 1) & last
    }
    this.#hashes[slot] = hash
    this.#cells[slot] = cell
    this.#size++
    if (this.#size > this.#maxDistinct) {
      this.#sampled = this.#sampled * 2 + 1
      this.#rebuild(this.#hashes.length)
    } else if (this.#size * 2 > this.#hashes.length) this.#rebuild(this.#hashes.length * 2)
  }

  #rebuild(slots: number): void {
    const [hashes, cells] = [this.#hashes, this.#cells]
    this.#hashes = new Float64Array(slots)
    this.#cells = new Uint32Array(slots)
    this.#size = 0
    for (let slot = 0; slot < hashes.length; slot++) if (hashes[slot] !== 0) this.#insert(cells[slot]!, hashes[slot]!)
  }

  #countCells(): Float64Array {
    let last = 0
    for (const cell of this.#cells) if (cell > last) last = cell
    const counts = new Float64Array(last + 1)
    for (let slot = 0; slot < this.#hashes.length; slot++) if (this.#hashes[slot] !== 0) counts[this.#cells[slot]!]!++
    return counts
  }
}

/** 25 MB of table for one query; a cell with half of them is off by 0.1 %. */
export const MAX_DISTINCT = 1024 * 1024

/** Up to 2^53, above 0. */
function pairHash(cell: number, hash: number): number {
  let low = (hash | 0) ^ Math.imul(cell + 1, 0x9e3779b1)
  let high = ((hash / 4294967296) | 0) ^ Math.imul(cell + 1, 0x85ebca6b)
  low = Math.imul(low ^ (low >>> 16), 0x21f0aaad)
  high = Math.imul(high ^ (low >>> 15), 0x735a2d97)
  low ^= high >>> 13
  high ^= high >>> 15
  return 4294967296 * (high & 0x1fffff) + (low >>> 0) + 1
}

/** Other bits than the sampling looks at first. Truncation to 32 bits is a processor's instruction, a remainder of doubles is a call. */
function slotOf(hash: number): number {
  return (hash / 1048576) >>> 0
}

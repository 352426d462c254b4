import type { FragmentReader } from '../fragment-reader.ts'
import type { Aggregation } from '../query-engine.ts'

/**
 * Gathers what some aggregations over one facet need, per cell: a group, or a group's point in time. What several fragments bring adds up, in any order.
 */
export interface Accumulator {
  /** Reads what it needs of a fragment, and answers what adds rows; nothing is added before. @throws as reading does. */
  load(fragment: FragmentReader): Promise<AddRows>
  /** Null when the cell has no value to compute from. */
  value(cell: number, aggregation: Aggregation): number | null
}

/** @param cells one per row; the same row may come again with another cell. */
export type AddRows = (rows: Uint32Array, cells: Uint32Array) => void

/** Aggregations of one family share an accumulator. */
export function familyOf(aggregation: Aggregation): 'count' | 'distinct' | 'summary' | 'percentile' {
  switch (aggregation) {
    case 'count':
      return 'count'
    case 'cardinality':
      return 'distinct'
    case 'sum':
    case 'min':
    case 'max':
    case 'avg':
      return 'summary'
    default:
      return 'percentile'
  }
}

/** Room for one more value at `index`, doubled when it is short. */
export function grown(values: Float64Array<ArrayBuffer>, index: number, fill = 0): Float64Array<ArrayBuffer> {
  if (index < values.length) return values
  const larger = new Float64Array(Math.max(index + 1, values.length * 2)).fill(fill, values.length)
  larger.set(values)
  return larger
}

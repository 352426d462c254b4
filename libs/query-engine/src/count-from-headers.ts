// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { isPlainCount, type RunningAggregation } from './aggregate-events.ts'
import { CountAccumulator } from './aggregates/count.ts'
import { columnOf } from './filters/facet-columns.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { bucketKey } from './group-rows.ts'

/**
 * Counts a fragment of which every row counts by its header and its dictionary's counts alone. Answers false, having added nothing,
 * when that cannot answer the question.
 */
export async function countFromHeaders({ measures, facets, tree }: RunningAggregation, fragment: FragmentReader): Promise<boolean> {
  const counters = new Set(measures.map(({ accumulator }) => accumulator).filter((accumulator) => accumulator instanceof CountAccumulator))
  if (!measures.every(isPlainCount)) return false
  const { rows } = fragment.header
  const [first, ...others] = facets
  if (first === undefined) {
    for (const counter of counters) counter.addCount(0, rows)
    return true
  }
  const name = columnOf(first.facet)
  if (others.length > 0 || (name === 'tags' && first.facet.kind !== 'attribute')) return false
  const [header, ...otherTypes] = fragment.headersOf(name)
  if (otherTypes.length > 0 || (header !== undefined && (header.layout !== 'dictionary' || header.type !== 'string'))) return false
  const dictionary = header === undefined ? undefined : await fragment.dictionary(header)
  if (header !== undefined && dictionary === undefined) return false
  const add = (key: string | undefined, count: number): void => {
    const bucket = count === 0 ? undefined : bucketKey(first.groupBy, key)
    const group = bucket === undefined ? undefined : tree.childOf(1, 0, bucket)
    if (group !== undefined) for (const counter of counters) counter.addCount(group, count)
  }
  dictionary?.entries.forEach((entry, index) => { add(entry, dictionary.counts[index]!) })
  add(undefined, rows - (header?.valueCount ?? 0))
  return true
}

import { sortOf, type Measure, type RunningAggregation } from './aggregate-events.ts'
import { familyOf } from './aggregates/accumulator.ts'
import type { Key } from './facet-keys.ts'
import type { AggregateAnswer, TimePoint } from './query-engine.ts'

type Bucket = AggregateAnswer['buckets'][number]

/** Sorts the groups, takes the first of each facet, and computes their values. */
export function answerBuckets(running: RunningAggregation): readonly Bucket[] {
  const buckets: Bucket[] = []
  const walk = (depth: number, group: number, by: Readonly<Record<string, Key>>): void => {
    const facet = running.facets[depth]
    if (facet === undefined) {
      buckets.push({ by, computes: running.request.computes.map((_, index) => computeOf(running, index, group)) })
      return
    }
    for (const [key, child] of sortedChildren(running, depth, group)) walk(depth + 1, child, { ...by, [facet.groupBy.facet]: key })
  }
  walk(0, 0, {})
  return buckets
}

function computeOf({ measures, timeCells }: RunningAggregation, index: number, group: number): Bucket['computes'][number] {
  const measure = measures[index]
  if (measure === undefined) return null
  const { accumulator, aggregation, intervalMs } = measure
  if (intervalMs === undefined) return accumulator.value(group, aggregation)
  const points: TimePoint[] = []
  for (const [timeMs, cell] of timeCells.get(intervalMs)?.cellsOf(group) ?? []) {
    const value = accumulator.value(cell, aggregation)
    if (value !== null) points.push({ timeMs, value })
  }
  return points.sort((a, b) => a.timeMs - b.timeMs)
}

function sortedChildren({ request, measures, tree, facets }: RunningAggregation, depth: number, group: number): readonly (readonly [Key, number])[] {
  const { type, order, aggregation, metric } = sortOf(request, depth)
  const sign = order === 'asc' ? 1 : -1
  const measure = measures.find((candidate: Measure) => candidate.depth === depth + 1 && candidate.intervalMs === undefined && familyOf(candidate.aggregation) === familyOf(aggregation) && candidate.metric === metric)
  const children = [...tree.children(depth, group)].filter(([, id]) => tree.hasBucket(depth + 1, id)).map(([key, id]) => ({ key, id, value: type === 'measure' ? (measure?.accumulator.value(id, aggregation) ?? null) : null }))
  children.sort((a, b) => {
    if (type === 'alphabetical') return sign * compareKeys(a.key, b.key)
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || compareKeys(a.key, b.key)
    return sign * (a.value - b.value) || compareKeys(a.key, b.key)
  })
  return children.slice(0, facets[depth]?.groupBy.limit).map(({ key, id }) => [key, id])
}

/** Numbers before texts; texts by their UTF-16 units. */
function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

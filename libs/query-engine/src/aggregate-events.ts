// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { NS_PER_MS } from '@millrace/event/event'
import { familyOf, type Accumulator, type AddRows } from './aggregates/accumulator.ts'
import { CountAccumulator } from './aggregates/count.ts'
import { createAccumulator, readFacet } from './aggregates/create-accumulator.ts'
import { countFromHeaders } from './count-from-headers.ts'
import { KEEP_ALL, type Filter } from './filters/filter.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { loadGroups, type GroupFacet } from './group-rows.ts'
import { GroupTree } from './group-tree.ts'
import type { AggregateRequest, Aggregation } from './query-engine.ts'
import { rowsOfMask } from './row-masks.ts'
import { TimeCells } from './time-cells.ts'
import { clipTo, narrowByTime } from './time-clip.ts'

/** One aggregation while fragments are added to it. */
export interface RunningAggregation {
  readonly request: AggregateRequest
  readonly tree: GroupTree
  readonly facets: readonly GroupFacet[]
  /** What is computed: first one per compute of the request, then what sorting needs besides. */
  readonly measures: readonly Measure[]
  /** One per interval, by its ms. */
  readonly timeCells: ReadonlyMap<number, TimeCells>
}

export interface Measure {
  readonly aggregation: Aggregation
  readonly metric: string | undefined
  /** Undefined for a total. */
  readonly intervalMs: number | undefined
  /** Depth of the groups it is computed for: the number of facets, or fewer for sorting an outer one. */
  readonly depth: number
  readonly accumulator: Accumulator
}

/** @throws {BadPatternError} */
export function startAggregation(request: AggregateRequest): RunningAggregation {
  const facets = request.groupBy.map((groupBy) => ({ groupBy, facet: readFacet(groupBy.facet) }))
  const accumulators = new Map<string, Accumulator>()
  const measureOf = (aggregation: Aggregation, metric: string | undefined, intervalMs: number | undefined, depth: number): Measure => {
    const key = JSON.stringify([familyOf(aggregation), metric, intervalMs, depth])
    const accumulator = accumulators.get(key) ?? createAccumulator(aggregation, metric)
    accumulators.set(key, accumulator)
    return { aggregation, metric, intervalMs, depth, accumulator }
  }
  const computes = request.computes.map(({ aggregation, metric, type, intervalMs }) => measureOf(aggregation, metric, type === 'timeseries' ? (intervalMs ?? DEFAULT_INTERVAL_MS) : undefined, facets.length))
  const sorts = request.groupBy.flatMap((_, index) => {
    const { type, aggregation, metric } = sortOf(request, index)
    return type === 'measure' ? [measureOf(aggregation, metric, undefined, index + 1)] : []
  })
  const intervals = computes.flatMap(({ intervalMs }) => intervalMs ?? [])
  return { request, facets, tree: new GroupTree(facets.length), measures: [...computes, ...sorts], timeCells: new Map(intervals.map((intervalMs) => [intervalMs, new TimeCells(intervalMs)])) }
}

/** A time series without an interval is a mistake of the caller, which types allow; a minute serves. */
const DEFAULT_INTERVAL_MS = 60_000

/** How a facet's buckets are sorted, its default filled in. */
export function sortOf({ computes, groupBy }: AggregateRequest, index: number): { readonly type: 'alphabetical' | 'measure'; readonly order: 'asc' | 'desc'; readonly aggregation: Aggregation; readonly metric: string | undefined } {
  const sort = groupBy[index]?.sort
  if (sort?.type === 'alphabetical') return { type: 'alphabetical', order: sort.order, aggregation: 'count', metric: undefined }
  if (sort?.type === 'measure') return { type: 'measure', order: sort.order, aggregation: sort.aggregation, metric: sort.metric }
  const [first] = computes
  return first?.type === 'total' ? { type: 'measure', order: 'desc', aggregation: first.aggregation, metric: first.metric } : { type: 'measure', order: 'desc', aggregation: 'count', metric: undefined }
}

/** Adds a fragment's matching events. Everything is read before anything is added, so a damaged fragment adds nothing. */
export async function addFragment(running: RunningAggregation, fragment: FragmentReader, filter: Filter): Promise<void> {
  const { request, facets, tree, measures, timeCells } = running
  const clip = clipTo(fragment.header, request.fromNs, request.toNs)
  if (clip === undefined) return
  const decision = await fragment.decide(filter)
  if (decision === 'none') return
  if (clip.isWhole && decision === 'all' && (await countFromHeaders(running, fragment))) return
  const narrow = decision === 'all' ? KEEP_ALL : await filter.load(fragment)
  const times = clip.isWhole && timeCells.size === 0 ? undefined : await fragment.times()
  const group = await loadGroups(fragment, facets, tree)
  const adders = new Map<Accumulator, AddRows>()
  for (const { accumulator } of measures) if (!adders.has(accumulator)) adders.set(accumulator, await accumulator.load(fragment))

  const mask = new Uint8Array(fragment.header.rows).fill(1)
  if (times !== undefined) narrowByTime(times, clip, 0, mask)
  narrow(0, mask)
  const { rows, groups } = group(rowsOfMask(0, mask))
  if (rows.length === 0) return
  const assigned = new Map<number, ReturnType<TimeCells['assign']>>()
  if (times !== undefined) for (const [intervalMs, cells] of timeCells) assigned.set(intervalMs, cells.assign(rows, groups, times.offsets, Number(fragment.header.dayNs / NS_PER_MS)))
  for (const [accumulator, add] of adders) {
    const measure = measures.find((candidate) => candidate.accumulator === accumulator)
    if (measure === undefined) continue
    const timed = measure.intervalMs === undefined ? undefined : assigned.get(measure.intervalMs)
    if (timed !== undefined) add(timed.rows, timed.cells)
    else add(rows, measure.depth === facets.length ? groups : groups.map((id) => tree.ancestor(facets.length, id, measure.depth)))
  }
}

/** The only accumulator that can be told a number. */
export function isPlainCount({ accumulator, metric, intervalMs }: Measure): boolean {
  return accumulator instanceof CountAccumulator && metric === undefined && intervalMs === undefined
}

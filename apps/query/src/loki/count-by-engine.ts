import { facetText, RESERVED_FACETS } from '@millrace/query-language/facet'
import type { Facet, QueryAst } from '@millrace/query-language/ast'
import type { Grouping, RangeAggregation, Stage } from '@millrace/query-language/logql/ast'
import type { AggregateAnswer } from '@millrace/query-engine/query-engine'
import { MAX_SERIES } from './evaluate.ts'
import { evaluateRange, spanOf } from './evaluate-range.ts'
import { sourceOf } from './labels.ts'
import { bothFilters, ChangedLabels, hasAll, isExtractable, lacksAny, lowerLog } from './lower.ts'
import type { LokiRun } from './run.ts'
import { labelsKey, type Labels, type Series, type Steps } from './series.ts'
import { aggregateSeries } from './vectors.ts'

/**
 * `sum by (…) (count_over_time(…))` and `rate` where the engine can count by itself, without lines being read: over any number of events, and as fast as it does that.
 *
 * @returns undefined where lines must be looked at: their stages filter or make labels, a label stands for several attributes, or windows and points in time do not fit together.
 */
export async function countByEngine(run: LokiRun, expr: RangeAggregation, grouping: Grouping, steps: Steps): Promise<readonly Series[] | undefined> {
  const { op, log, rangeNs, offsetNs, unwrap } = expr
  const { filter: all, rest } = lowerLog(log)
  const state = stateOf(log.stages, grouping.labels)
  if ((op !== 'count_over_time' && op !== 'rate') || unwrap !== undefined || grouping.isWithout || !leavesLines(rest) || state === 'changed') return undefined
  if (rangeNs % 1_000_000n !== 0n || offsetNs % 1_000_000n !== 0n) return undefined
  const span = spanOf(expr, steps)
  const isInstant = steps.count === 1
  const cellMs = isInstant ? 0 : [steps.stepMs, Number(rangeNs / 1_000_000n), Math.abs(Number(span.fromNs / 1_000_000n))].reduce(greatestDivisor)
  if (!isInstant && Number((span.toNs - span.fromNs) / 1_000_000n) / cellMs > MAX_CELLS) return undefined
  // A parser sets `level` where an event has no status: those events are read, and the others counted.
  const settable = state === 'same-if-present' ? grouping.labels.filter(isExtractable) : []
  const filter = settable.length === 0 ? all : bothFilters(all, hasAll(settable))
  const facets = await facetsOf(run, grouping.labels, { filter, ...span })
  // One facet may be two labels, as status is `level` and `detected_level`, and one group.
  const missingOf = new Map(facets?.map(({ facet, missing }) => [facet, missing]))
  if (facets === undefined || missingOf.size > MAX_GROUP_FACETS) return undefined

  const buckets = await run.aggregate({ filter, ...span }, {
    computes: [isInstant ? { aggregation: 'count', type: 'total' } : { aggregation: 'count', type: 'timeseries', intervalMs: cellMs }],
    groupBy: [...missingOf].map(([facet, missing]) => ({ facet, limit: MAX_SERIES + 1, missing })),
  })
  const divisor = op === 'rate' ? Number(rangeNs) / 1e9 : 1
  // A number and its text are one label, as are an empty value and none.
  const sums = new Map<string, { readonly labels: Labels; readonly counts: number[] }>()
  for (const { by, computes: [count] } of buckets) {
    const labels = Object.fromEntries(facets.map(({ label, facet, missing }) => [label, String(by[facet] ?? '') || missing] as const).filter(([, value]) => value !== ''))
    const counts = isInstant ? [Number(count ?? 0)] : windowSums(count ?? [], cellMs, span.fromNs, Number(rangeNs / 1_000_000n), steps)
    const key = labelsKey(labels)
    const known = sums.get(key)
    sums.set(key, { labels, counts: known === undefined ? [...counts] : known.counts.map((sum, index) => sum + (counts[index] ?? 0)) })
  }
  const counted = [...sums.values()].map(({ labels, counts }) => ({ labels, values: counts.map((count) => (count === 0 ? undefined : count / divisor)) })).filter(({ values }) => values.some((value) => value !== undefined))
  if (settable.length === 0) return counted
  return aggregateSeries({ op: 'sum', parameter: undefined, grouping }, [...counted, ...await evaluateRange(run, { ...expr, grouping }, steps, lacksAny(settable))])
}

/** The engine groups by four facets at most. */
const MAX_GROUP_FACETS = 4
/** Points that the engine holds for each group. */
const MAX_CELLS = 22_000
/** That many facets are looked for in one question. */
const MAX_COMPUTES = 10

/** Whether the stages let every line through, and with no error that a number would have to be refused for. */
function leavesLines(stages: readonly Stage[]): boolean {
  const dropsErrors = stages.at(-1)?.type === 'drop' && stages.some((stage) => stage.type === 'drop' && stage.labels.some(({ name, matcher }) => name === '__error__' && matcher === undefined))
  return stages.every(({ type }) => type !== 'line-filter' && type !== 'label-filter') && (dropsErrors || stages.every(({ type }) => type === 'drop' || type === 'keep' || type === 'decolorize'))
}

function stateOf(stages: readonly Stage[], labels: readonly string[]): ReturnType<ChangedLabels['stateOf']> {
  const changed = new ChangedLabels()
  for (const stage of stages) changed.note(stage)
  return labels.length === 0 ? 'same' : changed.stateOf(labels)
}

interface GroupFacet {
  readonly label: string
  readonly facet: string
  readonly missing: string
}

/** The one facet behind each label; labels that no event has are left out. Undefined when a label has several. */
async function facetsOf(run: LokiRun, labels: readonly string[], asked: { readonly filter: QueryAst; readonly fromNs: bigint; readonly toNs: bigint }): Promise<readonly GroupFacet[] | undefined> {
  const found: GroupFacet[] = []
  const candidates: { readonly label: string; readonly facet: string }[] = []
  for (const label of labels) {
    const { facets, fallback, missing } = sourceOf(label)
    const [first] = facets
    if (first?.kind === 'reserved') found.push({ label, facet: first.name, missing })
    else candidates.push(...[...facets, ...(fallback === undefined ? [] : [fallback])].filter(isAskable).map((facet) => ({ label, facet: facetText(facet) })))
  }
  if (candidates.length > MAX_COMPUTES) return undefined
  if (candidates.length > 0) {
    const [bucket] = await run.aggregate(asked, { computes: candidates.map(({ facet }) => ({ aggregation: 'count', metric: facet, type: 'total' })), groupBy: [] })
    const present = candidates.filter((_, index) => Number(bucket?.computes[index] ?? 0) > 0)
    if (new Set(present.map(({ label }) => label)).size < present.length) return undefined
    found.push(...present.map(({ label, facet }) => ({ label, facet, missing: '' })))
  }
  return found
}

function isAskable({ kind, name }: Facet): boolean {
  return kind !== 'tag' || !RESERVED_FACETS.has(name)
}

type Points = AggregateAnswer['buckets'][number]['computes'][number]

/** Adds up the cells of each step's window. */
function windowSums(points: Points, cellMs: number, fromNs: bigint, rangeMs: number, { count, stepMs }: Steps): readonly number[] {
  const cells = Math.round((rangeMs + (count - 1) * stepMs) / cellMs)
  const fromMs = Number(fromNs / 1_000_000n)
  // sums[i] is what the cells before i hold.
  const sums = new Float64Array(cells + 1)
  for (const { timeMs, value } of Array.isArray(points) ? (points as readonly { readonly timeMs: number; readonly value: number }[]) : []) {
    const cell = Math.round((timeMs - fromMs) / cellMs)
    if (cell >= 0 && cell < cells) sums[cell + 1] = (sums[cell + 1] ?? 0) + value
  }
  for (let cell = 0; cell < cells; cell++) sums[cell + 1] = (sums[cell + 1] ?? 0) + (sums[cell] ?? 0)
  return Array.from({ length: count }, (_, index) => {
    const start = Math.round((index * stepMs) / cellMs)
    return (sums[start + Math.round(rangeMs / cellMs)] ?? 0) - (sums[start] ?? 0)
  })
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b)
}

import type { BinaryOp, Grouping, VectorAggregation } from '@millrace/query-language/logql/ast'
import { labelsKey, variance, type Labels, type Series } from './series.ts'
import { BadQuestionError } from '../read-question.ts'

/** What an expression is worth: a number, or series. */
export type Value = { readonly type: 'scalar'; readonly value: number } | { readonly type: 'series'; readonly series: readonly Series[] }

/** The labels that a group keeps. */
export function groupedLabels(labels: Labels, grouping: Grouping | undefined): Labels {
  if (grouping === undefined) return {}
  return Object.fromEntries(Object.entries(labels).filter(([name]) => grouping.labels.includes(name) !== grouping.isWithout))
}

/** `sum by (…)`, `topk(…)`. */
export function aggregateSeries({ op, parameter = 0, grouping }: Pick<VectorAggregation, 'op' | 'parameter' | 'grouping'>, series: readonly Series[]): readonly Series[] {
  if (op === 'sort' || op === 'sort_desc') return sorted(series, op === 'sort' ? 1 : -1)
  const groups = new Map<string, { readonly labels: Labels; readonly members: Series[] }>()
  for (const one of series) {
    const labels = groupedLabels(one.labels, grouping)
    const key = labelsKey(labels)
    const group = groups.get(key) ?? { labels, members: [] }
    group.members.push(one)
    groups.set(key, group)
  }
  if (op === 'topk' || op === 'bottomk') return sorted([...groups.values()].flatMap(({ members }) => extremes(members, parameter, op === 'topk' ? -1 : 1)), op === 'topk' ? -1 : 1)
  const reduce = REDUCERS[op]
  return [...groups.values()].map(({ labels, members }) => ({
    labels,
    values: (members[0]?.values ?? []).map((_, index) => {
      const values = members.flatMap(({ values: own }) => own[index] ?? [])
      return values.length === 0 ? undefined : reduce(values)
    }),
  }))
}

const REDUCERS: Readonly<Record<Exclude<VectorAggregation['op'], 'sort' | 'sort_desc' | 'topk' | 'bottomk'>, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  avg: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => values.reduce((min, value) => Math.min(min, value), Infinity),
  max: (values) => values.reduce((max, value) => Math.max(max, value), -Infinity),
  count: (values) => values.length,
  stddev: (values) => Math.sqrt(variance(values)),
  stdvar: variance,
}

/** At each step the k largest or smallest; a series without any value left is gone. */
function extremes(members: readonly Series[], k: number, sign: 1 | -1): readonly Series[] {
  const kept = members.map(({ values }) => values.map((): number | undefined => undefined))
  for (let index = 0; index < (members[0]?.values.length ?? 0); index++) {
    const ranked = members.flatMap(({ values }, member) => (values[index] === undefined ? [] : [{ member, value: values[index] ?? NaN }])).sort((a, b) => sign * (a.value - b.value) || a.member - b.member)
    for (const { member, value } of ranked.slice(0, k)) {
      const own = kept[member]
      if (own !== undefined) own[index] = value
    }
  }
  return members.map(({ labels }, member) => ({ labels, values: kept[member] ?? [] })).filter(({ values }) => values.some((value) => value !== undefined))
}

/** By the only value of each, as instant queries have them. */
function sorted(series: readonly Series[], sign: 1 | -1): readonly Series[] {
  return series.toSorted((a, b) => sign * ((a.values.at(-1) ?? NaN) - (b.values.at(-1) ?? NaN)) || (labelsKey(a.labels) < labelsKey(b.labels) ? -1 : 1))
}

/** `left op right`. Series meet where all their labels are equal. @throws {BadQuestionError} */
export function combineValues(op: BinaryOp, isBool: boolean, left: Value, right: Value): Value {
  if (op === 'and' || op === 'or' || op === 'unless') {
    if (left.type === 'scalar' || right.type === 'scalar') throw new BadQuestionError(`unexpected literal for a leg of logical/set binary operation (${op})`)
    return { type: 'series', series: combineSets(op, left.series, right.series) }
  }
  const apply = operation(op)
  if (left.type === 'scalar' && right.type === 'scalar') return { type: 'scalar', value: apply(left.value, right.value) }
  if (left.type === 'scalar') return { type: 'series', series: mapSeries(right.type === 'series' ? right.series : [], (value) => kept(apply(left.value, value), value, isBool, op)) }
  if (right.type === 'scalar') return { type: 'series', series: mapSeries(left.series, (value) => kept(apply(value, right.value), value, isBool, op)) }
  const others = new Map(right.series.map((series) => [labelsKey(series.labels), series]))
  const series = left.series.flatMap((one) => {
    const other = others.get(labelsKey(one.labels))
    return other === undefined ? [] : [{ labels: one.labels, values: one.values.map((value, index) => {
      const otherValue = other.values[index]
      return value === undefined || otherValue === undefined ? undefined : kept(apply(value, otherValue), value, isBool, op)
    }) }]
  })
  return { type: 'series', series: series.filter(({ values }) => values.some((value) => value !== undefined)) }
}

/** A comparison without `bool` keeps the value of the series' side where it holds. */
function kept(result: number, value: number, isBool: boolean, op: BinaryOp): number | undefined {
  if (isBool || !COMPARISONS.has(op)) return result
  return result === 1 ? value : undefined
}

function mapSeries(series: readonly Series[], change: (value: number) => number | undefined): readonly Series[] {
  return series.map(({ labels, values }) => ({ labels, values: values.map((value) => (value === undefined ? undefined : change(value))) })).filter(({ values }) => values.some((value) => value !== undefined))
}

function combineSets(op: 'and' | 'or' | 'unless', left: readonly Series[], right: readonly Series[]): readonly Series[] {
  const rights = new Map(right.map((series) => [labelsKey(series.labels), series]))
  const lefts = new Map(left.map((series) => [labelsKey(series.labels), series]))
  const merged = left.map(({ labels, values }) => {
    const other = rights.get(labelsKey(labels))?.values
    return { labels, values: values.map((value, index) => (op === 'or' ? (value ?? other?.[index]) : (other?.[index] !== undefined) === (op === 'and') ? value : undefined)) }
  })
  const added = op === 'or' ? right.filter(({ labels }) => !lefts.has(labelsKey(labels))) : []
  return [...merged, ...added].filter(({ values }) => values.some((value) => value !== undefined))
}

const COMPARISONS: ReadonlySet<BinaryOp> = new Set(['==', '!=', '>', '>=', '<', '<='])

function operation(op: Exclude<BinaryOp, 'and' | 'or' | 'unless'>): (left: number, right: number) => number {
  switch (op) {
    case '+':
      return (left, right) => left + right
    case '-':
      return (left, right) => left - right
    case '*':
      return (left, right) => left * right
    case '/':
      return (left, right) => left / right
    case '%':
      return (left, right) => left % right
    case '^':
      return (left, right) => left ** right
    case '==':
      return (left, right) => Number(left === right)
    case '!=':
      return (left, right) => Number(left !== right)
    case '>':
      return (left, right) => Number(left > right)
    case '>=':
      return (left, right) => Number(left >= right)
    case '<':
      return (left, right) => Number(left < right)
    case '<=':
      return (left, right) => Number(left <= right)
  }
}

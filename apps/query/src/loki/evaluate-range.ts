import { setImmediate as nextTurn } from 'node:timers/promises'
import type { QueryAst } from '@millrace/query-language/ast'
import type { RangeAggregation, Unwrap } from '@millrace/query-language/logql/ast'
import { parseBytes, parseDurationNs } from '@millrace/query-language/logql/quantities'
import { BadQuestionError } from '../read-question.ts'
import { Entry } from './entry.ts'
import { bothFilters, lowerLog } from './lower.ts'
import { fail } from './parsers.ts'
import { createLabelFilter, createPipeline, numberOf, type Pipeline } from './pipeline.ts'
import type { LokiRun } from './run.ts'
import { COMBINES, combineWindows, labelsKey, quantile, visitsOf, type Combine, type Labels, type Samples, type Series, type Steps, type Windows } from './series.ts'
import { groupedLabels } from './vectors.ts'

/**
 * The value of a range aggregation at each step, from the lines themselves. A step at t covers the lines with `t - offset - range <= time < t - offset`.
 *
 * @param among only these events, all of them by default. @throws {BadQuestionError} @throws {BadPatternError}
 */
export async function evaluateRange(run: LokiRun, expr: RangeAggregation, steps: Steps, among: QueryAst = { type: 'all' }): Promise<readonly Series[]> {
  const windows = windowsOf(expr, steps)
  const groups = await readSamples(run, expr, windows, among)
  if (expr.op === 'absent_over_time') return absent(expr, groups, windows)
  let visits = 0
  for (const samples of groups) visits += visitsOf(samples, windows) + steps.count
  if (visits > MAX_VISITS) throw new BadQuestionError(`the query asks for too much at once: its ranges hold some ${Math.round(visits)} samples in all; ask for fewer steps, a shorter range or fewer series`)
  const combine = combineOf(expr)
  const series: Series[] = []
  let since = 0
  for (const samples of groups) {
    const one = combineWindows(samples, windows, combine)
    if (one.values.some((value) => value !== undefined)) series.push(one)
    since += visitsOf(samples, windows) + steps.count
    if (since < VISITS_PER_TURN) continue
    since = 0
    await nextTurn()
  }
  return series
}

/** A second or two of work. */
const MAX_VISITS = 10_000_000
/** Some ten milliseconds; others are served between. */
const VISITS_PER_TURN = 200_000
/** Label sets that are held while lines are read; far more than can be answered, as an aggregation may join them. */
const MAX_GROUPS = 10_000

export function windowsOf({ rangeNs, offsetNs }: Pick<RangeAggregation, 'rangeNs' | 'offsetNs'>, steps: Steps): Windows {
  return { steps, rangeMs: Number(rangeNs) / 1e6, offsetMs: Number(offsetNs) / 1e6, isInstant: steps.count === 1 }
}

/** The span of all windows, ns. */
export function spanOf({ rangeNs, offsetNs }: Pick<RangeAggregation, 'rangeNs' | 'offsetNs'>, { startMs, stepMs, count }: Steps): { readonly fromNs: bigint; readonly toNs: bigint } {
  const lastMs = startMs + (count - 1) * stepMs
  return { fromNs: BigInt(startMs) * 1_000_000n - offsetNs - rangeNs, toNs: BigInt(lastMs) * 1_000_000n - offsetNs }
}

async function readSamples(run: LokiRun, expr: RangeAggregation, { steps }: Windows, among: QueryAst): Promise<readonly Samples[]> {
  const { filter, rest } = lowerLog(expr.log)
  const pipeline = createPipeline(rest)
  const measure = createMeasure(expr)
  const groups = new Map<string, Samples>()
  const end = await run.list({ filter: bothFilters(filter, among), ...spanOf(expr, steps) }, { order: 'asc' }, (event) => {
    const entry = new Entry(event)
    const value = pipeline(entry) ? measure(entry) : undefined
    if (value === undefined) return true
    const labels = labelsOf(entry, expr)
    const key = labelsKey(labels)
    let samples = groups.get(key)
    if (samples === undefined) {
      if (groups.size >= MAX_GROUPS) throw new BadQuestionError(`maximum of series (${MAX_GROUPS}) reached while reading; aggregate with sum by (…), or narrow the selector`)
      groups.set(key, (samples = { labels, times: [], values: [] }))
    }
    samples.times.push(Number(entry.timestampNs / 1_000_000n))
    samples.values.push(value)
    return true
  })
  if (end === 'bound') throw new BadQuestionError('the query would have to read more lines than one may; narrow the time or the selector, or count with sum by (…) (count_over_time(…)), which reads none')
  return [...groups.values()]
}

/** A line's value; undefined for one that has none. */
function createMeasure({ op, unwrap }: RangeAggregation): (entry: Entry) => number | undefined {
  if (unwrap !== undefined) return createUnwrap(unwrap)
  if (op === 'bytes_over_time' || op === 'bytes_rate') return (entry) => checked(entry, Buffer.byteLength(entry.line))
  return (entry) => checked(entry, 1)
}

function createUnwrap({ label, conversion, filters }: Unwrap): (entry: Entry) => number | undefined {
  const pass: readonly Pipeline[] = filters.map(createLabelFilter)
  return (entry) => {
    const text = entry.label(label)
    if (text === '') return undefined
    const value = convert(text, conversion)
    if (Number.isNaN(value)) fail(entry, 'SampleExtractionErr', `${JSON.stringify(text.slice(0, 40))} is no ${conversion ?? 'number'}`)
    return pass.every((step) => step(entry)) ? checked(entry, Number.isNaN(value) ? 0 : value) : undefined
  }
}

function convert(text: string, conversion: Unwrap['conversion']): number {
  if (conversion === 'bytes') return parseBytes(text) ?? NaN
  if (conversion === undefined) return numberOf(text, 'number')
  const ns = parseDurationNs(text)
  return ns === undefined ? NaN : Number(ns) / 1e9
}

/** As Loki: a line that a stage failed on is in no number, and must be left out, or taken as it is, in so many words. @throws {BadQuestionError} */
function checked(entry: Entry, value: number): number {
  const error = entry.label('__error__')
  if (error === '') return value
  throw new BadQuestionError(`pipeline error: '${error}' for series ${JSON.stringify(Object.fromEntries(entry.stream))}. Use a label filter to intentionally skip this error. (e.g | __error__!="${error}"). To skip all potential errors you can match empty errors. (e.g __error__="")`)
}

function labelsOf(entry: Entry, { unwrap, grouping }: RangeAggregation): Labels {
  if (grouping !== undefined && !grouping.isWithout) return Object.fromEntries(grouping.labels.map((name) => [name, entry.label(name)] as const).filter(([, value]) => value !== ''))
  const labels = groupedLabels(entry.labels(), grouping ?? { isWithout: true, labels: [] })
  return unwrap === undefined ? labels : groupedLabels(labels, { isWithout: true, labels: [unwrap.label] })
}

function combineOf({ op, unwrap, rangeNs, parameter = 0 }: RangeAggregation): Combine {
  const rangeSeconds = Number(rangeNs) / 1e9
  switch (op) {
    case 'count_over_time':
    case 'absent_over_time':
      return COMBINES.count
    case 'rate':
      return unwrap === undefined ? (values, from, to) => COMBINES.count(values, from, to) / rangeSeconds : (values, from, to) => COMBINES.sum(values, from, to) / rangeSeconds
    case 'bytes_rate':
      return (values, from, to) => COMBINES.sum(values, from, to) / rangeSeconds
    case 'bytes_over_time':
    case 'sum_over_time':
      return COMBINES.sum
    case 'avg_over_time':
      return COMBINES.avg
    case 'min_over_time':
      return COMBINES.min
    case 'max_over_time':
      return COMBINES.max
    case 'first_over_time':
      return COMBINES.first
    case 'last_over_time':
      return COMBINES.last
    case 'stddev_over_time':
      return COMBINES.stddev
    case 'stdvar_over_time':
      return COMBINES.stdvar
    case 'quantile_over_time':
      return (values, from, to) => quantile(parameter, values.slice(from, to))
  }
}

/** 1 at the steps without a line, under the labels that the selector demands. */
function absent({ log }: RangeAggregation, groups: readonly Samples[], windows: Windows): readonly Series[] {
  const counts = groups.map((samples) => combineWindows(samples, windows, COMBINES.count).values)
  const values = Array.from({ length: windows.steps.count }, (_, index) => (counts.some((of) => of[index] !== undefined) ? undefined : 1))
  const labels = Object.fromEntries(log.matchers.filter(({ op, value }) => op === '=' && value !== '').map(({ name, value }) => [name, value]))
  return values.some((value) => value !== undefined) ? [{ labels, values }] : []
}

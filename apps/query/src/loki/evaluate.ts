import type { Grouping, MetricExpr, VectorAggregation } from '@millrace/query-language/logql/ast'
import { BadQuestionError } from '../read-question.ts'
import { countByEngine } from './count-by-engine.ts'
import { evaluateRange } from './evaluate-range.ts'
import { compiled } from './parsers.ts'
import type { LokiRun } from './run.ts'
import { labelsKey, type Series, type Steps } from './series.ts'
import { aggregateSeries, combineValues, type Value } from './vectors.ts'

/**
 * What a metric expression is worth at each step. A query that would have to read too many lines is refused; what the engine itself could not read is a warning of the run.
 *
 * @throws {BadQuestionError} @throws {BadPatternError}
 */
export async function evaluate(run: LokiRun, expr: MetricExpr, steps: Steps): Promise<Value> {
  const value = await valueOf(run, expr, steps)
  if (value.type === 'series' && value.series.length > MAX_SERIES) throw new BadQuestionError(`maximum of series (${MAX_SERIES}) reached for a single query; aggregate by fewer labels, or narrow the selector`)
  return value
}

/** As Loki's `max_query_series`. */
export const MAX_SERIES = 500

async function valueOf(run: LokiRun, expr: MetricExpr, steps: Steps): Promise<Value> {
  switch (expr.type) {
    case 'literal':
      return { type: 'scalar', value: expr.value }
    case 'vector':
      return { type: 'series', series: [{ labels: {}, values: Array.from({ length: steps.count }, () => expr.value) }] }
    case 'range':
      return { type: 'series', series: await evaluateRange(run, expr, steps) }
    case 'vector-aggregation':
      return { type: 'series', series: await aggregated(run, expr, steps) }
    case 'binary': {
      const left = await valueOf(run, expr.left, steps)
      return combineValues(expr.op, expr.isBool, left, await valueOf(run, expr.right, steps))
    }
    case 'label-replace':
      return { type: 'series', series: labelsReplaced(seriesOf(await valueOf(run, expr.expr, steps), 'label_replace'), expr) }
  }
}

async function aggregated(run: LokiRun, { op, expr, grouping, parameter }: VectorAggregation, steps: Steps): Promise<readonly Series[]> {
  const groups: Grouping = grouping ?? { isWithout: false, labels: [] }
  if (op === 'sum' && expr.type === 'range' && SUMMABLE.has(expr.op) && expr.grouping === undefined) {
    // What is added up in the end need not be told apart before.
    const counted = await countByEngine(run, expr, groups, steps)
    return counted ?? (await evaluateRange(run, { ...expr, grouping: groups }, steps))
  }
  return aggregateSeries({ op, parameter, grouping }, seriesOf(await valueOf(run, expr, steps), op))
}

/** Ranges whose value for lines together is the sum of their values. */
const SUMMABLE: ReadonlySet<string> = new Set(['count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'sum_over_time'])

/** @throws {BadQuestionError} */
function seriesOf(value: Value, name: string): readonly Series[] {
  if (value.type === 'scalar') throw new BadQuestionError(`${name}() takes series, and not a number`)
  return value.series
}

function labelsReplaced(series: readonly Series[], { target, replacement, source, pattern }: Extract<MetricExpr, { readonly type: 'label-replace' }>): readonly Series[] {
  if (!/^[A-Za-z_]\w*$/.test(target)) throw new BadQuestionError(`invalid destination label name in label_replace: ${JSON.stringify(target)}`)
  const regex = compiled(`^(?:${pattern})$`)
  const replaced = series.map(({ labels, values }) => {
    const matcher = regex.matcher(labels[source] ?? '')
    if (!matcher.find()) return { labels, values }
    const value = replacement.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced: string | undefined, plain: string | undefined) => (whole === '$$' ? '$' : groupOf(matcher, braced ?? plain ?? '')))
    const { [target]: _, ...others } = labels
    return { labels: value === '' ? others : { ...others, [target]: value }, values }
  })
  if (new Set(replaced.map(({ labels }) => labelsKey(labels))).size < replaced.length) throw new BadQuestionError('vector cannot contain metrics with the same labelset')
  return replaced
}

/** A group that the pattern does not have is empty, as in Go. */
function groupOf(matcher: ReturnType<ReturnType<typeof compiled>['matcher']>, name: string): string {
  if (/^\d{1,3}$/.test(name)) return Number(name) <= matcher.groupCount() ? (matcher.group(Number(name)) ?? '') : ''
  return Object.hasOwn(matcher.pattern().namedGroups(), name) ? (matcher.group(name) ?? '') : ''
}

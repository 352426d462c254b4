import fc from 'fast-check'
import { VECTOR_OPS, type Grouping, type LabelFilter, type LogExpr, type LogqlExpr, type Matcher, type MetricExpr, type RangeAggregation, type Stage, type Unwrap } from './ast.ts'

/*
 * Queries as the parser reads them: everything that the grammar has, over few names and values. For tests only.
 */

/** Words of the language are labels too, but for `unwrap`. */
const label = fc.constantFrom('app', 'level', 'regexp', 'rate', 'by', '_x9', 'pod_name')
const text = fc.oneof(fc.constantFrom('web', 'error', '', 'a"b', 'c\\d', '`', 'line\nbreak', '{{', 'é', '\u0000'), fc.string({ unit: 'grapheme', maxLength: 8 }))
const pattern = fc.constantFrom('web|api', '.*', '.+', '^a[0-9]+$', '(?i)error', 'x{2,3}')
const number = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }).map((value) => (value === 0 ? 0 : value)))

const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({ name: label, op: fc.constantFrom('=' as const, '!=' as const), value: text }),
  fc.record({ name: label, op: fc.constantFrom('=~' as const, '!~' as const), value: pattern }),
)
const compareOp = fc.constantFrom('==' as const, '!=' as const, '>' as const, '>=' as const, '<' as const, '<=' as const)
const labelFilter: fc.Arbitrary<LabelFilter> = fc.letrec<{ filter: LabelFilter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    matcher.map((of) => ({ type: 'match' as const, matcher: of })),
    fc.record({ type: fc.constant('compare' as const), name: label, op: compareOp, unit: fc.constantFrom('number' as const), value: number }),
    fc.record({ type: fc.constant('compare' as const), name: label, op: compareOp, unit: fc.constantFrom('duration' as const, 'bytes' as const), value: fc.nat() }),
    fc.record({ type: fc.constantFrom('and' as const, 'or' as const), left: tie('filter'), right: tie('filter') }),
  ),
})).filter
const fields = fc.array(fc.record({ label: fc.constantFrom('a', 'b', 'c_d'), path: text }), { maxLength: 2 })
const selected = fc.array(fc.oneof(label.map((name) => ({ name, matcher: undefined })), matcher.map((of) => ({ name: of.name, matcher: of }))), { minLength: 1, maxLength: 2 })
const template = fc.constantFrom('{{.app}}', '{{ .level | ToUpper }}-x', 'plain', '{{ if eq .a "b" }}y{{ else }}n{{ end }}', '{{ __line__ }}')

const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.record({ type: fc.constant('line-filter' as const), op: fc.constantFrom('|=' as const, '!=' as const), values: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: fc.constant('line-filter' as const), op: fc.constantFrom('|~' as const, '!~' as const), values: fc.array(pattern, { minLength: 1, maxLength: 2 }) }),
  fc.record({ type: fc.constant('json' as const), fields }),
  fc.record({ type: fc.constant('logfmt' as const), isStrict: fc.boolean(), keepsEmpty: fc.boolean(), fields }),
  fc.constantFrom<Stage>({ type: 'regexp', pattern: '(?P<a>\\w+)=(?P<b>.*)' }, { type: 'pattern', pattern: '<a> <_> "<b>"' }, { type: 'unpack' }, { type: 'decolorize' }),
  labelFilter.map((filter) => ({ type: 'label-filter' as const, filter })),
  template.map((of) => ({ type: 'line-format' as const, template: of })),
  fc.uniqueArray(fc.oneof(fc.record({ name: label, from: label }), fc.record({ name: label, template })), { minLength: 1, maxLength: 2, selector: ({ name }) => name }).map((formats) => ({ type: 'label-format' as const, formats })),
  fc.record({ type: fc.constantFrom('drop' as const, 'keep' as const), labels: selected }),
)

/** A query over lines. */
export const someLog: fc.Arbitrary<LogExpr> = fc.record({ type: fc.constant('log' as const), matchers: fc.array(matcher, { maxLength: 3 }), stages: fc.array(stage, { maxLength: 4 }).filter(areApart) })

const grouping: fc.Arbitrary<Grouping> = fc.record({ isWithout: fc.boolean(), labels: fc.uniqueArray(label, { maxLength: 3 }) })
const unwrap: fc.Arbitrary<Unwrap> = fc.record({ label, conversion: fc.constantFrom(undefined, 'bytes' as const, 'duration' as const, 'duration_seconds' as const), filters: fc.array(labelFilter, { maxLength: 2 }) })
const span = { log: someLog, rangeNs: fc.bigInt({ min: 1n, max: 10n ** 15n }), offsetNs: fc.constantFrom(0n, 60_000_000_000n, -1_500_000n) }
const range: fc.Arbitrary<RangeAggregation> = fc.oneof(
  fc.record({ type: fc.constant('range' as const), op: fc.constantFrom('count_over_time' as const, 'rate' as const, 'bytes_rate' as const, 'bytes_over_time' as const, 'absent_over_time' as const), ...span, unwrap: fc.constant(undefined), parameter: fc.constant(undefined), grouping: fc.constant(undefined) }),
  fc.record({ type: fc.constant('range' as const), op: fc.constantFrom('avg_over_time' as const, 'max_over_time' as const, 'last_over_time' as const), ...span, unwrap, parameter: fc.constant(undefined), grouping: fc.option(grouping, { nil: undefined }) }),
  fc.record({ type: fc.constant('range' as const), op: fc.constant('quantile_over_time' as const), ...span, unwrap, parameter: number, grouping: fc.option(grouping, { nil: undefined }) }),
)

const metric: fc.Arbitrary<MetricExpr> = fc.letrec<{ metric: MetricExpr }>((tie) => ({
  metric: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    range,
    number.map((value) => ({ type: 'literal' as const, value })),
    number.map((value) => ({ type: 'vector' as const, value })),
    fc.tuple(fc.constantFrom(...VECTOR_OPS), fc.nat(20), grouping, tie('metric')).map(([op, k, of, expr]) => {
      const takesParameter = op === 'topk' || op === 'bottomk'
      return { type: 'vector-aggregation' as const, op, expr, parameter: takesParameter ? k + 1 : undefined, grouping: op === 'sort' || op === 'sort_desc' ? undefined : of }
    }),
    fc.record({ type: fc.constant('binary' as const), op: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '%' as const, '^' as const, 'and' as const, 'or' as const, 'unless' as const), left: tie('metric'), right: tie('metric'), isBool: fc.constant(false) }),
    fc.record({ type: fc.constant('binary' as const), op: compareOp, left: tie('metric'), right: tie('metric'), isBool: fc.boolean() }),
    fc.record({ type: fc.constant('label-replace' as const), expr: tie('metric'), target: text, replacement: text, source: text, pattern }),
  ),
})).metric

/** Any query with at most as many ranges as may be. */
export const someLogql: fc.Arbitrary<LogqlExpr> = fc.oneof(someLog, metric)

/** `| drop a != "b"` is one stage. */
function areApart(stages: readonly Stage[]): boolean {
  return stages.every((one, index) => !((one.type === 'drop' || one.type === 'keep') && stages[index + 1]?.type === 'line-filter'))
}

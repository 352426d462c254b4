import fc from 'fast-check'
import { DAY_ZERO_NS, place, somePlacement } from '@millrace/query-engine/arbitrary-events'
import { TENANT } from '@millrace/query-engine/memory-ports'
import type { NaiveEvent } from '@millrace/query-engine/naive-search'
import { openQueryEngine } from '@millrace/query-engine/open-query-engine'
import type { ListRequest } from '@millrace/query-engine/query-engine'
import type { LabelFilter, LogExpr, Matcher, Stage } from '@millrace/query-language/logql/ast'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import { printLogql } from '@millrace/query-language/logql/print-logql'
import { systemClock } from '@millrace/runtime/system-clock'
import { Entry } from './entry.ts'
import { lowerLog } from './lower.ts'
import { createLabelFilter, createPipeline } from './pipeline.ts'

const never = new AbortController().signal
const everything: ListRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], order: 'desc', limit: 1000 }

const line = fc.constantFrom('level=info user=u1 took=5ms', 'level=error', '{"status":500,"user":"u2","level":"warn"}', 'plain words', 'plain web', '', 'user="u 1" region=eu')
const someEvents: fc.Arbitrary<readonly NaiveEvent[]> = fc.array(
  fc.record({
    message: line, status: fc.constantFrom('info', 'error'), service: fc.constantFrom('web', 'api', ''), host: fc.constantFrom('h1', 'h2'), tags: fc.constantFrom('region:eu', 'region:us,plain', 'env:x'), trace_id: fc.constantFrom('t1', 't2'),
    '@region': fc.constantFrom('eu', 'us'), '@pod.name': fc.constantFrom('p1', 'p2'), '@pod_name': fc.constantFrom('p1', 'p3'), '@n': fc.constantFrom<string | number>(5, 500, '5', 'five', 2.5), '@service': fc.constantFrom('web', 'old'),
  }, { requiredKeys: [] }),
  { minLength: 1, maxLength: 25 },
).map((list) => list.map((values, row) => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row % 7), values: new Map(Object.entries(values)) })))

const name = fc.constantFrom('service_name', 'service', 'level', 'detected_level', 'host', 'source', 'region', 'pod_name', 'n', 'user', 'status', 'trace_id', 'none')
const value = fc.constantFrom('web', 'api', 'unknown_service', 'info', 'error', 'h1', 'eu', 'p1', '5', '500', 'u1', '')
const matcher: fc.Arbitrary<Matcher> = fc.oneof(
  fc.record({ name, op: fc.constantFrom('=' as const, '!=' as const), value }),
  fc.record({ name, op: fc.constantFrom('=~' as const, '!~' as const), value: fc.constantFrom('web|api', '.*', '.+', 'e[ur].*', '5.?', '', 'unknown.*', 'info|') }),
)
const filter: fc.Arbitrary<LabelFilter> = fc.oneof(
  matcher.map((of) => ({ type: 'match' as const, matcher: of })),
  fc.record({ type: fc.constant('compare' as const), name, op: fc.constantFrom('==' as const, '!=' as const, '>' as const, '<=' as const), unit: fc.constant('number' as const), value: fc.constantFrom(5, 499, 2.5) }),
  fc.tuple(fc.constantFrom('and' as const, 'or' as const), matcher, matcher).map(([type, left, right]) => ({ type, left: { type: 'match' as const, matcher: left }, right: { type: 'match' as const, matcher: right } })),
)
const stage: fc.Arbitrary<Stage> = fc.oneof(
  { weight: 3, arbitrary: filter.map((of) => ({ type: 'label-filter' as const, filter: of })) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('line-filter' as const), op: fc.constantFrom('|=' as const, '!=' as const, '|~' as const, '!~' as const), values: fc.array(fc.constantFrom('web', 'level', 'u', '', 'plain', '"user"'), { minLength: 1, maxLength: 2 }) }) },
  fc.constantFrom(...['| json', '| logfmt', '| logfmt user, level', '| regexp "(?P<user>u.)"', '| label_format region=host', '| label_format user="{{.level}}"', '| drop level', '| keep user, region', '| line_format "{{.host}} web"', '| decolorize'].map((text): Stage => (parseLogql(`{} ${text}`) as LogExpr).stages[0]!)),
)
const someLog: fc.Arbitrary<LogExpr> = fc.record({ type: fc.constant('log' as const), matchers: fc.array(matcher, { maxLength: 2 }), stages: fc.array(stage, { maxLength: 4 }) })

describe('a query over lines', () => {
  it('finds the same by the engine and the stages left as stage by stage over all events', async () => {
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, someLog, async (events, placement, log) => {
      const { catalog, store, index } = place(events, placement)
      const engine = openQueryEngine({ catalog, store, index, clock: systemClock })
      const selects = log.matchers.map((of) => createLabelFilter({ type: 'match', matcher: of }))
      const passes = createPipeline(log.stages)
      const expected = (await engine.list(everything, never)).events.map((event) => new Entry(event)).filter((entry) => selects.every((select) => select(entry)) && passes(entry))
      const { filter: lowered, rest } = lowerLog(log)
      const passesRest = createPipeline(rest)
      const found = (await engine.list({ ...everything, filter: lowered }, never)).events.map((event) => new Entry(event)).filter(passesRest)
      const shown = (entries: readonly Entry[]): unknown => entries.map((entry) => ({ id: entry.id.row, line: entry.line, labels: entry.labels() }))
      expect({ query: printLogql(log), found: shown(found) }).toEqual({ query: printLogql(log), found: shown(expected) })
    }), { numRuns: 500 })
  })

  it('refuses regular expressions that are none, and conditions without number', () => {
    const codeOf = (text: string): unknown => {
      try {
        lowerLog(parseLogql(text) as LogExpr)
        return 'taken'
      } catch (error) {
        return error instanceof Error && 'code' in error ? error.code : error
      }
    }
    for (const text of ['{a=~"("}', '{a=~"b)|(c"}', '{a="b"} |~ "*"', `{a=~"${'x+'.repeat(2000)}"}`, '{a=~"((a{1,100}){1,100}){1,100}"}', `{${Array.from({ length: 90 }, () => 'a_b_c_d_e_f=~"x.*"').join(',')}}`]) expect([text, codeOf(text)]).toEqual([text, 'BAD_QUERY'])
  })
})

import fc from 'fast-check'
import { DAY_ZERO_NS, place, somePlacement } from '@millrace/query-engine/arbitrary-events'
import { TENANT } from '@millrace/query-engine/memory-ports'
import type { NaiveEvent } from '@millrace/query-engine/naive-search'
import { openQueryEngine } from '@millrace/query-engine/open-query-engine'
import type { QueryEngine } from '@millrace/query-engine/query-engine'
import type { LogExpr, MetricExpr } from '@millrace/query-language/logql/ast'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import { systemClock } from '@millrace/runtime/system-clock'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { createAdmission } from '../admission.ts'
import { createFrontier } from '../frontier.ts'
import type { QueryContext } from '../query-context.ts'
import { Entry } from './entry.ts'
import { evaluate } from './evaluate.ts'
import { createLabelFilter, createPipeline } from './pipeline.ts'
import { LokiRun } from './run.ts'
import type { Steps } from './series.ts'

const never = new AbortController().signal
const FIRST_MS = Number(DAY_ZERO_NS / 1_000_000n)

function runOver(engine: QueryEngine): LokiRun {
  const topics = { generation: 'g1', partitions: 1, batches: 'b', routed: 'r', commits: 'c', deadLetters: 'd' }
  const context: Pick<QueryContext, 'engine' | 'topics' | 'clock' | 'admission' | 'frontier' | 'retentionOf' | 'metrics'> = {
    engine, topics, clock: new ManualClock(FIRST_MS + 60_000), admission: createAdmission(systemClock), frontier: createFrontier(), retentionOf: () => Promise.resolve(365), metrics: { answered: () => undefined } as QueryContext['metrics'],
  }
  return new LokiRun(context as QueryContext, TENANT, never)
}

const someEvents: fc.Arbitrary<readonly NaiveEvent[]> = fc.array(fc.record({
  ms: fc.integer({ min: 0, max: 40_000 }),
  values: fc.record({ message: fc.constantFrom('n=1', 'n=7 x=y', 'plain', 'level=warn host=h9'), status: fc.constantFrom('info', 'error'), service: fc.constantFrom('web', ''), host: fc.constantFrom('h1', 'h2'), tags: fc.constantFrom('region:eu', 'zone:z'), '@region': fc.constantFrom('eu', 'us'), '@n': fc.constantFrom<string | number>(5, '5', 2.5) }, { requiredKeys: ['message'] }),
}), { minLength: 1, maxLength: 30 }).map((list) => list.map(({ ms, values }, row) => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(ms) * 1_000_000n, values: new Map(Object.entries(values)) })))

const selector = fc.constantFrom('{}', '{service_name=~".+"} |= "n"', '{level="info"}', '{} | drop __error__', '{} | logfmt | drop __error__', '{} | logfmt | n="7"', '{region!="eu"}')
const someQuestion = fc.record({
  op: fc.constantFrom('count_over_time', 'rate', 'bytes_over_time'), log: selector, rangeMs: fc.constantFrom(1_000, 3_000, 7_500, 20_000), offsetMs: fc.constantFrom(0, 2_000, -1_500),
  by: fc.subarray(['level', 'detected_level', 'service_name', 'host', 'region', 'n', 'zone', 'none'], { maxLength: 4 }),
  steps: fc.record({ startMs: fc.integer({ min: 0, max: 20 }).map((second) => FIRST_MS + second * 1000), stepMs: fc.constantFrom(1_000, 2_500, 10_000), count: fc.constantFrom(1, 2, 12) }),
})

describe('sums of counts', () => {
  it('are those of the events one by one, whether the engine counts or lines are read', async () => {
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, someQuestion, async (events, placement, { op, log, rangeMs, offsetMs, by, steps }) => {
      const { catalog, store, index } = place(events, placement)
      const engine = openQueryEngine({ catalog, store, index, clock: systemClock })
      const query = `sum by (${by.join(',')}) (${op}(${log}[${rangeMs}ms]${offsetMs === 0 ? '' : ` offset ${offsetMs}ms`}))`
      const value = await evaluate(runOver(engine), parseLogql(query) as MetricExpr, steps)
      const all = (await engine.list({ tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], order: 'asc', limit: 1000 }, never)).events.map((event) => new Entry(event))
      expect({ query, series: sorted(value.type === 'series' ? value.series : []) }).toEqual({ query, series: sorted(naive(all, parseLogql(log) as LogExpr, { op, rangeMs, offsetMs, by, steps })) })
    }), { numRuns: 400 })
  })
})

interface NaiveSeries { readonly labels: Readonly<Record<string, string>>; readonly values: readonly (number | undefined)[] }

function naive(entries: readonly Entry[], { matchers, stages }: LogExpr, { op, rangeMs, offsetMs, by, steps: { startMs, stepMs, count } }: { readonly op: string; readonly rangeMs: number; readonly offsetMs: number; readonly by: readonly string[]; readonly steps: Steps }): readonly NaiveSeries[] {
  const selects = matchers.map((matcher) => createLabelFilter({ type: 'match', matcher }))
  const passes = createPipeline(stages)
  const groups = new Map<string, { labels: Record<string, string>; lines: { ms: number; bytes: number }[] }>()
  for (const entry of entries) {
    if (!selects.every((select) => select(entry)) || !passes(entry)) continue
    const labels = Object.fromEntries(by.map((name) => [name, entry.label(name)]).filter(([, value]) => value !== ''))
    const key = JSON.stringify(labels)
    groups.set(key, { labels, lines: [...(groups.get(key)?.lines ?? []), { ms: Number(entry.timestampNs / 1_000_000n), bytes: entry.line.length }] })
  }
  return [...groups.values()].map(({ labels, lines }) => ({
    labels,
    values: Array.from({ length: count }, (_, index) => startMs + index * stepMs - offsetMs).map((end) => {
      const inside = lines.filter(({ ms }) => ms >= end - rangeMs && ms < end)
      if (inside.length === 0) return undefined
      return op === 'rate' ? inside.length / (rangeMs / 1000) : op === 'count_over_time' ? inside.length : inside.reduce((sum, { bytes }) => sum + bytes, 0)
    }),
  })).filter(({ values }) => values.some((value) => value !== undefined))
}

function sorted(series: readonly NaiveSeries[]): readonly unknown[] {
  return series.map(({ labels, values }) => ({ labels, values: values.map((value) => (value === undefined ? null : Math.round(value * 1e9) / 1e9)) })).sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1))
}

import type { AggregateBucket, AggregateReply, MillraceClient, SearchPage, TimeFilter } from '../client/millrace-client.ts'
import { SERVICES } from '../load/log-templates.ts'
import { UPSTREAM_ERROR, type ExactFigures } from './exact-figures.ts'

/** One of the eight questions that systems are compared with. */
export interface BenchQuestion {
  readonly name: string
  readonly about: string
  /** @param run 0 to {@link MAX_RUNS}: each asks for a range of its own, so that no answer is remembered, and finds the same events. */
  ask(client: MillraceClient, run: number): Promise<SearchPage | AggregateReply>
  /** What is wrong with an answer; undefined when its figures are right. */
  problemOf(answer: SearchPage | AggregateReply): string | undefined
}

/** Milliseconds at the end of the asked range that hold no event. */
export const MAX_RUNS = 1000

export function benchQuestions(figures: ExactFigures, { baseMs, spanMs }: { readonly baseMs: number; readonly spanMs: number }): readonly BenchQuestion[] {
  const range = (query: string, run: number): TimeFilter => ({ query, from: baseMs, to: baseMs + spanMs - 1 - run })
  const minuteOf = (time: string): number => Math.floor((Date.parse(time) - baseMs) / 60_000)
  const byMinute = { aggregation: 'count', type: 'timeseries', interval: '1m' } as const
  const countsByMinute = (answer: SearchPage | AggregateReply, expected: ReadonlyMap<number, number>): string | undefined => {
    const points = new Map(pointsOf(bucketsOf(answer)[0]).map(({ time, value }) => [minuteOf(time), value]))
    return differenceOf(points, expected)
  }
  return [
    {
      name: 'Q1', about: 'count by minute where status is error',
      ask: async (client, run) => await client.aggregate({ filter: range('status:error', run), compute: [byMinute] }),
      problemOf: (answer) => countsByMinute(answer, figures.errorsByMinute),
    },
    {
      name: 'Q2', about: 'top 10 services by count',
      ask: async (client, run) => await client.aggregate({ filter: range('*', run), compute: [{ aggregation: 'count' }], group_by: [{ facet: 'service', limit: 10 }] }),
      problemOf: (answer) => {
        const top = [...figures.byService].sort(([, a], [, b]) => b - a).slice(0, 10)
        return differenceOf(new Map(bucketsOf(answer).map(({ by, computes }) => [String(by['service']), Number(computes['c0'])])), new Map(top))
      },
    },
    {
      name: 'Q3', about: 'newest 100 with the phrase "disk quota exceeded"',
      ask: async (client, run) => await client.search({ filter: range('"disk quota exceeded"', run), sort: '-timestamp', limit: 100 }),
      problemOf: (answer) => {
        const expected = figures.rareMessages.slice(-100).sort()
        const found = eventsOf(answer).map(({ attributes }) => String(attributes['message'])).sort()
        return JSON.stringify(found) === JSON.stringify(expected) ? undefined : `${found.length} events, ${expected.length} expected`
      },
    },
    {
      name: 'Q4', about: 'one trace id',
      ask: async (client, run) => await client.search({ filter: range(`trace_id:${figures.needleTraceId}`, run), sort: '-timestamp', limit: 100 }),
      problemOf: (answer) => {
        const found = eventsOf(answer).filter(({ attributes }) => attributes['trace_id'] === figures.needleTraceId).length
        return found === figures.needleCount && eventsOf(answer).length === found ? undefined : `${found} events, ${figures.needleCount} expected`
      },
    },
    {
      name: 'Q5', about: '95th percentile of the duration by service and minute',
      ask: async (client, run) => await client.aggregate({ filter: range('*', run), compute: [{ aggregation: 'pc95', metric: '@duration_ms', type: 'timeseries', interval: '1m' }], group_by: [{ facet: 'service', limit: 20 }] }),
      problemOf: (answer) => {
        let points = 0
        for (const bucket of bucketsOf(answer)) {
          for (const { time, value } of pointsOf(bucket)) {
            const values = figures.durations.get(`${bucket.by['service']} ${minuteOf(time)}`)?.toSorted((a, b) => a - b) ?? []
            const rank = 0.95 * (values.length - 1)
            const least = (values[Math.max(0, Math.floor(rank) - 1)] ?? NaN) * (1 - PERCENTILE_ERROR)
            const most = (values[Math.min(values.length - 1, Math.ceil(rank) + 1)] ?? NaN) * (1 + PERCENTILE_ERROR)
            if (!(value >= least && value <= most)) return `${bucket.by['service']} at ${time}: ${value}, expected ${least} to ${most}`
            points += 1
          }
        }
        return points === figures.durations.size ? undefined : `${points} points, ${figures.durations.size} expected`
      },
    },
    {
      name: 'Q6', about: 'newest 100 errors of api-gateway with the substring "meoutExc"',
      ask: async (client, run) => await client.search({ filter: range('service:api-gateway status:error *meoutExc*', run), sort: '-timestamp', limit: 100 }),
      problemOf: (answer) => {
        const expected = figures.timeoutTimes.toSorted((a, b) => b - a).slice(0, 100)
        const found = eventsOf(answer).map(({ attributes }) => Date.parse(String(attributes['timestamp'])))
        return JSON.stringify(found) === JSON.stringify(expected) ? undefined : `${found.length} events, newest ${found[0]}; ${expected.length} expected, newest ${expected[0]}`
      },
    },
    {
      name: 'Q7', about: 'distinct users',
      ask: async (client, run) => await client.aggregate({ filter: range('*', run), compute: [{ aggregation: 'cardinality', metric: '@user_id' }] }),
      problemOf: (answer) => {
        const found = Number(bucketsOf(answer)[0]?.computes['c0'])
        return Math.abs(found - figures.users.size) <= figures.users.size * CARDINALITY_ERROR ? undefined : `${found}, expected ${figures.users.size}`
      },
    },
    {
      name: 'Q8', about: `count by minute where the message matches ${UPSTREAM_ERROR.source}`,
      ask: async (client, run) => await client.aggregate({ filter: range(`message:~"${UPSTREAM_ERROR.source}"`, run), compute: [byMinute] }),
      problemOf: (answer) => countsByMinute(answer, figures.upstreamByMinute),
    },
  ]
}

/** Relative error that DDSketch promises. */
const PERCENTILE_ERROR = 0.01
/** Three deviations of HyperLogLog with 2^14 registers. */
const CARDINALITY_ERROR = 0.025

function eventsOf(answer: SearchPage | AggregateReply): SearchPage['data'] {
  return Array.isArray(answer.data) ? (answer.data as SearchPage['data']) : []
}

function bucketsOf(answer: SearchPage | AggregateReply): readonly AggregateBucket[] {
  return 'buckets' in answer.data ? answer.data.buckets : []
}

function pointsOf(bucket: AggregateBucket | undefined): readonly { readonly time: string; readonly value: number }[] {
  const value = bucket?.computes['c0']
  return typeof value === 'object' ? value : []
}

function differenceOf<K>(found: ReadonlyMap<K, number>, expected: ReadonlyMap<K, number>): string | undefined {
  for (const key of new Set([...found.keys(), ...expected.keys()])) if (found.get(key) !== expected.get(key)) return `${String(key)}: ${found.get(key)}, expected ${expected.get(key)}`
  return expected.size === 0 || expected.size > SERVICES.length * 60 ? 'nothing to compare with' : undefined
}

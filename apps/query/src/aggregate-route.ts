import { readJsonBody } from '@millrace/http/body'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { AggregateAnswer, AggregateRequest } from '@millrace/query-engine/query-engine'
import { answerMeta } from './answer-meta.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError, readFilter, readRecord } from './read-question.ts'
import { parseIntervalMs } from './time-range.ts'

type Compute = AggregateRequest['computes'][number]
type Group = AggregateRequest['groupBy'][number]

/** `POST /api/v2/logs/analytics/aggregate` as Datadog's clients call it. */
export function aggregateRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'POST', path: '/api/v2/logs/analytics/aggregate', scope: 'query', dialect: 'datadog',
    handle: async ({ raw, tenantId, signal }, response) => {
      const startedMs = clock.monotonicMs()
      const question = readRecord(await readJsonBody(raw), 'the body')
      const { filter, fromNs, toNs } = readFilter(question['filter'], clock.nowMs())
      const computes = readList(question['compute'] ?? [{ aggregation: 'count' }], 'compute', MAX_COMPUTES).map((value, index) => readCompute(value, index, toNs - fromNs))
      const groupBy = readList(question['group_by'] ?? [], 'group_by', MAX_GROUPS).map(readGroup)
      const asked = { tenantId, kind: 'log', fromNs: await clippedFrom(context, tenantId, fromNs), toNs, filter, streams: streamsOf(topics, tenantId), computes, groupBy } as const
      const answer = await context.admission.run(tenantId, signal, async () => await engine.aggregate(asked, signal))
      sendJson(response, 200, { data: { buckets: answer.buckets.map(renderBucket) }, meta: answerMeta(completenessOf(context, answer), clock.monotonicMs() - startedMs) })
    },
  }
}

const AGGREGATIONS = ['count', 'cardinality', 'pc75', 'pc90', 'pc95', 'pc98', 'pc99', 'sum', 'min', 'max', 'avg', 'median'] as const satisfies readonly Compute['aggregation'][]
/** Each costs a pass over a column. */
const MAX_COMPUTES = 10
/** The buckets multiply. */
const MAX_GROUPS = 4
const DEFAULT_GROUP_BUCKETS = 10
const MAX_GROUP_BUCKETS = 10_000
/** Datadog's default resolution. */
const DEFAULT_TIME_BUCKETS = 150n
/** Beyond it a graph has more points than pixels. */
const MAX_TIME_BUCKETS = 10_000

function renderBucket({ by, computes }: AggregateAnswer['buckets'][number]): object {
  const rendered = computes.map((value, index) => [
    `c${index}`,
    Array.isArray(value) ? value.map((point: { readonly timeMs: number; readonly value: number }) => ({ time: new Date(point.timeMs).toISOString(), value: point.value })) : value,
  ])
  return { by, computes: Object.fromEntries(rendered.filter(([, value]) => value !== null)) as object }
}

function readList(value: unknown, name: string, max: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length > max) throw new BadQuestionError(`${name} must be an array of at most ${max} entries`)
  return value
}

function readCompute(value: unknown, index: number, rangeNs: bigint): Compute {
  const name = `compute[${index}]`
  const { aggregation, metric, type = 'total', interval } = readRecord(value, name)
  const known = AGGREGATIONS.find((candidate) => candidate === aggregation)
  if (known === undefined) throw new BadQuestionError(`${name}.aggregation must be one of ${AGGREGATIONS.join(', ')}`)
  if (metric !== undefined && typeof metric !== 'string') throw new BadQuestionError(`${name}.metric must be a string`)
  if (known !== 'count' && metric === undefined) throw new BadQuestionError(`${name}.metric is needed for ${known}`)
  if (type !== 'total' && type !== 'timeseries') throw new BadQuestionError(`${name}.type must be "total" or "timeseries"`)
  const named = metric === undefined ? {} : { metric }
  if (type === 'total') return { aggregation: known, type, ...named }
  const intervalMs = interval === undefined ? Math.max(1, Number(rangeNs / DEFAULT_TIME_BUCKETS / 1_000_000n)) : parseIntervalMs(interval)
  if (intervalMs === undefined) throw new BadQuestionError(`${name}.interval must be written as "5m" or in milliseconds`)
  if (Number(rangeNs / 1_000_000n) / intervalMs > MAX_TIME_BUCKETS) throw new BadQuestionError(`${name}.interval gives more than ${MAX_TIME_BUCKETS} points`)
  return { aggregation: known, type, intervalMs, ...named }
}

function readGroup(value: unknown, index: number): Group {
  const name = `group_by[${index}]`
  const { facet, limit = DEFAULT_GROUP_BUCKETS, missing, histogram, sort } = readRecord(value, name)
  if (typeof facet !== 'string' || facet === '') throw new BadQuestionError(`${name}.facet must be a string`)
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_GROUP_BUCKETS) throw new BadQuestionError(`${name}.limit must be a whole number from 1 to ${MAX_GROUP_BUCKETS}`)
  if (missing !== undefined && typeof missing !== 'string' && typeof missing !== 'number') throw new BadQuestionError(`${name}.missing must be a string or a number`)
  return {
    facet, limit,
    ...(missing === undefined ? {} : { missing }),
    ...(histogram === undefined ? {} : { histogram: readHistogram(histogram, `${name}.histogram`) }),
    ...(sort === undefined ? {} : { sort: readSort(sort, `${name}.sort`) }),
  }
}

function readHistogram(value: unknown, name: string): NonNullable<Group['histogram']> {
  const { interval, min, max } = readRecord(value, name)
  if (typeof interval !== 'number' || typeof min !== 'number' || typeof max !== 'number' || !(interval > 0) || !(max > min) || (max - min) / interval > MAX_GROUP_BUCKETS) {
    throw new BadQuestionError(`${name} needs the numbers interval, min and max, with at most ${MAX_GROUP_BUCKETS} intervals`)
  }
  return { interval, min, max }
}

function readSort(value: unknown, name: string): NonNullable<Group['sort']> {
  const { type = 'alphabetical', order = 'asc', aggregation, metric } = readRecord(value, name)
  if (order !== 'asc' && order !== 'desc') throw new BadQuestionError(`${name}.order must be "asc" or "desc"`)
  if (type === 'alphabetical') return { type, order }
  const known = AGGREGATIONS.find((candidate) => candidate === aggregation)
  if (type !== 'measure' || known === undefined) throw new BadQuestionError(`${name} must be alphabetical, or a measure with an aggregation`)
  if (metric !== undefined && typeof metric !== 'string') throw new BadQuestionError(`${name}.metric must be a string`)
  return { type, order, aggregation: known, ...(metric === undefined ? {} : { metric }) }
}

import type { ServerResponse } from 'node:http'
import type { Route } from '@millrace/http/route'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import type { QueryContext } from '../query-context.ts'
import { BadQuestionError } from '../read-question.ts'
import { sendResult } from './answer.ts'
import { evaluate } from './evaluate.ts'
import { findLines, type LineQuestion } from './find-lines.ts'
import { lokiRoute, readLimit, readQueryText, readStepMs, readTime, readTimeRange, type LokiRequest, type TimeRange } from './request.ts'
import type { Series, Steps } from './series.ts'

/** `GET|POST /loki/api/v1/query_range` and `/query`: lines of streams, or what a metric query makes of them. */
export function lokiQueryRoutes(context: QueryContext): readonly Route[] {
  return [
    ...lokiRoute(context, '/loki/api/v1/query_range', answerRange),
    ...lokiRoute(context, '/loki/api/v1/query', answerInstant),
  ]
}

/** As Loki's `max_entries_limit_per_query`. */
export const MAX_LINES = 5000
const DEFAULT_LINES = 100
/** As Loki's and Prometheus's: more than a screen has pixels. */
export const MAX_POINTS = 11_000

async function answerRange(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const expr = parseLogql(readQueryText(parameters))
  const range = readTimeRange(request)
  if (expr.type === 'log') {
    await answerLines(request, response, { ...range, log: expr })
    return
  }
  const steps = stepsOf(range, readStepMs(parameters, range))
  const value = await evaluate(run, expr, steps)
  const series = value.type === 'series' ? value.series : [{ labels: {}, values: Array.from({ length: steps.count }, () => value.value) }]
  const result = series.map((one) => ({ metric: one.labels, values: pointsOf(one, steps) })).filter(({ values }) => values.length > 0)
  sendResult(response, run, 'matrix', result)
}

async function answerInstant(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters, nowNs } = request
  const expr = parseLogql(readQueryText(parameters))
  const timeNs = readTime(parameters, 'time') ?? nowNs
  if (expr.type === 'log') {
    // As Loki: lines are asked for by `query_range`, but for a moment's.
    throw new BadQuestionError('log queries are not supported as an instant query type, please change your query to a range query type')
  }
  const seconds = Number(timeNs / 1_000_000n) / 1000
  const value = await evaluate(run, expr, { startMs: Number(timeNs / 1_000_000n), stepMs: 1, count: 1 })
  if (value.type === 'scalar') {
    sendResult(response, run, 'scalar', [seconds, sampleText(value.value)])
    return
  }
  const result = value.series.flatMap(({ labels, values: [sample] }) => (sample === undefined ? [] : [{ metric: labels, value: [seconds, sampleText(sample)] }]))
  sendResult(response, run, 'vector', result)
}

async function answerLines({ run, parameters, headers }: LokiRequest, response: ServerResponse, question: Pick<LineQuestion, 'log' | 'startNs' | 'endNs'>): Promise<void> {
  const limit = readLimit(parameters, { fallback: DEFAULT_LINES, max: MAX_LINES })
  const areLabelsKinds = wantsLabelKinds(headers)
  const streams = await findLines(run, { ...question, limit, areLabelsKinds, direction: readDirection(parameters) })
  sendResult(response, run, 'streams', streams, areLabelsKinds ? { encodingFlags: [LABEL_KINDS_FLAG] } : {})
}

/** What Grafana sends to be told which labels are of the stream and which are not. */
export function wantsLabelKinds(headers: LokiRequest['headers']): boolean {
  return String(headers['x-loki-response-encoding-flags'] ?? '').split(',').some((flag) => flag.trim() === LABEL_KINDS_FLAG)
}

export const LABEL_KINDS_FLAG = 'categorize-labels'

function readDirection(parameters: URLSearchParams): 'forward' | 'backward' {
  const text = (parameters.get('direction') ?? '').toLowerCase()
  if (text !== '' && text !== 'forward' && text !== 'backward') throw new BadQuestionError(`invalid direction ${JSON.stringify(text)}: it is forward or backward`)
  return text === 'forward' ? 'forward' : 'backward'
}

/** Steps stand at multiples of their width since 1970, as Loki moves them, so that a graph that is drawn again shows the same points. @throws {BadQuestionError} */
export function stepsOf({ startNs, endNs }: TimeRange, stepMs: number): Steps {
  const startMs = Math.floor(Number(startNs / 1_000_000n) / stepMs) * stepMs
  const endMs = Math.floor(Number(endNs / 1_000_000n) / stepMs) * stepMs
  const count = Math.round((endMs - startMs) / stepMs) + 1
  if (count > MAX_POINTS) throw new BadQuestionError(`exceeded maximum resolution of ${MAX_POINTS.toLocaleString('en-US')} points per time series. Try increasing the value of the step parameter`)
  return { startMs, stepMs, count }
}

/** Those that have a value. */
export function pointsOf({ values }: Series, { startMs, stepMs }: Steps): readonly (readonly [seconds: number, value: string])[] {
  return values.flatMap((value, index) => (value === undefined ? [] : [[(startMs + index * stepMs) / 1000, sampleText(value)] as const]))
}

/** As Go writes numbers, but for the exponents of very large ones. */
function sampleText(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

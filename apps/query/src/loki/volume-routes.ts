import type { ServerResponse } from 'node:http'
import { sendJson } from '@millrace/http/send-json'
import type { Route } from '@millrace/http/route'
import type { QueryAst } from '@millrace/query-language/ast'
import { parseStreamSelector } from '@millrace/query-language/logql/parse-logql'
import type { QueryContext } from '../query-context.ts'
import { BadQuestionError } from '../read-question.ts'
import { sendResult } from './answer.ts'
import { evaluate } from './evaluate.ts'
import { countStreams, countValues, filterOf } from './label-routes.ts'
import { lowerMatchers } from './lower.ts'
import { stepsOf, pointsOf } from './query-routes.ts'
import { lokiRoute, readLimit, readStepMs, readTimeRange, type LokiRequest, type TimeRange } from './request.ts'
import type { LokiRun } from './run.ts'
import { sampleEntries, streamLabelsOf } from './sample.ts'
import type { Labels } from './series.ts'

/**
 * How much there is: `GET|POST /loki/api/v1/index/stats`, `/index/volume`, `/index/volume_range`. Events are counted; their bytes are estimated by the mean length of a sample of lines.
 */
export function volumeRoutes(context: QueryContext): readonly Route[] {
  return [
    ...lokiRoute(context, '/loki/api/v1/index/stats', answerStats),
    ...lokiRoute(context, '/loki/api/v1/index/volume', answerVolume),
    ...lokiRoute(context, '/loki/api/v1/index/volume_range', answerVolumeRange),
  ]
}

const DEFAULT_VOLUMES = 100
const MAX_VOLUMES = 1000
/** Lines that are measured. */
const MEASURED_LINES = 400
/** Labels that volumes are told apart by: each is a question to the engine. */
const MAX_TARGET_LABELS = 4

/** Flat, unlike all other answers. There are no chunks here; Grafana shows the bytes. */
async function answerStats(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const range = readTimeRange(request)
  const filter = filterOf(parameters.get('query'))
  const streams = await countStreams(run, filter, range)
  const entries = streams.reduce((sum, { events }) => sum + events, 0)
  sendJson(response, 200, { streams: streams.length, chunks: streams.length, entries, bytes: Math.round(entries * (await meanBytes(run, filter, range))) })
}

async function answerVolume(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run } = request
  const { filter, range, limit, targets, byLabel } = readVolume(request)
  const mean = await meanBytes(run, filter, range)
  const events = byLabel ? await countLabels(run, filter, range, targets) : await countTargets(run, request, range, targets)
  const seconds = Number(range.endNs / 1_000_000n) / 1000
  const result = events.toSorted((a, b) => b.events - a.events).slice(0, limit).map(({ labels, events: count }) => ({ metric: labels, value: [seconds, String(Math.round(count * mean))] }))
  sendResult(response, run, 'vector', result)
}

async function answerVolumeRange(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const { filter, range, limit, targets } = readVolume(request)
  const mean = await meanBytes(run, filter, range)
  const steps = stepsOf(range, readStepMs(parameters, range))
  const value = await evaluate(run, countExpr(request, BigInt(steps.stepMs) * 1_000_000n, targets), steps)
  const series = value.type === 'series' ? value.series : []
  const total = (values: readonly (number | undefined)[]): number => values.reduce<number>((sum, count) => sum + (count ?? 0), 0)
  const result = series.toSorted((a, b) => total(b.values) - total(a.values)).slice(0, limit)
    .map(({ labels, values }) => ({ metric: labels, values: pointsOf({ labels, values: values.map((count) => (count === undefined ? undefined : Math.round(count * mean))) }, steps) }))
  sendResult(response, run, 'matrix', result)
}

interface VolumeQuestion {
  readonly filter: QueryAst
  readonly range: TimeRange
  readonly limit: number
  /** Labels that volumes are told apart by. */
  readonly targets: readonly string[]
  /** Whether the volume of each label is asked for, and not that of series. */
  readonly byLabel: boolean
}

/** @throws {BadQuestionError} */
function readVolume(request: LokiRequest): VolumeQuestion {
  const { parameters } = request
  const matchers = parseStreamSelector(parameters.get('query') ?? '{}')
  const given = (parameters.get('targetLabels') ?? '').split(',').map((label) => label.trim()).filter((label) => label !== '')
  // Without any, Loki tells volumes apart by the labels of the selector.
  const targets = [...new Set(given.length > 0 ? given : matchers.length > 0 ? matchers.map(({ name }) => name) : ['service_name'])]
  if (targets.length > MAX_TARGET_LABELS) throw new BadQuestionError(`at most ${MAX_TARGET_LABELS} target labels are taken`)
  const aggregateBy = parameters.get('aggregateBy') ?? 'series'
  if (aggregateBy !== 'series' && aggregateBy !== 'labels' && aggregateBy !== '') throw new BadQuestionError("invalid aggregation option: it is 'series' or 'labels'")
  return { filter: lowerMatchers(matchers), range: readTimeRange(request), limit: readLimit(parameters, { fallback: DEFAULT_VOLUMES, max: MAX_VOLUMES }), targets: given.length === 0 && aggregateBy === 'labels' ? [] : targets, byLabel: aggregateBy === 'labels' }
}

function countExpr({ parameters }: LokiRequest, rangeNs: bigint, labels: readonly string[]): Parameters<typeof evaluate>[1] {
  const log = { type: 'log', matchers: parseStreamSelector(parameters.get('query') ?? '{}'), stages: [] } as const
  return { type: 'vector-aggregation', op: 'sum', parameter: undefined, grouping: { isWithout: false, labels }, expr: { type: 'range', op: 'count_over_time', log, rangeNs, offsetNs: 0n, unwrap: undefined, parameter: undefined, grouping: undefined } }
}

interface Volume {
  readonly labels: Labels
  readonly events: number
}

async function countTargets(run: LokiRun, request: LokiRequest, { startNs, endNs }: TimeRange, targets: readonly string[]): Promise<readonly Volume[]> {
  if (endNs === startNs) return []
  const value = await evaluate(run, countExpr(request, endNs - startNs, targets), { startMs: Number(endNs / 1_000_000n), stepMs: 1, count: 1 })
  return value.type === 'series' ? value.series.map(({ labels, values: [count] }) => ({ labels, events: count ?? 0 })) : []
}

/** The label with its name alone, as Loki answers them. */
async function countLabels(run: LokiRun, filter: QueryAst, range: TimeRange, targets: readonly string[]): Promise<readonly Volume[]> {
  const names = targets.length > 0 ? targets : [...streamLabelsOf(await sampleEntries(run, filter, range, MEASURED_LINES))].slice(0, MAX_LABEL_VOLUMES)
  const volumes: Volume[] = []
  for (const name of names) {
    const events = [...(await countValues(run, name, filter, range)).values()].reduce((sum, count) => sum + count, 0)
    if (events > 0) volumes.push({ labels: { [name]: '' }, events })
  }
  return volumes
}

/** Each is a question to the engine or two. */
const MAX_LABEL_VOLUMES = 20

async function meanBytes(run: LokiRun, filter: QueryAst, range: TimeRange): Promise<number> {
  const entries = await sampleEntries(run, filter, range, MEASURED_LINES)
  return entries.length === 0 ? 0 : entries.reduce((sum, { line }) => sum + Buffer.byteLength(line), 0) / entries.length
}

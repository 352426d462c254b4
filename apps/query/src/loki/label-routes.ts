import type { ServerResponse } from 'node:http'
import type { Route } from '@millrace/http/route'
import type { QueryAst } from '@millrace/query-language/ast'
import { facetText, RESERVED_FACETS } from '@millrace/query-language/facet'
import { parseStreamSelector } from '@millrace/query-language/logql/parse-logql'
import type { QueryContext } from '../query-context.ts'
import { BadQuestionError } from '../read-question.ts'
import { sendList } from './answer.ts'
import { sourceOf, STREAM_LABELS, UNKNOWN_SERVICE } from './labels.ts'
import { bothFilters, lacksAll, lowerMatchers } from './lower.ts'
import { lokiRoute, readTimeRange, type LokiRequest, type TimeRange } from './request.ts'
import type { LokiRun } from './run.ts'
import { sampleEntries, streamLabelsOf } from './sample.ts'
import { labelsKey, type Labels } from './series.ts'

/**
 * Which labels there are, their values, and the streams: `GET|POST /loki/api/v1/labels` (and `/label`), `/label/:name/values`, `/series`. Values and the labels of streams are
 * counted by the engine; which attributes and tags are labels too is told from a sample of the range.
 */
export function labelRoutes(context: QueryContext): readonly Route[] {
  return [
    ...lokiRoute(context, '/loki/api/v1/labels', answerLabels),
    ...lokiRoute(context, '/loki/api/v1/label', answerLabels),
    ...lokiRoute(context, '/loki/api/v1/label/:name/values', answerValues),
    ...lokiRoute(context, '/loki/api/v1/series', answerSeries),
  ]
}

/** Grafana completes them while one types; nobody reads on. */
const MAX_VALUES = 5000
/** As Loki's own `max_query_series` is meant: more is no overview. */
const MAX_SERIES = 5000
/** Selectors of one question for series; dashboards ask for one or two. */
const MAX_SELECTORS = 10
/** Each makes a question to the engine. */
const MAX_STREAM_GROUPS = 1000

async function answerLabels(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const range = readTimeRange(request, DEFAULT_RANGE_NS)
  const filter = filterOf(parameters.get('query'))
  const names = new Set(streamLabelsOf(await sampleEntries(run, filter, range)))
  for (const name of await presentStreamLabels(run, filter, range)) names.add(name)
  sendList(response, run, [...names].sort())
}

/** Labels that any event has, also one that no sample meets. */
async function presentStreamLabels(run: LokiRun, filter: QueryAst, { startNs, endNs }: TimeRange): Promise<readonly string[]> {
  const optional = Object.entries(STREAM_LABELS).filter(([name]) => name !== 'service_name')
  const [bucket] = await run.aggregate({ filter, fromNs: startNs, toNs: endNs }, { groupBy: [], computes: [{ aggregation: 'count', type: 'total' }, ...optional.map(([, metric]) => ({ aggregation: 'count', metric, type: 'total' }) as const)] })
  const [all = 0, ...counts] = bucket?.computes ?? []
  return [...(Number(all) > 0 ? ['service_name'] : []), ...optional.filter((_, index) => Number(counts[index] ?? 0) > 0).map(([name]) => name)]
}

async function answerValues(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters, params } = request
  const name = params['name'] ?? ''
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new BadQuestionError(`invalid label name ${JSON.stringify(name)}`)
  const counts = await countValues(run, name, filterOf(parameters.get('query')), readTimeRange(request, DEFAULT_RANGE_NS))
  sendList(response, run, [...counts.keys()].sort())
}

/** How many events have each value of a label, the {@link MAX_VALUES} most frequent. */
export async function countValues(run: LokiRun, label: string, filter: QueryAst, { startNs, endNs }: TimeRange): Promise<ReadonlyMap<string, number>> {
  const { facets, fallback, missing } = sourceOf(label)
  const counts = new Map<string, number>()
  const groups = [...facets.map((facet) => ({ facet, filter })), ...(fallback === undefined ? [] : [{ facet: fallback, filter: bothFilters(filter, lacksAll(facets)) }])]
  for (const { facet, filter: own } of groups) {
    const text = facetText(facet)
    if (facet.kind === 'tag' && RESERVED_FACETS.has(text)) continue // no facet's text means such a tag
    const buckets = await run.aggregate({ filter: own, fromNs: startNs, toNs: endNs }, { computes: [{ aggregation: 'count', type: 'total' }], groupBy: [{ facet: text, limit: MAX_VALUES, ...(missing === '' ? {} : { missing }) }] })
    for (const { by, computes: [count] } of buckets) {
      const value = String(by[text] ?? '') || missing
      if (value !== '') counts.set(value, (counts.get(value) ?? 0) + Number(count ?? 0))
    }
  }
  return counts
}

async function answerSeries(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const range = readTimeRange(request, DEFAULT_RANGE_NS)
  const selectors = [...parameters.getAll('match[]'), ...parameters.getAll('match')]
  if (selectors.length > MAX_SELECTORS) throw new BadQuestionError(`at most ${MAX_SELECTORS} match[] are taken`)
  const series = new Map<string, Labels>()
  for (const filter of selectors.length === 0 ? [filterOf(null)] : selectors.map(filterOf)) {
    for (const labels of await streamsOf(run, filter, range)) if (series.size < MAX_SERIES) series.set(labelsKey(labels), labels)
  }
  sendList(response, run, [...series.values()])
}

/** Label sets of a sample's events, and those of the four labels of streams that no event of it has. */
async function streamsOf(run: LokiRun, filter: QueryAst, range: TimeRange): Promise<readonly Labels[]> {
  const entries = await sampleEntries(run, filter, range)
  const names = streamLabelsOf(entries)
  const met = new Set(entries.map(({ stream }) => labelsKey(Object.fromEntries(stream))))
  const others = (await countStreams(run, filter, range)).filter(({ labels }) => !met.has(labelsKey(labels)))
  return [...entries.map((entry) => Object.fromEntries(Object.entries(entry.labels()).filter(([name]) => names.has(name)))), ...others.map(({ labels }) => labels)]
}

/** How many events each stream has, told apart by the four labels that all events may have. */
export async function countStreams(run: LokiRun, filter: QueryAst, { startNs, endNs }: TimeRange): Promise<readonly { readonly labels: Labels; readonly events: number }[]> {
  const buckets = await run.aggregate({ filter, fromNs: startNs, toNs: endNs }, {
    computes: [{ aggregation: 'count', type: 'total' }],
    groupBy: Object.values(STREAM_LABELS).map((facet) => ({ facet, limit: MAX_STREAM_GROUPS, missing: facet === 'service' ? UNKNOWN_SERVICE : '' })),
  })
  // An empty service and none are one stream.
  const streams = new Map<string, { readonly labels: Labels; readonly events: number }>()
  for (const { by, computes: [count] } of buckets) {
    const labels = Object.fromEntries(Object.entries(STREAM_LABELS).map(([label, facet]) => [label, String(by[facet] ?? '') || sourceOf(label).missing] as const).filter(([, value]) => value !== ''))
    const key = labelsKey(labels)
    streams.set(key, { labels, events: (streams.get(key)?.events ?? 0) + Number(count ?? 0) })
  }
  return [...streams.values()]
}

/** The filter of a selector; of everything without one. */
export function filterOf(selector: string | null): QueryAst {
  return selector === null || selector.trim() === '' ? { type: 'all' } : lowerMatchers(parseStreamSelector(selector))
}

/** Of labels, as Loki's. */
const DEFAULT_RANGE_NS = 6n * 3600n * 1_000_000_000n

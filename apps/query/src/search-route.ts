import { formatTimestamp } from '@millrace/event/timestamp'
import { eventIdText } from '@millrace/event/event-id'
import { readJsonBody } from '@millrace/http/body'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { RenderedEvent } from '@millrace/query-engine/query-engine'
import type { ServerResponse } from 'node:http'
import { cursorText, parseCursor } from './cursor.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { answerMeta } from './answer-meta.ts'
import { BadQuestionError, readFilter, readRecord } from './read-question.ts'

/** `POST /api/v2/logs/events/search` and its GET form, as Datadog's clients call them. `meta` also says whether the answer is complete, and until when. */
export function searchRoutes(context: QueryContext): readonly Route[] {
  return [
    {
      method: 'POST', path: '/api/v2/logs/events/search', scope: 'query', dialect: 'datadog',
      handle: async (request, response) => {
        await search(context, request, response, await readJsonBody(request.raw))
      },
    },
    {
      method: 'GET', path: '/api/v2/logs/events', scope: 'query', dialect: 'datadog',
      handle: async (request, response) => {
        await search(context, request, response, questionOfUrl(request.url))
      },
    },
  ]
}

const DEFAULT_PAGE_EVENTS = 10
/** As Datadog allows; a page of long lines is some megabytes. */
const MAX_PAGE_EVENTS = 1000

async function search(context: QueryContext, { tenantId, url, signal }: RouteRequest, response: ServerResponse, body: unknown): Promise<void> {
  const { clock, engine, topics } = context
  const startedMs = clock.monotonicMs()
  const question = readRecord(body, 'the body')
  const page = readRecord(question['page'] ?? {}, 'page')
  const limit = readLimit(page['limit'])
  const order = readOrder(question['sort'])
  const range = readFilter(question['filter'], clock.nowMs())
  const cursorOf = `${range.text}\n${order}`
  const cursor = readCursor(page['cursor'], cursorOf)
  const { fromNs, toNs } = cursor ?? range
  const from = await clippedFrom(context, tenantId, fromNs)
  const answer = await context.admission.run(tenantId, signal, async () => await engine.list(
    { tenantId, kind: 'log', fromNs: from, toNs, filter: range.filter, order, limit, streams: streamsOf(topics, tenantId), ...(cursor === undefined ? {} : { after: { timestampNs: cursor.timestampNs, id: cursor.id } }) },
    signal,
  ))
  const last = answer.events.at(-1)
  const next = answer.hasMore && last !== undefined ? cursorText({ fromNs, toNs, timestampNs: last.timestampNs, id: last.id }, cursorOf) : undefined
  const links = next === undefined ? undefined : { next: nextUrl(url, question, order, next, limit) }
  const meta = { ...answerMeta(completenessOf(context, answer), clock.monotonicMs() - startedMs), ...(next === undefined ? {} : { page: { after: next } }) }
  const parts = [`"data":[${answer.events.map(renderEvent).join(',')}]`, ...(links === undefined ? [] : [`"links":${JSON.stringify(links)}`]), `"meta":${JSON.stringify(meta)}`]
  sendJson(response, 200, `{${parts.join(',')}}`)
}

/** As JSON text: the attributes are text already, so that numbers keep their digits. */
export function renderEvent({ id, timestampNs, message, status, service, host, source, traceId, spanId, tags, attributesJson }: RenderedEvent): string {
  const fields = JSON.stringify({ timestamp: formatTimestamp(timestampNs), message, status, service, host, source, trace_id: traceId, span_id: spanId, tags })
  return `{"id":${JSON.stringify(eventIdText(id))},"type":"log","attributes":${fields.slice(0, -1)},"attributes":${attributesJson}}}`
}

function readLimit(value: unknown): number {
  const limit = value === undefined ? DEFAULT_PAGE_EVENTS : Number(value)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE_EVENTS) throw new BadQuestionError(`page.limit must be a whole number from 1 to ${MAX_PAGE_EVENTS}`)
  return limit
}

function readOrder(value: unknown): 'asc' | 'desc' {
  if (value === undefined || value === '-timestamp') return 'desc'
  if (value === 'timestamp') return 'asc'
  throw new BadQuestionError('sort must be "timestamp" or "-timestamp"')
}

function readCursor(value: unknown, question: string): ReturnType<typeof parseCursor> {
  if (value === undefined || value === null || value === '') return undefined
  const cursor = typeof value === 'string' ? parseCursor(value, question) : undefined
  if (cursor === undefined) throw new BadQuestionError('page.cursor is not a cursor of this question')
  return cursor
}

function questionOfUrl(url: URL): object {
  const parameter = (name: string): string | undefined => url.searchParams.get(name) ?? undefined
  return {
    filter: { query: parameter('filter[query]'), from: parameter('filter[from]'), to: parameter('filter[to]') },
    sort: parameter('sort'), page: { cursor: parameter('page[cursor]'), limit: parameter('page[limit]') },
  }
}

/** The GET form of the next page's question. */
function nextUrl(url: URL, question: Readonly<Record<string, unknown>>, order: 'asc' | 'desc', cursor: string, limit: number): string {
  const filter = readRecord(question['filter'] ?? {}, 'filter')
  const next = new URL('/api/v2/logs/events', url)
  for (const name of ['query', 'from', 'to'] as const) if (filter[name] !== undefined) next.searchParams.set(`filter[${name}]`, String(filter[name]))
  next.searchParams.set('sort', order === 'asc' ? 'timestamp' : '-timestamp')
  next.searchParams.set('page[cursor]', cursor)
  next.searchParams.set('page[limit]', String(limit))
  return next.toString()
}

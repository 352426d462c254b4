import { readLines } from './read-lines.ts'
import type { AnswerMeta, EventPage, Facet, FacetValue, HistogramLine, LogEvent, Pattern, Question, SavedView, Session, TailItem } from './types.ts'

/**
 * The only door to the server. Every call rejects with an {@link ApiError} where the server refuses or cannot be reached, and with the signal's reason where it was given up.
 * The session's cookie goes along by itself; the header that only our own page can set goes with every request.
 */
export const api = {
  session: async (): Promise<Session> => (await askJson('GET', '/v1/session')) as Session,
  openSession: async (by: { readonly link: string } | { readonly key: string }): Promise<void> => void (await askJson('POST', '/v1/session', by)),
  endSession: async (): Promise<void> => void (await send('DELETE', '/v1/session')),

  /** One page of events, newest first. */
  async events(question: Question, cursor: string | undefined, signal: AbortSignal): Promise<EventPage> {
    const body = { filter: filterOf(question), page: { limit: PAGE_EVENTS, ...(cursor === undefined ? {} : { cursor }) } }
    const { data, meta } = (await askJson('POST', '/api/v2/logs/events/search', body, signal)) as { data: LogEvent[]; meta: AnswerMeta & { page?: { after?: string } } }
    return { events: data, cursor: meta.page?.after, meta }
  },

  /** Counts by time and status as they are found, the newest first. */
  async *histogram(question: Question, signal: AbortSignal): AsyncGenerator<HistogramLine> {
    const response = await send('POST', '/v1/search', { filter: filterOf(question), limit: 0 }, signal)
    for await (const line of readLines(response)) yield JSON.parse(line) as HistogramLine
  },

  /** Undefined where the server does not know which facets there are. */
  facets: async (question: Question, signal: AbortSignal): Promise<readonly Facet[] | undefined> =>
    await orMissing(async () => ((await askJson('GET', `/v1/facets?${searchOf(question)}`, undefined, signal)) as { facets: Facet[] }).facets),

  async facetValues(name: string, question: Question, options: { readonly limit: number; readonly prefix?: string }, signal: AbortSignal): Promise<{ readonly values: readonly FacetValue[]; readonly hasMore: boolean }> {
    const search = searchOf(question)
    search.set('limit', String(options.limit))
    if (options.prefix !== undefined && options.prefix !== '') search.set('prefix', options.prefix)
    const { values, has_more: hasMore } = (await askJson('GET', `/v1/facets/${encodeURIComponent(name)}/values?${search}`, undefined, signal)) as { values: FacetValue[]; has_more: boolean }
    return { values, hasMore }
  },

  /** Undefined where the server finds no patterns. */
  patterns: async (question: Question, signal: AbortSignal): Promise<readonly Pattern[] | undefined> =>
    await orMissing(async () => ((await askJson('POST', '/v1/patterns', { filter: filterOf(question), limit: 100 }, signal)) as { patterns: Pattern[] }).patterns),

  /** An event and what surrounds it, of the same service and host; undefined where it is gone. */
  surrounding: async (id: string, timestamp: string, limit: number, signal: AbortSignal): Promise<Surrounding | undefined> =>
    await orMissing(async () => (await askJson('GET', `/v1/events/${encodeURIComponent(id)}/context?${new URLSearchParams({ timestamp, limit: String(limit) })}`, undefined, signal)) as Surrounding),

  /** Undefined where the server keeps no views. */
  views: async (signal: AbortSignal): Promise<readonly SavedView[] | undefined> => await orMissing(async () => ((await askJson('GET', '/v1/views', undefined, signal)) as { views: SavedView[] }).views),
  addView: async (view: Omit<SavedView, 'id' | 'version'>): Promise<SavedView> => (await askJson('POST', '/v1/views', view)) as SavedView,
  changeView: async ({ id, version, ...view }: SavedView): Promise<SavedView> => (await askJson('PUT', `/v1/views/${encodeURIComponent(id)}`, view, undefined, { 'if-match': `"${version}"` })) as SavedView,
  removeView: async ({ id, version }: SavedView): Promise<void> => void (await send('DELETE', `/v1/views/${encodeURIComponent(id)}`, undefined, undefined, { 'if-match': `"${version}"` })),

  /** Events as they arrive, until the server ends the stream or the signal aborts. */
  async *tail(query: string, signal: AbortSignal): AsyncGenerator<TailItem> {
    const response = await send('GET', `/v1/tail?${new URLSearchParams({ query: query === '' ? '*' : query })}`, undefined, signal)
    let kind = ''
    for await (const line of readLines(response)) {
      if (line.startsWith('event: ')) kind = line.slice('event: '.length)
      else if (line.startsWith('data: ')) {
        const data = JSON.parse(line.slice('data: '.length)) as never
        if (kind === 'log') yield { kind, event: data }
        else if (kind === 'dropped') yield { kind, ...(data as { fragments: number; events: number }) }
        else if (kind === 'gap') yield { kind, ...(data as { detail: string }) }
      }
    }
  },

  /** Address of all matching events in one file. */
  exportUrl(question: Question, format: 'ndjson' | 'csv', columns: readonly string[]): string {
    const search = searchOf(question)
    search.set('format', format)
    if (format === 'csv') search.set('columns', ['timestamp', 'status', 'service', 'host', ...columns, 'message'].join(','))
    return `/v1/export?${search}`
  },
}

export interface Surrounding {
  readonly before: readonly LogEvent[]
  readonly event: LogEvent
  readonly after: readonly LogEvent[]
  readonly meta: AnswerMeta & { readonly has_more_before: boolean; readonly has_more_after: boolean }
}

/** The server refused, or did not answer. The message is a sentence for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code = 'API'
  readonly retryable: boolean
  /** Of the answer; 0 where there was none. */
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
    this.retryable = status === 0 || status === 429 || status === 503
  }
}

/** A screen or three: the next page comes while the reader scrolls. */
const PAGE_EVENTS = 200
/** Of a refusal in plain text. */
const MAX_DETAIL_CHARACTERS = 300

function filterOf({ query, fromMs, toMs }: Question): object {
  return { query: query.trim() === '' ? '*' : query, from: String(fromMs), to: String(toMs) }
}

function searchOf({ query, fromMs, toMs }: Question): URLSearchParams {
  return new URLSearchParams({ query: query.trim() === '' ? '*' : query, from: String(fromMs), to: String(toMs) })
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

async function askJson(method: Method, path: string, body?: object, signal?: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<unknown> {
  return (await (await send(method, path, body, signal, headers)).json()) as unknown
}

async function send(method: Method, path: string, body?: object, signal?: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  let response: Response
  try {
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    response = await fetch(path, { method, credentials: 'same-origin', cache: 'no-store', headers: { 'X-Millrace-Page': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...headers }, ...content, ...(signal === undefined ? {} : { signal }) })
  } catch (cause) {
    if (signal?.aborted === true) throw cause
    throw new ApiError('the server does not answer', 0)
  }
  if (!response.ok) throw new ApiError(await detailOf(response), response.status)
  return response
}

/** The sentence of a refusal, in Datadog's form or ours. */
async function detailOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => '')
  try {
    const { detail, errors } = JSON.parse(text) as { detail?: unknown; errors?: unknown }
    if (typeof detail === 'string') return detail
    if (Array.isArray(errors) && typeof errors[0] === 'string') return errors[0]
  } catch {
    // not JSON: a proxy in between
  }
  return text.startsWith('<') || text === '' ? `the server answered ${response.status}` : text.slice(0, MAX_DETAIL_CHARACTERS)
}

async function orMissing<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 405)) return undefined
    throw error
  }
}

import { Agent } from 'node:http'
import { sendRequest } from './send-request.ts'

/** One tenant's view of a running system, through the public API only. */
export interface MillraceClient {
  search(question: SearchQuestion): Promise<SearchPage>
  aggregate(question: AggregateQuestion): Promise<AggregateReply>
  /** How far the events of a receipt are. */
  receiptState(receipt: string): Promise<string>
}

export interface TimeFilter {
  readonly query: string
  /** ISO 8601, ms since 1970, or `now-15m`. */
  readonly from: string | number
  readonly to: string | number
}

export interface SearchQuestion {
  readonly filter: TimeFilter
  readonly sort: 'timestamp' | '-timestamp'
  readonly limit: number
  readonly cursor?: string
}

export interface AggregateQuestion {
  readonly filter: TimeFilter
  readonly compute: readonly { readonly aggregation: string; readonly metric?: string; readonly type?: 'total' | 'timeseries'; readonly interval?: string }[]
  readonly group_by?: readonly { readonly facet: string; readonly limit?: number }[]
}

export interface FoundEvent {
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
}

export interface AnswerMeta {
  readonly complete: boolean
  /** ISO 8601. */
  readonly complete_until?: string
  readonly warnings?: readonly { readonly code: string; readonly detail: string }[]
  readonly page?: { readonly after?: string }
}

export interface SearchPage {
  readonly data: readonly FoundEvent[]
  readonly meta: AnswerMeta
}

export interface AggregateReply {
  readonly data: { readonly buckets: readonly AggregateBucket[] }
  readonly meta: AnswerMeta
}

export interface AggregateBucket {
  readonly by: Readonly<Record<string, string | number>>
  readonly computes: Readonly<Record<string, number | readonly { readonly time: string; readonly value: number }[]>>
}

export interface Tenant {
  readonly tenantId: string
  readonly name: string
  readonly apiKey: string
}

/** The system answered something else than success. */
export class UnexpectedReplyError extends Error {
  override readonly name = 'UnexpectedReplyError'
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

export function createClient(url: string, apiKey: string, agent: Agent = new Agent({ keepAlive: true })): MillraceClient {
  const headers = { 'dd-api-key': apiKey, 'content-type': 'application/json' }
  const ask = async (method: 'GET' | 'POST', path: string, question?: unknown): Promise<unknown> => {
    const body = question === undefined ? {} : { body: Buffer.from(JSON.stringify(question)) }
    return parseReply(await sendRequest({ method, url: `${url}${path}`, headers, agent, ...body, timeoutMs: 60_000 }), path)
  }
  return {
    search: async ({ filter, sort, limit, cursor }) =>
      (await ask('POST', '/api/v2/logs/events/search', { filter, sort, page: { limit, ...(cursor === undefined ? {} : { cursor }) } })) as SearchPage,
    aggregate: async (question) => (await ask('POST', '/api/v2/logs/analytics/aggregate', question)) as AggregateReply,
    receiptState: async (receipt) => ((await ask('GET', `/v1/receipts/${encodeURIComponent(receipt)}`)) as { readonly state: string }).state,
  }
}

export async function createTenant(url: string, adminKey: string, name: string): Promise<Tenant> {
  const agent = new Agent()
  const attempt = await sendRequest({
    method: 'POST', url: `${url}/v1/tenants`, headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ name })), agent,
  })
  return parseReply(attempt, '/v1/tenants') as Tenant
}

/** An address that opens the page once, signed in as this tenant. */
export async function createSignInLink(url: string, adminKey: string, tenant: string): Promise<URL> {
  const attempt = await sendRequest({
    method: 'POST', url: `${url}/v1/sign-in-links`, headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify({ tenant })), agent: new Agent(),
  })
  return new URL((parseReply(attempt, '/v1/sign-in-links') as { readonly path: string }).path, url)
}

function parseReply(attempt: Awaited<ReturnType<typeof sendRequest>>, path: string): unknown {
  if (attempt.outcome !== 'replied') throw new UnexpectedReplyError(`${path}: ${attempt.reason}`, 0)
  if (attempt.status >= 300) throw new UnexpectedReplyError(`${path} answered ${attempt.status}: ${attempt.body.toString('utf8').slice(0, 500)}`, attempt.status)
  return JSON.parse(attempt.body.toString('utf8'))
}

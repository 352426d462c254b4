import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dialect } from './route.ts'

/** Why a request is not served. */
export interface Refusal {
  readonly status: number
  /** Stable name of the problem; docs/problems has a page of that name. */
  readonly code: string
  /** One sentence for people, without secrets and without what the client sent. */
  readonly detail: string
  /** Seconds until it is worth trying again. Always given with 429 and 503. */
  readonly retryAfterS?: number
}

/** Answers a refusal in the manner of `dialect`. Does nothing when an answer was begun already. */
export function refuse(dialect: Dialect, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { status, retryAfterS } = refusal
  if (retryAfterS !== undefined) response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfterS))))
  if (retryAfterS !== undefined && dialect === 'datadog') response.setHeader('X-RateLimit-Reset', String(Math.max(1, Math.ceil(retryAfterS))))
  if (status === 401) response.setHeader('WWW-Authenticate', isOfPage(refusal, response.req) ? 'Bearer realm="millrace"' : 'Bearer realm="millrace", ApiKey, Basic realm="millrace"')
  const { contentType, body } = RENDERERS[dialect](refusal, response.req)
  response.statusCode = status
  response.setHeader('Content-Type', contentType)
  if (dialect === 'elasticsearch') response.setHeader('X-Elastic-Product', 'Elasticsearch')
  response.end(typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body))
}

/** Basic would make the browser ask for a password in a window of its own. */
function isOfPage({ code }: Refusal, { headers }: IncomingMessage): boolean {
  return code === 'no-session' || headers['x-millrace-page'] !== undefined
}

interface Rendered {
  readonly contentType: string
  readonly body: object | string | Uint8Array
}

const RENDERERS: Record<Dialect, (refusal: Refusal, request: IncomingMessage) => Rendered> = {
  /** Problem+json (RFC 9457). */
  millrace: ({ status, code, detail }) => ({ contentType: 'application/problem+json', body: { type: `urn:millrace:problem:${code}`, title: titleOf(code), status, detail } }),
  datadog: ({ detail }) => ({ contentType: 'application/json', body: { errors: [detail] } }),
  elasticsearch: ({ status, code, detail }) => {
    const cause = { type: ELASTIC_TYPES[code] ?? 'illegal_argument_exception', reason: detail }
    return { contentType: 'application/json', body: { error: { root_cause: [cause], ...cause }, status } }
  },
  /** Grafana and the shippers show the text as it is. */
  loki: ({ detail }) => ({ contentType: 'text/plain; charset=utf-8', body: `${detail}\n` }),
  /** `google.rpc.Status` in the encoding of the request (OTLP/HTTP, "Failures"). */
  otlp: ({ status, detail }, { headers }) => {
    const code = GRPC_CODES[status] ?? GRPC_UNKNOWN
    if (headers['content-type']?.startsWith('application/json') === true) return { contentType: 'application/json', body: { code, message: detail } }
    const message = Buffer.from(detail, 'utf8').subarray(0, MAX_STATUS_MESSAGE_BYTES)
    return { contentType: 'application/x-protobuf', body: Buffer.concat([Buffer.from([0x08, code, 0x12, message.length]), message]) }
  },
  splunk: ({ code, detail }) => {
    const [text, number] = SPLUNK_CODES[code] ?? [detail, SPLUNK_INVALID_DATA]
    return { contentType: 'application/json', body: { text, code: number } }
  },
}

/** The code of gRPC for a status of HTTP; those that senders repeat are 429, 502, 503 and 504 in either. */
export const GRPC_CODES: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 408: 4, 413: 8, 415: 3, 429: 8, 500: 13, 502: 14, 503: 14, 504: 14 }
const GRPC_UNKNOWN = 2
/** Its length is one byte then. Details are sentences. */
const MAX_STATUS_MESSAGE_BYTES = 127

/** Text and code of HTTP Event Collector's own answers. */
const SPLUNK_CODES: Readonly<Record<string, readonly [text: string, code: number]>> = {
  'no-key': ['Token is required', 2],
  'bad-key': ['Invalid token', 4],
  'wrong-scope': ['Token disabled', 1],
  'rate-limited': ['Server is busy', 9],
  'bus-full': ['Server is busy', 9],
  'unavailable': ['Server is busy', 9],
  'internal': ['Internal server error', 8],
}
const SPLUNK_INVALID_DATA = 6

/** Names that Elasticsearch's clients know. */
const ELASTIC_TYPES: Readonly<Record<string, string>> = {
  'no-key': 'security_exception',
  'bad-key': 'security_exception',
  'wrong-scope': 'security_exception',
  'rate-limited': 'circuit_breaking_exception',
  'bus-full': 'es_rejected_execution_exception',
  'unavailable': 'unavailable_shards_exception',
  'not-found': 'index_not_found_exception',
  'body-too-large': 'content_too_long_exception',
}

/** `body-too-large` as `Body too large`. */
function titleOf(code: string): string {
  return code.charAt(0).toUpperCase() + code.slice(1).replaceAll('-', ' ')
}

import type { ServerResponse } from 'node:http'
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

/**
 * Answers a refusal in the manner of `dialect`: problem+json (RFC 9457), Datadog's `errors`, or Elasticsearch's `error`.
 * Does nothing when an answer was begun already.
 */
export function refuse(dialect: Dialect, response: ServerResponse, refusal: Refusal): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const { status, retryAfterS } = refusal
  if (retryAfterS !== undefined) response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfterS))))
  if (retryAfterS !== undefined && dialect === 'datadog') response.setHeader('X-RateLimit-Reset', String(Math.max(1, Math.ceil(retryAfterS))))
  if (status === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="millrace", ApiKey, Basic realm="millrace"')
  const { contentType, body } = RENDERERS[dialect](refusal)
  response.statusCode = status
  response.setHeader('Content-Type', contentType)
  if (dialect === 'elasticsearch') response.setHeader('X-Elastic-Product', 'Elasticsearch')
  response.end(JSON.stringify(body))
}

const RENDERERS: Record<Dialect, (refusal: Refusal) => { readonly contentType: string; readonly body: object }> = {
  millrace: ({ status, code, detail }) => ({ contentType: 'application/problem+json', body: { type: `urn:millrace:problem:${code}`, title: titleOf(code), status, detail } }),
  datadog: ({ detail }) => ({ contentType: 'application/json', body: { errors: [detail] } }),
  elasticsearch: ({ status, code, detail }) => {
    const cause = { type: ELASTIC_TYPES[code] ?? 'illegal_argument_exception', reason: detail }
    return { contentType: 'application/json', body: { error: { root_cause: [cause], ...cause }, status } }
  },
}

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

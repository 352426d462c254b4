import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ApiKey, Scope } from '@millrace/catalog/catalog'
import { refuse, type Refusal } from '@millrace/http/refuse'
import type { RouteMatch } from '@millrace/http/match-route'
import type { RouteRequest } from '@millrace/http/route'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import { endRequestSpan, isTracing, tagSpan, traceRequest } from '@millrace/telemetry/tracing'
import type { Authenticator, Caller } from './authenticator.ts'
import type { HttpMetrics } from './http-metrics.ts'
import type { Quotas } from './quotas.ts'
import { refusalOf } from './refusal-of.ts'
import { isFromOwnPage, PAGE_HEADER } from './session-cookie.ts'

/** What stands before every handler: the key, its scope, the tenant's rate, and an answer for whatever goes wrong. */
export type Guard = (match: RouteMatch, raw: IncomingMessage, response: ServerResponse) => Promise<void>

export interface GuardOptions {
  readonly authenticator: Authenticator
  /** Undefined behind a gateway, which has counted already. */
  readonly quotas: Quotas | undefined
  readonly clock: Clock
  readonly log: Log
  readonly metrics: HttpMetrics
}

export function createGuard(options: GuardOptions): Guard {
  const answer = createAnswer(options)
  return (match, raw, response) => {
    const { route } = match
    // Not what needs no key: probes come every few seconds.
    if (!isTracing() || route.scope === 'public') return answer(match, raw, response)
    return traceRequest({ method: route.method, route: route.path, headers: raw.headers }, async (span) => {
      response.once('close', () => {
        if (span !== undefined) endRequestSpan(span, response.statusCode)
      })
      await answer(match, raw, response)
    })
  }
}

function createAnswer(options: GuardOptions): Guard {
  const { authenticator, clock, log, metrics } = options
  return async (match, raw, response) => {
    const { route, params } = match
    const startedMs = clock.monotonicMs()
    const receivedMs = clock.nowMs()
    response.once('close', () => {
      metrics.observe(route, response.statusCode, clock.monotonicMs() - startedMs)
    })
    try {
      const authenticate = async (): ReturnType<Authenticator['authenticate']> => await authenticator.authenticate(raw.headers, route.dialect === 'datadog' ? keyInUrl(params, raw.url) : undefined)
      const key: Caller | 'missing' | 'unknown' | 'ended' | 'public' = route.scope === 'public' ? 'public' : await authenticate()
      const refusal = key === 'public' ? undefined : (refusalOfKey(key, route.scope as Scope, raw) ?? (await refusalOfRate(options, key as ApiKey, raw)))
      if (refusal !== undefined) {
        refuse(route.dialect, response, refusal)
        return
      }
      const caller = typeof key === 'string' ? { tenantId: '', keyHash: '' } : { tenantId: key.tenantId ?? '', keyHash: key.hash }
      tagSpan('millrace.tenant', caller.tenantId)
      if (raw.headers['transfer-encoding'] !== undefined && caller.tenantId !== '' && options.quotas !== undefined) chargeWhenRead(options.quotas, log, caller.tenantId, raw, response)
      const isStillAllowed = async (): Promise<boolean> => {
        if (route.scope === 'public') return true
        try {
          const again = await authenticate()
          return refusalOfKey(again, route.scope, raw) === undefined && (again as Caller).hash === caller.keyHash
        } catch (error) {
          if (refusalOf(error) === undefined) log.error({ err: error, path: route.path }, 'a key could not be checked again')
          // The catalog has been away for longer than keys are trusted without it. Sessions ask it each time, and an outage would end all their answers at once.
          return refusalOf(error) !== undefined && (key as Caller).isSession === true
        }
      }
      const request: RouteRequest = { raw, url: new URL(raw.url ?? '/', 'http://gateway'), params, ...caller, receivedMs, signal: signalOf(response), isStillAllowed }
      await route.handle(request, response)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'QUERY_CANCELLED') {
        response.destroy() // nobody is left to answer
        return
      }
      const refusal = refusalOf(error)
      if (refusal === undefined) log.error({ err: error, method: route.method, path: route.path }, 'a request failed')
      refuse(route.dialect, response, refusal ?? { status: 500, code: 'internal', detail: 'something went wrong here; the log of the process says what' })
    }
  }
}

/** Datadog's older clients put it there. */
function keyInUrl(params: RouteMatch['params'], url = ''): string | undefined {
  return params['apiKey'] ?? (url.includes(KEY_PARAMETER) ? (new URL(url, 'http://gateway').searchParams.get(KEY_PARAMETER) ?? undefined) : undefined)
}

const KEY_PARAMETER = 'dd-api-key'

function refusalOfKey(key: Caller | 'missing' | 'unknown' | 'ended', scope: Scope, raw: IncomingMessage): Refusal | undefined {
  if (key === 'missing') return { status: 401, code: 'no-key', detail: 'an API key is needed: DD-API-KEY, or Authorization with Bearer, ApiKey or Basic' }
  if (key === 'unknown') return { status: 403, code: 'bad-key', detail: 'this API key is not known' }
  if (key === 'ended') return { status: 401, code: 'no-session', detail: 'this session has ended; sign in again' }
  if (key.isSession === true && !isFromOwnPage(raw)) return { status: 403, code: 'cross-site', detail: `a session serves our own page only, which sends ${PAGE_HEADER}; programs use a key` }
  if (!key.scopes.includes(scope) || (scope !== 'admin' && key.tenantId === undefined)) return { status: 403, code: 'wrong-scope', detail: `this API key does not allow ${scope}` }
  return undefined
}

async function refusalOfRate({ quotas }: GuardOptions, { tenantId }: ApiKey, raw: IncomingMessage): Promise<Refusal | undefined> {
  if (tenantId === undefined || quotas === undefined) return undefined
  const { limits, rates } = quotas
  const request = await limits.take(tenantId, 'requests', rates.requests, 1)
  if (!request.isTaken) return { status: 429, code: 'rate-limited', detail: 'too many requests for this tenant', retryAfterS: request.retryAfterMs / 1000 }
  const { 'content-length': length, 'transfer-encoding': encoding } = raw.headers
  if (length === undefined && encoding === undefined) return undefined
  // The size of a chunked body shows only once it is read: it is charged then, and the next request waits for the debt.
  const body = await limits.take(tenantId, 'bytes', rates.bytes, Number(length ?? 1))
  return body.isTaken ? undefined : { status: 429, code: 'rate-limited', detail: 'too many bytes for this tenant', retryAfterS: body.retryAfterMs / 1000 }
}

/** Per connection: bytes read of it when a chunked body was charged last. */
const chargedBytes = new WeakMap<Socket, number>()

function chargeWhenRead({ limits, rates }: Quotas, log: Log, tenantId: string, raw: IncomingMessage, response: ServerResponse): void {
  const { socket } = raw
  response.once('close', () => {
    // A small body has arrived with its head, so what counts is all since the request before.
    const bytes = socket.bytesRead - (chargedBytes.get(socket) ?? 0)
    chargedBytes.set(socket, socket.bytesRead)
    limits.debit(tenantId, 'bytes', rates.bytes, bytes).catch((error: unknown) => {
      log.warn({ err: error, tenantId }, 'a body was not charged')
    })
  })
}

function signalOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return gone.signal
}

import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import { refuse } from '@millrace/http/refuse'
import type { Dialect, RouteRequest } from '@millrace/http/route'
import { asksForWebSocket } from '@millrace/http/upgrades'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import { injectTrace } from '@millrace/telemetry/tracing'
import { relayWebSocket } from './relay-web-socket.ts'

/** Streams requests on to the replicas of one service, and their answers back. Holds no body. */
export interface Forwarder extends Disposable {
  /** Answers 503 in the dialect when no replica can be reached, or when it goes away before it answers: its outcome is unknown then, and senders repeat. */
  forward(request: RouteRequest, response: ServerResponse, dialect: Dialect): Promise<void>
}

export interface ForwarderOptions {
  /** Of the service, for logs. */
  readonly name: string
  /** Of its replicas, which take turns. */
  readonly urls: readonly string[]
  readonly clock: Clock
  readonly log: Log
}

export function createForwarder({ name, urls, clock, log }: ForwarderOptions): Forwarder {
  const agent = new Agent({ keepAlive: true, timeout: FREE_SOCKET_MS, maxSockets: MAX_SOCKETS })
  const replicas = urls.map((url) => ({ url: new URL(url), avoidUntilMs: 0 }))
  let turn = 0
  /** The next that did not just fail; the next in any case when all did. */
  const nextReplica = (): (typeof replicas)[number] | undefined => {
    const now = clock.monotonicMs()
    for (let i = 0; i < replicas.length; i++) {
      const replica = replicas[turn++ % replicas.length]
      if (replica !== undefined && replica.avoidUntilMs <= now) return replica
    }
    return replicas[turn++ % replicas.length]
  }

  return {
    async forward({ raw, signal }, response, dialect) {
      const replica = nextReplica()
      if (replica === undefined) throw new Error('a forwarder has an address')
      const { hostname, port } = replica.url
      const outgoing = httpRequest({ agent, hostname, port, method: raw.method, path: raw.url, headers: headersOf(raw), timeout: SILENCE_MS, signal })
      outgoing.once('timeout', () => outgoing.destroy(new Error(`${name} was silent for ${SILENCE_MS} ms`)))
      try {
        // A request for WebSocket has no body, and its answer is a conversation.
        if (asksForWebSocket(raw)) relayWebSocket(outgoing, response)
        await relay(raw, outgoing, response)
      } catch (error) {
        if (signal.aborted) return // the client went away, and the replica was told
        if (!response.headersSent) replica.avoidUntilMs = clock.monotonicMs() + AVOID_MS
        log.warn({ err: error, to: name }, 'a request could not be forwarded')
        raw.resume() // the rest is read and forgotten, so that the client sees the answer
        refuse(dialect, response, { status: 503, code: 'unavailable', detail: `${name} does not answer at the moment`, retryAfterS: RETRY_AFTER_S })
      }
    },
    [Symbol.dispose]() {
      agent.destroy()
    },
  }
}

/** Below the 65 s after which our services close an idle connection, so that none is used in the moment it is closed. */
const FREE_SOCKET_MS = 30_000
/** To all replicas together; a request that has to wait for one waits in order. */
const MAX_SOCKETS = 1024
/** A replica that sends nothing for so long is gone. The longest query ends by itself before. */
const SILENCE_MS = 60_000
/** A replica that could not be reached gets no request for so long while there are others. */
const AVOID_MS = 1_000
/** A service that restarts needs some seconds. */
const RETRY_AFTER_S = 2

/** Rejects when the replica cannot be reached, or breaks off; a broken answer that has begun is cut, so that the client notices. */
function relay(raw: IncomingMessage, outgoing: ClientRequest, response: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    outgoing.once('error', reject)
    outgoing.once('response', (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, forwardedHeaders(incoming.rawHeaders))
      incoming.pipe(response)
      incoming.once('error', reject)
      incoming.once('aborted', () => {
        response.destroy()
        reject(new Error('the answer was cut off'))
      })
    })
    response.once('close', () => {
      resolve() // also of a conversation that has ended
    })
    if (asksForWebSocket(raw)) outgoing.end()
    else raw.pipe(outgoing)
  })
}

/** All of them and their order; the body's length is kept, or it travels in chunks as it came. Where spans are collected, `traceparent` names ours. */
function headersOf(raw: IncomingMessage): OutgoingHttpHeaders {
  const headers = forwardedHeaders(raw.rawHeaders)
  if (asksForWebSocket(raw)) Object.assign(headers, { connection: 'Upgrade', upgrade: 'websocket' })
  injectTrace(headers)
  return headers
}

function forwardedHeaders(rawHeaders: readonly string[]): OutgoingHttpHeaders {
  const headers: Record<string, string | string[]> = {}
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    if (HOP_BY_HOP.has(name)) continue
    const before = headers[name]
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return headers
}

/** Of one connection and not of the request (RFC 9110, 7.6.1); `expect` was answered by our own server. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect'])

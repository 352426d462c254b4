import { request as httpRequest, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import { refuse } from '@millrace/http/refuse'
import type { Dialect, RouteRequest } from '@millrace/http/route'
import { asksForWebSocket } from '@millrace/http/upgrades'
import type { Clock } from '@millrace/runtime/clock'
import { injectTrace } from '@millrace/telemetry/tracing'
import { relayWebSocket } from './relay-web-socket.ts'
import { createReplicas, type Replica, type ReplicasOptions } from './replicas.ts'

/** Streams requests on to the replicas of one service, and their answers back. Holds no body. */
export interface Forwarder extends Disposable {
  /**
   * A replica that no byte could be sent to is passed over for the next, up to all of them. Answers 503 in the dialect when none can be reached, or when one goes away before it answers: its
   * outcome is unknown then, and senders repeat. A question that met a connection which had just been closed is asked once more, of another replica or, where there is none, of the same.
   */
  forward(request: RouteRequest, response: ServerResponse, dialect: Dialect): Promise<void>
  /** Ends all streams of events that are open, as a whole answer ends: browsers come again by themselves. Without it they would hold up the end for as long as requests may take. */
  endStreams(): void
}

export function createForwarder(options: ReplicasOptions): Forwarder {
  const { name, clock, log } = options
  const replicas = createReplicas(options)
  const streams = new Set<() => void>()
  return {
    async forward({ raw, signal }, response, dialect) {
      const tried = new Set<Replica>()
      let failure: Failure = { stage: 'unreachable', error: new Error('no replica is known') }
      let isSentAgain = false
      let again: Replica | undefined // whose kept connection was stale: a new one may do
      for (;;) {
        const replica = replicas.next(tried) ?? again ?? (await replicas.lookUp(), replicas.next(tried))
        if (replica === undefined) break
        tried.add(replica)
        again = undefined
        const failed = await sendTo(replica, { raw, response, signal, clock, streams, onEnding: () => { replicas.leave(replica) } })
        if (failed === undefined || signal.aborted) return // answered; or the client went away, and the replica was told
        failure = failed
        if (!response.headersSent) replicas.avoid(replica, failure.stage === 'silent' ? AVOID_SILENT_MS : AVOID_MS)
        void replicas.lookUp()
        if (failure.stage === 'sent' || (failure.stage === 'stale' && isSentAgain)) break
        if (failure.stage === 'stale') {
          replicas.renew(replica)
          isSentAgain = true
          again = replica
        }
        log.debug({ err: failure.error, to: name, address: replica.address }, 'a replica was passed over')
      }
      log.warn({ err: failure.error, to: name, tried: tried.size }, 'a request could not be forwarded')
      raw.resume() // the rest is read and forgotten, so that the client sees the answer
      refuse(dialect, response, { status: 503, code: 'unavailable', detail: `${name} does not answer at the moment`, retryAfterS: RETRY_AFTER_S })
    },
    endStreams() {
      for (const end of streams) end()
    },
    [Symbol.dispose]() {
      replicas[Symbol.dispose]()
    },
  }
}

/** Within a cluster a connection takes milliseconds. What takes longer goes to an address that nobody has any more, or to a machine that has stopped. */
const CONNECT_MS = 2_000
/** A replica that sends nothing for so long is gone. The longest query ends by itself before. */
const SILENCE_MS = 60_000
/** A replica that could not be reached gets no request for so long while there are others. */
const AVOID_MS = 1_000
/** Likewise of one that let us wait for nothing: each try costs {@link CONNECT_MS}. */
const AVOID_SILENT_MS = 10_000
/** A kept connection that was closed in the moment of its use breaks within a round trip. What breaks later may be a question that ends processes, and must not go from one to the next. */
const STALE_MS = 250
/** A service that restarts needs some seconds. */
const RETRY_AFTER_S = 2

/**
 * How far a request came that was not answered:
 * - `unreachable`, `silent`: no connection, refused or not made in time. Nothing was sent.
 * - `stale`: a kept connection was closed by its other end, and the request has no body and changes nothing: it may be sent again, once.
 * - `sent`: the replica may have done what it was asked for.
 */
interface Failure {
  readonly stage: 'unreachable' | 'silent' | 'stale' | 'sent'
  readonly error: Error
}

interface Sending {
  readonly raw: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
  readonly clock: Clock
  /** What ends each open stream of events. */
  readonly streams: Set<() => void>
  /** Called when the replica answers and says that it takes no further request on this connection: it ends. */
  readonly onEnding: () => void
}

/** Undefined once the answer was given, or the client went away. The body is not read before there is a connection. An answer that breaks off is cut, so that the client notices. */
function sendTo({ address, port, agent }: Replica, { raw, response, signal, clock, streams, onEnding }: Sending): Promise<Failure | undefined> {
  const headers = headersOf(raw)
  const outgoing = httpRequest({ agent, host: address, port, method: raw.method, path: raw.url, headers, timeout: SILENCE_MS, signal })
  // A request for WebSocket has no body, and its answer is a conversation.
  if (asksForWebSocket(raw)) relayWebSocket(outgoing, response)
  let sentMs: number | undefined
  let isSilent = false
  const send = (): void => {
    sentMs = clock.monotonicMs()
    if (asksForWebSocket(raw) || isAsking(raw)) outgoing.end()
    else raw.pipe(outgoing)
  }
  onConnected(outgoing, clock, send, () => { isSilent = true })
  outgoing.once('timeout', () => outgoing.destroy(new Error(`silent for ${SILENCE_MS} ms`)))
  return new Promise((resolve) => {
    const fail = (error: Error): void => {
      response.off('close', done)
      if (sentMs === undefined) resolve({ stage: isSilent ? 'silent' : 'unreachable', error })
      else resolve({ stage: outgoing.reusedSocket && isAsking(raw) && clock.monotonicMs() - sentMs < STALE_MS && !response.headersSent ? 'stale' : 'sent', error })
    }
    const done = (): void => { resolve(undefined) } // also of a conversation that has ended
    response.once('close', done)
    outgoing.once('error', fail)
    outgoing.once('response', (incoming) => {
      if (incoming.headers.connection === 'close') onEnding()
      response.writeHead(incoming.statusCode ?? 502, forwardedHeaders(incoming.rawHeaders))
      incoming.pipe(response)
      if (incoming.headers['content-type']?.startsWith('text/event-stream') === true) {
        const end = (): void => {
          incoming.unpipe(response)
          response.end()
          outgoing.destroy()
        }
        streams.add(end)
        response.once('close', () => { streams.delete(end) })
      }
      incoming.once('error', fail)
      incoming.once('aborted', () => {
        response.destroy()
        fail(new Error('the answer was cut off'))
      })
    })
  })
}

/** Calls `then` when there is a connection, a kept one or a new one; gives up, and says so, when there is none in {@link CONNECT_MS}. */
function onConnected(outgoing: ClientRequest, clock: Clock, then: () => void, onSilent: () => void): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) {
      then()
      return
    }
    const settled = new AbortController()
    const settle = (): void => { settled.abort() }
    outgoing.once('close', settle)
    socket.once('connect', () => {
      settle()
      then()
    })
    void clock.sleep(CONNECT_MS, settled.signal).then(() => {
      if (settled.signal.aborted) return
      onSilent()
      outgoing.destroy(new Error(`no connection within ${CONNECT_MS} ms`))
    })
  })
}

/** Without a body, by a method that changes nothing (RFC 9110, 9.2.1). */
function isAsking({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0'
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

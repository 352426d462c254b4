import { Agent } from 'node:http'
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import { answerCall, MAX_METADATA_BYTES } from './grpc/answer-call.ts'

export interface OtlpGrpcOptions {
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** Where OTLP/HTTP is served: each call becomes a request there, so that keys, quotas and limits are the same. */
  readonly httpUrl: string
  readonly clock: Clock
  readonly log: Log
  /** {@link SILENCE_MS} by default. */
  readonly silenceMs?: number
}

/** OTLP/gRPC for logs. Disposing lets calls end, and cuts what is left after {@link DRAIN_MS}. */
export interface OtlpGrpc extends AsyncDisposable {
  readonly port: number
}

/**
 * Serves the one unary call over HTTP/2 itself: a gRPC library reads and unpacks a whole message before anybody is asked whose it is. Here the bytes go on as they come, still packed,
 * to where the key is checked before any of them is read.
 *
 * @throws when the port is in use.
 */
export async function openOtlpGrpc({ host, port, httpUrl, clock, log, silenceMs = SILENCE_MS }: OtlpGrpcOptions): Promise<OtlpGrpc> {
  const agent = new Agent({ keepAlive: true, timeout: FREE_SOCKET_MS, maxSockets: MAX_CALLS })
  const sessions = new Set<ServerHttp2Session>()
  const server = createServer({ maxSessionMemory: MAX_SESSION_MB, maxHeaderListPairs: MAX_METADATA_PAIRS, settings: { maxConcurrentStreams: MAX_CALLS_OF_A_SESSION, maxHeaderListSize: MAX_METADATA_BYTES, enablePush: false } })
  server.maxConnections = MAX_SESSIONS
  let calls = 0
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.setTimeout(FIRST_CALL_MS, () => { session.close() })
    session.once('stream', () => { session.setTimeout(IDLE_SESSION_MS) })
  })
  // What is no HTTP/2, and clients that go away: each is one sender's, and closes only its own session.
  server.on('sessionError', (error) => { log.debug({ err: error }, 'a session of OTLP over gRPC ended with an error') })
  server.on('stream', (stream, headers) => {
    calls += 1
    stream.once('close', () => { calls -= 1 })
    answerCall(stream, headers, { agent, httpUrl, log, silenceMs, isBusy: calls > MAX_CALLS }).catch((error: unknown) => {
      log.error({ err: error }, 'a call of OTLP over gRPC failed')
      stream.close()
    })
  })
  await listen(server, port, host)
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      const closed = new AbortController()
      server.close(() => { closed.abort() })
      for (const session of sessions) session.close()
      await clock.sleep(DRAIN_MS, closed.signal)
      for (const session of sessions) session.destroy()
      agent.destroy()
    },
  }
}

/** Calls that have not ended by then are cut off: a client that stalls must not keep the process from ending. */
const DRAIN_MS = 5_000
/** Each costs some tens of KB. A collector or an application has one. */
const MAX_SESSIONS = 2_000
/** Exporters have one call under way, collectors some ten. */
const MAX_CALLS_OF_A_SESSION = 100
/** In all sessions: each is a connection to our own HTTP server, and up to 128 KB on their way through. */
const MAX_CALLS = 1_024
/** What the library keeps of one session, in MB; it refuses calls beyond it. */
const MAX_SESSION_MB = 10
/** A key and what proxies add fit. */
const MAX_METADATA_PAIRS = 64
/** A sender that is silent for so long in the middle of its message is gone, or holds a connection on purpose. */
const SILENCE_MS = 15_000
/** A connection that brings no call for so long was opened for nothing. */
const FIRST_CALL_MS = 20_000
/** Longer than the longest interval at which exporters usually send. One that is closed is opened again. */
const IDLE_SESSION_MS = 600_000
/** Below the 65 s after which our HTTP server closes an idle connection, so that none is used in the moment it is closed. */
const FREE_SOCKET_MS = 30_000

function listen(server: Http2Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@millrace/runtime/clock'
import { asksForWebSocket, serveUpgrades } from './upgrades.ts'

/** A listening server. Disposing stops accepting, closes idle connections, lets requests end, and cuts what is left after {@link DRAIN_MS}. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number
  /**
   * From now on every answer is the last one on its connection (`Connection: close`), while new connections are still taken. Clients that keep connections move on one by one, each between
   * two requests: closed under their hands, a connection may break in the moment of its use, and nobody knows then whether the request was done.
   */
  drain(): void
}

export interface HttpServerOptions {
  /** Address to listen at, such as `0.0.0.0`. */
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  readonly clock: Clock
}

/** Listens; requests for WebSocket come to `listener` too, see `takeConnection`. @throws Node's own error when the address is taken. */
export async function serveHttp({ host, port, clock }: HttpServerOptions, listener: RequestListener): Promise<HttpServer> {
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, shouldUpgradeCallback: asksForWebSocket })
  const drain = serveUntilDrained(server, listener)
  const cutUpgraded = serveUpgrades(server, listener)
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return new ListeningServer(server, { drain, cutUpgraded, clock })
}

/** Keys and cookies fit; more is an attack. */
const MAX_HEADER_BYTES = 16 * 1024
/** A client that needs longer for its head is broken, or holds connections on purpose. */
const HEADERS_TIMEOUT_MS = 20_000
/** 64 MB over a slow line, and no more: a body that trickles holds memory. */
const REQUEST_TIMEOUT_MS = 120_000
/** Longer than the idle time of common load balancers (60 s), so that they close first and meet no reset. */
const KEEP_ALIVE_MS = 65_000
/** Each costs some 20 KB: 200 MB at most. */
const MAX_CONNECTIONS = 10_000
/** What is under way ends within it, or is cut; below the 18 s in which a service ends. */
export const DRAIN_MS = 10_000
/** Conversations that were told to end say goodbye in it. Those that were not have no end of their own, and their clients come back. */
const FAREWELL_MS = 300
/** A connection that was busy when the end began is closed so soon after its answer. */
const CLOSE_IDLE_MS = 50

/** @returns what makes every answer that has not begun the last one on its connection. */
function serveUntilDrained(server: Server, listener: RequestListener): () => void {
  let isDraining = false
  const open = new Set<ServerResponse>()
  server.on('request', (request, response) => {
    if (isDraining) response.shouldKeepAlive = false
    open.add(response)
    response.once('close', () => { open.delete(response) })
    listener(request, response)
  })
  return () => {
    isDraining = true
    for (const response of open) response.shouldKeepAlive = false
  }
}

class ListeningServer implements HttpServer {
  readonly drain: () => void
  readonly #server: Server
  readonly #cutUpgraded: () => void
  readonly #clock: Clock

  constructor(server: Server, { drain, cutUpgraded, clock }: { readonly drain: () => void; readonly cutUpgraded: () => void; readonly clock: Clock }) {
    this.#server = server
    this.drain = drain
    this.#cutUpgraded = cutUpgraded
    this.#clock = clock
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new AbortController()
    this.drain()
    await this.#clock.sleep(CLOSE_IDLE_MS) // a connection whose next request has arrived and was not read yet counts as idle: one turn to read it
    this.#server.close(() => {
      closed.abort()
    })
    const startedMs = this.#clock.monotonicMs()
    while (!closed.signal.aborted && this.#clock.monotonicMs() - startedMs < DRAIN_MS) {
      if (this.#clock.monotonicMs() - startedMs >= FAREWELL_MS) this.#cutUpgraded()
      this.#server.closeIdleConnections() // again and again: an answer that had begun before leaves its connection open
      await this.#clock.sleep(CLOSE_IDLE_MS, closed.signal)
    }
    this.#server.closeAllConnections()
  }
}

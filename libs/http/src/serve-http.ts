import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '@millrace/runtime/clock'
import { asksForWebSocket, serveUpgrades } from './upgrades.ts'

/** A listening server. Disposing stops accepting, lets requests end, and cuts what is left after {@link DRAIN_MS}. */
export interface HttpServer extends AsyncDisposable {
  readonly port: number
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
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS, noDelay: true, shouldUpgradeCallback: asksForWebSocket }, listener)
  const cutUpgraded = serveUpgrades(server, listener)
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  return new ListeningServer(server, cutUpgraded, clock)
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
/** What is under way ends within it, or is cut; below the 25 s in which an orchestrator expects an exit. */
export const DRAIN_MS = 10_000

class ListeningServer implements HttpServer {
  readonly #server: Server
  readonly #cutUpgraded: () => void
  readonly #clock: Clock

  constructor(server: Server, cutUpgraded: () => void, clock: Clock) {
    this.#server = server
    this.#cutUpgraded = cutUpgraded
    this.#clock = clock
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new AbortController()
    this.#server.close(() => {
      closed.abort()
    })
    this.#server.closeIdleConnections()
    this.#cutUpgraded() // they have no end of their own, and their clients come back
    await this.#clock.sleep(DRAIN_MS, closed.signal)
    this.#server.closeAllConnections()
  }
}

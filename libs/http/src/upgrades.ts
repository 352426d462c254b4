import { ServerResponse, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** The connection of a request that asks for WebSocket, when it is the handler's. */
export interface TakenConnection {
  readonly socket: Duplex
  /** What the client sent behind its head. */
  readonly head: Buffer
}

/**
 * Whether a request asks for WebSocket (RFC 6455, 4.2.1). All other wishes to upgrade are left alone, as HTTP allows: some clients add `h2c` to every request.
 */
export function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && /\bupgrade\b/i.test(headers.connection ?? '')
}

/**
 * Lets `listener` answer requests for WebSocket as any other request, so that the same guard stands before them. A handler that takes the connection with {@link takeConnection}
 * speaks on it itself; otherwise the answer is an ordinary one, and the connection ends behind it.
 *
 * @returns what ends all connections that were taken.
 */
export function serveUpgrades(server: Server, listener: RequestListener): () => void {
  const open = new Set<Duplex>()
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    open.add(socket)
    // Node no longer watches it: an error without a listener would end the process.
    socket.on('error', () => { socket.destroy() })
    socket.once('end', () => { socket.end() }) // nobody listens any more, as half a conversation is none
    socket.once('close', () => { open.delete(socket) })
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
    response.once('finish', () => { socket.end() })
    heads.set(response, head)
    void listener(request, response as Parameters<RequestListener>[1])
  })
  return () => {
    for (const socket of open) socket.destroy()
  }
}

const heads = new WeakMap<ServerResponse, Buffer>()

/**
 * Takes over the connection of a request that asked for WebSocket. Nothing may be written to `response` any more; it still tells `close` when the connection ends.
 * Undefined for any other request, and when an answer was begun.
 */
export function takeConnection(response: ServerResponse): TakenConnection | undefined {
  const head = heads.get(response)
  const { socket } = response
  if (head === undefined || socket === null || response.headersSent) return undefined
  heads.delete(response)
  response.detachSocket(socket)
  socket.once('close', () => response.emit('close'))
  return { socket, head }
}

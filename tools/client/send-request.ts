import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'

/** What became of one attempt. `unsent`: nobody can have taken it. `unknown`: it was sent, at least in part, and no reply came. */
export type Attempt =
  | { readonly outcome: 'replied'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | { readonly outcome: 'unsent' | 'unknown'; readonly reason: string }

export interface OutgoingRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Closes the connection this many ms after the last byte of the body was handed to the socket; a reply that came before is not looked at. */
  readonly cutAfterMs?: number
  readonly agent: Agent
  /** Without a reply by then the outcome is unknown. */
  readonly timeoutMs?: number
}

/** Sends one request, once. Never rejects. */
export function sendRequest({ method, url, headers, body, cutAfterMs, agent, timeoutMs = DEFAULT_TIMEOUT_MS }: OutgoingRequest): Promise<Attempt> {
  return new Promise((resolve) => {
    let isConnected = false
    const request = httpRequest(url, { method, agent, headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(body.length) }) } })
    const failed = (error: Error): void => resolve({ outcome: isConnected ? 'unknown' : 'unsent', reason: error.message })
    request.on('error', failed)
    request.on('socket', (socket) => {
      if (!socket.connecting) isConnected = true
      else socket.once('connect', () => (isConnected = true))
    })
    request.setTimeout(timeoutMs, () => request.destroy(new Error('no reply in time')))
    if (cutAfterMs !== undefined) {
      request.once('finish', () => setTimeout(() => {
        request.destroy()
        resolve({ outcome: 'unknown', reason: 'cut on purpose' })
      }, cutAfterMs))
      request.on('response', (response) => response.on('error', () => undefined).resume())
    } else {
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', failed)
        response.on('end', () => resolve({ outcome: 'replied', status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }))
        response.on('close', () => { if (!response.complete) failed(new Error('the reply was cut')) })
      })
    }
    request.end(body)
  })
}

const DEFAULT_TIMEOUT_MS = 30_000

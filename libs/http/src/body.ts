import type { IncomingMessage } from 'node:http'

/**
 * Reads a small JSON body of our own or a query API; intake reads bodies in its own way.
 *
 * @throws {BadBodyError} larger than {@link MAX_JSON_BODY_BYTES}, compressed, or not JSON.
 */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw new BadBodyError(415, 'unsupported-encoding', 'this body must not be compressed')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_JSON_BODY_BYTES) throw new BadBodyError(413, 'body-too-large', `the body is larger than ${MAX_JSON_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  if (bytes === 0) return {}
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch (cause) {
    throw new BadBodyError(400, 'bad-request', 'the body is not JSON', { cause })
  }
}

/** A body that cannot be taken; the gateway answers it in the route's dialect. */
export class BadBodyError extends Error {
  override readonly name = 'BadBodyError'
  readonly code = 'BAD_BODY'
  readonly retryable = false
  readonly status: 400 | 413 | 415
  /** Names the page below docs/problems. */
  readonly problem: string

  constructor(status: 400 | 413 | 415, problem: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
    this.problem = problem
  }
}

/** Questions are hundreds of bytes; a long list of values in one stays below it. */
export const MAX_JSON_BODY_BYTES = 1024 * 1024

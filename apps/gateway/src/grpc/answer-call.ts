import { request as httpRequest, type Agent, type IncomingMessage as HttpResponse, type OutgoingHttpHeaders } from 'node:http'
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { pipeline } from 'node:stream/promises'
import { credentialsOf } from '@millrace/access/credentials'
import { GRPC_CODES } from '@millrace/http/refuse'
import type { Log } from '@millrace/telemetry/log'
import { GRPC, messageOfStatus, trailersOf, type GrpcStatus } from './grpc-status.ts'
import { MessageRefusedError, readMessage } from './read-message.ts'

export interface CallOptions {
  readonly agent: Agent
  readonly httpUrl: string
  readonly log: Log
  /** A sender that is silent for so long before its message has ended is let go. */
  readonly silenceMs: number
  /** Whether there are too many calls for another one. */
  readonly isBusy: boolean
}

/** Answers one call of gRPC. What is none gets a status of HTTP (gRPC over HTTP/2, "Requests"). */
export async function answerCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: CallOptions): Promise<void> {
  stream.on('error', (error) => { options.log.debug({ err: error }, 'a call of OTLP over gRPC was cut off') })
  const status = statusOfHttp(headers)
  if (status !== undefined) {
    stream.respond({ ':status': status }, { endStream: true })
    stream.close()
    return
  }
  const refusal = refusalOf(headers, options)
  if (refusal !== undefined) {
    refuseCall(stream, refusal)
    return
  }
  try {
    replyTo(stream, await forward(stream, headers, options))
  } catch (error) {
    if (stream.destroyed) return // nobody is left to answer
    if (error instanceof CallRefusedError || error instanceof MessageRefusedError) {
      refuseCall(stream, error.status)
      return
    }
    options.log.warn({ err: error }, 'a call of OTLP over gRPC was not answered')
    refuseCall(stream, UNAVAILABLE)
  }
}

const EXPORT_LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
/** Of all metadata of a call together: keys and traces fit. */
export const MAX_METADATA_BYTES = 16 * 1024
/** Of a message as it travels and unpacked; as over HTTP, which counts the latter. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
/** Nobody at the HTTP side answers later. */
const ANSWER_MS = 75_000
/** Replies say little: how many records were refused, and why the first was. */
const MAX_REPLY_BYTES = 64 * 1024
const RETRY_AFTER_S = 2
const UNAVAILABLE: GrpcStatus = { code: GRPC.unavailable, message: 'not available at the moment', retryAfterS: RETRY_AFTER_S }
/** Metadata that OTLP/HTTP reads: credentials, and the sender's trace. */
const FORWARDED = ['authorization', 'dd-api-key', 'dd-application-key', 'api-key', 'x-api-key', 'traceparent', 'tracestate']

/** OTLP/HTTP refused the message. */
class CallRefusedError extends Error {
  override readonly name = 'CallRefusedError'
  readonly code = 'CALL_REFUSED'
  readonly retryable = false
  readonly status: GrpcStatus

  constructor(status: GrpcStatus) {
    super(status.message)
    this.status = status
  }
}

/** For what is no call. */
function statusOfHttp(headers: IncomingHttpHeaders): number | undefined {
  if (headers[':method'] !== 'POST') return 405
  return /^application\/grpc(\+proto)?\s*(;|$)/i.test(headers['content-type'] ?? '') ? undefined : 415
}

/** Why a call is refused without a look at its message. */
function refusalOf(headers: IncomingHttpHeaders, { isBusy }: CallOptions): GrpcStatus | undefined {
  if (headers[':path'] !== EXPORT_LOGS) return { code: GRPC.unimplemented, message: `only ${EXPORT_LOGS} is served` }
  if (!['gzip', 'identity'].includes(encodingOf(headers))) return { code: GRPC.unimplemented, message: 'grpc-encoding must be gzip or identity' }
  if (credentialsOf(headers).length === 0) return { code: GRPC.unauthenticated, message: 'an API key is needed: dd-api-key, or authorization with Bearer, as metadata' }
  if (sizeOf(headers) > MAX_METADATA_BYTES) return { code: GRPC.resourceExhausted, message: `the metadata is larger than ${MAX_METADATA_BYTES} bytes` }
  return isBusy ? UNAVAILABLE : undefined
}

/** As HTTP/2 counts a list of headers (RFC 9113, 6.5.2). The library holds senders to its own, larger bound only. */
function sizeOf(headers: IncomingHttpHeaders): number {
  return Object.entries(headers).reduce((sum, [name, value]) => sum + name.length + String(value).length + 32, 0)
}

function encodingOf(headers: IncomingHttpHeaders): string {
  const encoding = headers['grpc-encoding']
  return typeof encoding === 'string' && encoding !== '' ? encoding : 'identity'
}

/** Posts the message to OTLP/HTTP while it arrives, and gives back the reply. @throws {CallRefusedError} @throws {MessageRefusedError} */
async function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, { agent, httpUrl, silenceMs }: CallOptions): Promise<Buffer> {
  const silent = new Promise<never>((_, reject) => {
    stream.setTimeout(silenceMs, () => { reject(new MessageRefusedError(GRPC.deadlineExceeded, `nothing of the message arrived for ${silenceMs / 1000} seconds`)) })
  })
  const message = await Promise.race([readMessage(stream, MAX_MESSAGE_BYTES), silent])
  const encoding = encodingOf(headers)
  if (message.isCompressed && encoding === 'identity') throw new MessageRefusedError(GRPC.internal, 'a compressed message needs grpc-encoding')
  const outgoing = httpRequest(`${httpUrl}/v1/logs`, { agent, method: 'POST', headers: httpHeaders(headers, message.length, message.isCompressed ? encoding : 'identity'), timeout: ANSWER_MS })
  outgoing.flushHeaders() // the key is looked at while the message is still on its way
  let response: HttpResponse | undefined
  try {
    const answered = new Promise<HttpResponse>((resolve, reject) => {
      outgoing.on('response', resolve)
      outgoing.on('error', reject)
      outgoing.on('timeout', () => { reject(new Error(`OTLP over HTTP was silent for ${ANSWER_MS} ms`)) })
      stream.once('close', () => { reject(new Error('the client went away')) })
    })
    const sent = pipeline(message.chunks, outgoing).then(() => { stream.setTimeout(0) })
    // A refusal comes before all is sent; what fails is told by whichever notices first.
    response = await Promise.race([answered, silent, sent.then(() => answered)])
    const body = await readReply(response)
    if (response.statusCode === 200) return body
    throw new CallRefusedError(statusOf(response, body))
  } finally {
    // The connection of a request that was not sent to its end, or not answered, is of no use any more; any other is kept.
    if (!outgoing.writableFinished || response?.complete !== true) outgoing.destroy()
  }
}

function httpHeaders(headers: IncomingHttpHeaders, length: number, encoding: string): OutgoingHttpHeaders {
  const forwarded: OutgoingHttpHeaders = { 'content-type': 'application/x-protobuf', 'content-length': length, 'content-encoding': encoding }
  for (const name of FORWARDED) if (headers[name] !== undefined) forwarded[name] = headers[name]
  return forwarded
}

async function readReply(response: HttpResponse): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_REPLY_BYTES) throw new Error('a reply of OTLP over HTTP is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function statusOf({ statusCode = 0, headers }: HttpResponse, body: Uint8Array): GrpcStatus {
  const code = GRPC_CODES[statusCode] ?? GRPC.unknown
  const retryAfterS = Number(headers['retry-after'])
  return { code, message: messageOfStatus(body), ...(retryAfterS > 0 ? { retryAfterS } : {}) }
}

function replyTo(stream: ServerHttp2Stream, message: Uint8Array): void {
  const head = Buffer.alloc(5) // not compressed
  head.writeUInt32BE(message.length, 1)
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.once('wantTrailers', () => { stream.sendTrailers(trailersOf({ code: GRPC.ok, message: '' })) })
  stream.end(Buffer.concat([head, message]))
}

/** Headers and trailers in one; the rest of the message is not waited for. */
function refuseCall(stream: ServerHttp2Stream, status: GrpcStatus): void {
  if (stream.destroyed || stream.headersSent) return
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': 'identity,gzip', ...trailersOf(status) }, { endStream: true })
  stream.close(constants.NGHTTP2_NO_ERROR)
}

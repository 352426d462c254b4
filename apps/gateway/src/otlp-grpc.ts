import { Metadata, Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall, type ServiceDefinition } from '@grpc/grpc-js'
import { GRPC_CODES } from '@millrace/http/refuse'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'

export interface OtlpGrpcOptions {
  readonly host: string
  /** 0 takes any free one. */
  readonly port: number
  /** Where OTLP/HTTP is served: each call becomes a request there, so that keys, quotas and limits are the same. */
  readonly httpUrl: string
  readonly clock: Clock
  readonly log: Log
}

/** OTLP/gRPC for logs. */
export interface OtlpGrpc extends AsyncDisposable {
  readonly port: number
}

/** @throws when the port is in use. */
export async function openOtlpGrpc({ host, port, httpUrl, clock, log }: OtlpGrpcOptions): Promise<OtlpGrpc> {
  const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES })
  server.addService(LOGS_SERVICE, {
    Export: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
      void exportLogs(httpUrl, call, log).then((reply) => { answer(null, reply) }, (error: unknown) => { answer(error as GrpcError) })
    },
  })
  return {
    port: await bind(server, `${host}:${port}`),
    [Symbol.asyncDispose]: async () => {
      const drained = new AbortController()
      server.tryShutdown(() => { drained.abort() })
      await clock.sleep(DRAIN_MS, drained.signal)
      server.forceShutdown()
    },
  }
}

/** Calls that have not ended by then are cut off: a client that stalls must not keep the process from ending. */
const DRAIN_MS = 5_000
/** As over HTTP. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

const pass = (bytes: Buffer): Buffer => bytes
/** Messages stay bytes: they are decoded where they are needed. */
const LOGS_SERVICE: ServiceDefinition = {
  Export: {
    path: '/opentelemetry.proto.collector.logs.v1.LogsService/Export', requestStream: false, responseStream: false,
    requestSerialize: pass, requestDeserialize: pass, responseSerialize: pass, responseDeserialize: pass,
  },
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  })
}

interface GrpcError {
  readonly code: number
  readonly details: string
  readonly metadata?: Metadata
}

/** The credentials that OTLP/HTTP reads. */
const FORWARDED = ['authorization', 'dd-api-key', 'dd-application-key', 'traceparent']

/** @throws {GrpcError} */
async function exportLogs(httpUrl: string, call: ServerUnaryCall<Buffer, Buffer>, log: Log): Promise<Buffer> {
  const headers: Record<string, string> = { 'content-type': 'application/x-protobuf' }
  for (const name of FORWARDED) {
    const [value] = call.metadata.get(name)
    if (value !== undefined) headers[name] = String(value)
  }
  const gone = new AbortController()
  call.on('cancelled', () => { gone.abort() })
  let response: Response
  let body: Buffer
  try {
    response = await fetch(`${httpUrl}/v1/logs`, { method: 'POST', headers, body: new Uint8Array(call.request), signal: gone.signal })
    body = Buffer.from(await response.arrayBuffer())
  } catch (cause) {
    log.warn({ err: cause }, 'a call of OTLP over gRPC was not answered')
    throw refusal(status.UNAVAILABLE, 'not available at the moment', undefined)
  }
  if (response.ok) return body
  throw refusal(GRPC_CODES[response.status] ?? status.UNKNOWN, messageOf(body), response.headers.get('retry-after') ?? undefined)
}

/** Of a `google.rpc.Status` as `refuse` writes it: the message is the second field, below 128 bytes. */
function messageOf(body: Buffer): string {
  return body[2] === 0x12 ? body.subarray(4, 4 + (body[3] ?? 0)).toString('utf8') : 'refused'
}

function refusal(code: number, details: string, retryAfterS: string | undefined): GrpcError {
  if (retryAfterS === undefined) return { code, details }
  const metadata = new Metadata()
  metadata.set('grpc-status-details-bin', statusDetails(code, details, Number(retryAfterS)))
  return { code, details, metadata }
}

/** A `google.rpc.Status` with a `google.rpc.RetryInfo`: without it exporters do not repeat RESOURCE_EXHAUSTED. */
function statusDetails(code: number, message: string, retryAfterS: number): Buffer {
  const delay = field(1, Buffer.from([0x08, Math.min(127, Math.max(1, Math.ceil(retryAfterS)))]))
  const detail = Buffer.concat([field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(2, delay)])
  return Buffer.concat([Buffer.from([0x08, code]), field(2, Buffer.from(message, 'utf8').subarray(0, 127)), field(3, detail)])
}

/** A field of fewer than 128 bytes. */
function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
}

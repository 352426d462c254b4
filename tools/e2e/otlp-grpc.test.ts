import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, constants as http2, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { openOtlpGrpc, type OtlpGrpc } from '@millrace/gateway/otlp-grpc'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { waitFor } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

const EXPORT_LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export'
const MIB = 1024 * 1024

/** A field of Protocol Buffers with a length. */
function field(number: number, content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  const length: number[] = []
  for (let left = bytes.length; ; left = Math.floor(left / 128)) {
    length.push(left < 128 ? left : (left % 128) + 128)
    if (left < 128) break
  }
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes])
}

const serviceOf = (name: string): Buffer => field(1, field(1, Buffer.concat([field(1, 'service.name'), field(2, field(1, name))])))
/** An ExportLogsServiceRequest of one record. */
const requestOf = (service: string, text: string): Buffer => field(1, Buffer.concat([serviceOf(service), field(2, field(2, field(5, field(1, text))))]))
const framed = (message: Uint8Array, { flag = 0, length = message.length } = {}): Buffer => {
  const head = Buffer.alloc(5)
  head[0] = flag
  head.writeUInt32BE(length, 1)
  return Buffer.concat([head, message])
}

/** One call by a real client of gRPC. */
async function call(port: number, message: Uint8Array, options: { readonly key?: string | undefined; readonly path?: string; readonly encoding?: string } = {}): Promise<{ readonly code: number; readonly details: string; readonly retry: string; readonly reply?: Buffer | undefined }> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.default_compression_algorithm': options.encoding === 'gzip' ? 2 : options.encoding === 'deflate' ? 1 : 0 })
  const metadata = new Metadata()
  if (options.key !== undefined) metadata.set('dd-api-key', options.key)
  const pass = (bytes: Buffer): Buffer => bytes
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(options.path ?? EXPORT_LOGS, pass, pass, Buffer.from(message), metadata, (error: ServiceError | null, reply?: Buffer) => {
        const [retry] = error?.metadata.get('grpc-status-details-bin') ?? []
        resolve({ code: error?.code ?? status.OK, details: error?.details ?? '', retry: retry?.toString('latin1') ?? '', reply })
      })
    })
  } finally {
    client.close()
  }
}

/** What came back for a call that was written byte by byte. */
interface RawAnswer {
  readonly status: number
  readonly grpcStatus: string
}

function openCall(session: ClientHttp2Session, headers: Readonly<Record<string, string>>): ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ':path': EXPORT_LOGS, 'content-type': 'application/grpc', 'te': 'trailers', ...headers }, { endStream: false })
  stream.on('error', () => undefined)
  return stream
}

async function answerOf(stream: ClientHttp2Stream): Promise<RawAnswer> {
  let trailers: Readonly<Record<string, unknown>> = {}
  stream.on('trailers', (each) => { trailers = each })
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
  stream.resume()
  await once(stream, 'close')
  return { status: Number(headers[':status']), grpcStatus: String(headers['grpc-status'] ?? trailers['grpc-status']) }
}

describe('OTLP over gRPC', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  /** A call whose client writes what it likes. */
  const raw = async (headers: Readonly<Record<string, string>>, write: (stream: ClientHttp2Stream) => void): Promise<RawAnswer> => {
    const session = connectHttp2(`http://127.0.0.1:${millrace.otlpGrpcPort}`)
    try {
      const stream = openCall(session, headers)
      write(stream)
      return await answerOf(stream)
    } finally {
      session.destroy()
    }
  }
  const key = (): Readonly<Record<string, string>> => ({ 'dd-api-key': millrace.key })

  it.each(['identity', 'gzip'])('takes a message as %s', async (encoding) => {
    const { code, reply } = await call(millrace.otlpGrpcPort, requestOf(`grpc ${encoding}`, 'x'.repeat(300_000)), { key: millrace.key, encoding })
    expect([code, reply?.length]).toEqual([status.OK, 0])
    await waitFor(async () => (await millrace.search(`service:"grpc ${encoding}"`)).length === 1)
  })

  it('takes an empty message, and tells what it refuses of one', async () => {
    expect(await call(millrace.otlpGrpcPort, Buffer.alloc(0), { key: millrace.key })).toMatchObject({ code: status.OK })
    const old = field(1, field(2, field(2, Buffer.concat([Buffer.from([0x09, 1, 0, 0, 0, 0, 0, 0, 0]), field(5, field(1, 'old'))]))))
    const { code, reply } = await call(millrace.otlpGrpcPort, old, { key: millrace.key })
    expect(code).toBe(status.OK)
    expect(reply?.toString('latin1')).toContain('older than the retention')
  })

  it('says who may not, in codes of gRPC', async () => {
    expect(await call(millrace.otlpGrpcPort, requestOf('s', 'x'))).toMatchObject({ code: status.UNAUTHENTICATED })
    expect(await call(millrace.otlpGrpcPort, requestOf('s', 'x'), { key: 'wrong' })).toMatchObject({ code: status.PERMISSION_DENIED, details: 'this API key is not known' })
    expect(await call(millrace.otlpGrpcPort, requestOf('s', 'x'), { key: millrace.adminKey })).toMatchObject({ code: status.PERMISSION_DENIED })
    expect(await raw({ 'api-key': millrace.key }, (stream) => stream.end(framed(requestOf('s', 'x'))))).toEqual({ status: 200, grpcStatus: '0' })
  })

  it('says what is wrong with a call', async () => {
    expect(await call(millrace.otlpGrpcPort, Buffer.from('no message'), { key: millrace.key })).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringContaining('no ExportLogsServiceRequest') as unknown })
    expect(await call(millrace.otlpGrpcPort, Buffer.alloc(0), { key: millrace.key, path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export' })).toMatchObject({ code: status.UNIMPLEMENTED })
    expect(await call(millrace.otlpGrpcPort, requestOf('s', 'x'), { key: millrace.key, encoding: 'deflate' })).toMatchObject({ code: status.UNIMPLEMENTED })
    expect(await raw({ ...key(), 'content-type': 'application/json' }, (stream) => stream.end('{}'))).toMatchObject({ status: 415 })
    expect(await raw({ ...key(), 'grpc-encoding': 'gzip' }, (stream) => stream.end(framed(Buffer.from('no gzip'), { flag: 1 })))).toMatchObject({ grpcStatus: String(status.INVALID_ARGUMENT) })
    expect(await raw(key(), (stream) => stream.end(framed(gzipSync('x'), { flag: 1 })))).toMatchObject({ grpcStatus: String(status.INTERNAL) })
    expect(await raw(key(), (stream) => stream.end(framed(Buffer.alloc(1), { flag: 7 })))).toMatchObject({ grpcStatus: String(status.INTERNAL) })
    expect(await raw(key(), (stream) => stream.end(Buffer.alloc(3)))).toMatchObject({ grpcStatus: String(status.INTERNAL) })
  })

  it('stores nothing of a message that is longer or shorter than it says', async () => {
    const message = requestOf('wrong length', 'x'.repeat(200_000))
    expect(await raw(key(), (stream) => stream.end(framed(message, { length: message.length - 1 })))).toMatchObject({ grpcStatus: String(status.UNIMPLEMENTED) })
    expect(await raw(key(), (stream) => stream.end(Buffer.concat([framed(message), framed(message)])))).toMatchObject({ grpcStatus: String(status.UNIMPLEMENTED) })
    expect(await raw(key(), (stream) => stream.end(framed(message, { length: message.length + 1 })))).toMatchObject({ grpcStatus: String(status.INTERNAL) })
    expect(await call(millrace.otlpGrpcPort, requestOf('right length', 'x'), { key: millrace.key })).toMatchObject({ code: status.OK })
    await waitFor(async () => (await millrace.search('service:"right length"')).length === 1)
    expect(await millrace.search('service:"wrong length"')).toEqual([])
  })

  it('refuses what is larger than it takes, packed or not, without a wish to see it again', async () => {
    const tooLarge = { code: status.RESOURCE_EXHAUSTED, retry: '' }
    expect(await call(millrace.otlpGrpcPort, Buffer.alloc(64 * MIB + 1), { key: millrace.key })).toMatchObject(tooLarge)
    expect(await call(millrace.otlpGrpcPort, Buffer.alloc(65 * MIB), { key: millrace.key, encoding: 'gzip' })).toMatchObject({ ...tooLarge, details: expect.stringContaining('decompressed') as unknown })
    const bomb = gzipSync(Buffer.alloc(60 * MIB), { level: 9 })
    expect(await raw({ ...key(), 'grpc-encoding': 'gzip' }, (stream) => stream.end(framed(bomb, { flag: 1 })))).toMatchObject({ grpcStatus: String(status.RESOURCE_EXHAUSTED) })
  }, 60_000)

  it('unpacks nothing for a sender whose key is not known', async () => {
    const bomb = framed(gzipSync(Buffer.alloc(60 * MIB), { level: 9 }), { flag: 1 })
    const before = process.memoryUsage().rss
    const answers = await Promise.all(Array.from({ length: 30 }, async () => await raw({ 'dd-api-key': 'wrong', 'grpc-encoding': 'gzip' }, (stream) => stream.end(bomb))))
    expect(new Set(answers.map(({ grpcStatus }) => grpcStatus))).toEqual(new Set([String(status.PERMISSION_DENIED)]))
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * MIB)
  })

  it('answers a sender whose key is not known before its message has ended', async () => {
    expect(await raw({ 'dd-api-key': 'wrong' }, (stream) => stream.write(framed(Buffer.alloc(1000), { length: MIB })))).toMatchObject({ grpcStatus: String(status.PERMISSION_DENIED) })
  })

  it('takes no more metadata than keys need, and lives on after what is no HTTP/2', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`x-${n}`, 'y'.repeat(1000)]))
    expect(await raw({ ...key(), ...metadata }, (stream) => stream.end(framed(requestOf('s', 'x'))))).toMatchObject({ grpcStatus: String(status.RESOURCE_EXHAUSTED) })
    const socket = connect(millrace.otlpGrpcPort, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    socket.resume()
    await once(socket, 'close')
    expect(await call(millrace.otlpGrpcPort, requestOf('s', 'x'), { key: millrace.key })).toMatchObject({ code: status.OK })
  })
})

describe('OTLP over gRPC, by what OTLP over HTTP answers,', () => {
  let answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: Uint8Array } | 'cut' = { status: 200 }
  const server = createServer((request, response) => {
    request.resume()
    request.on('error', () => undefined)
    request.on('end', () => {
      if (answer === 'cut') request.socket.destroy()
      else response.writeHead(answer.status, answer.headers ?? {}).end(answer.body)
    })
  })
  let grpc: OtlpGrpc
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    grpc = await openOtlpGrpc({ host: '127.0.0.1', port: 0, httpUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, clock: systemClock, log: createLog('silent'), silenceMs: 300 })
  })
  afterAll(async () => {
    await grpc[Symbol.asyncDispose]()
    server.close()
  })

  it.each<readonly [number, number, boolean]>([
    [400, status.INVALID_ARGUMENT, false], [401, status.UNAUTHENTICATED, false], [403, status.PERMISSION_DENIED, false], [408, status.DEADLINE_EXCEEDED, false], [413, status.RESOURCE_EXHAUSTED, false],
    [429, status.RESOURCE_EXHAUSTED, true], [500, status.INTERNAL, false], [503, status.UNAVAILABLE, true],
  ])('%d is %d', async (httpStatus, code, isRetryable) => {
    answer = { status: httpStatus, body: Buffer.concat([Buffer.from([0x08, code]), field(2, '100 % of "ä"')]), ...(isRetryable ? { headers: { 'retry-after': '7' } } : {}) }
    const { retry, ...rest } = await call(grpc.port, requestOf('s', 'x'), { key: 'k' })
    expect(rest).toEqual({ code, details: '100 % of "ä"', reply: undefined })
    if (isRetryable) expect(retry).toContain('google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x07')
    else expect(retry).toBe('')
  })

  it('a cut connection is UNAVAILABLE', async () => {
    answer = 'cut'
    const { code, retry } = await call(grpc.port, requestOf('s', 'x'), { key: 'k' })
    expect(code).toBe(status.UNAVAILABLE)
    expect(retry).toContain('RetryInfo')
  })

  it.each<readonly [string, Uint8Array]>([['its head', Buffer.alloc(2)], ['its message', framed(Buffer.alloc(1000), { length: MIB })]])('a sender that falls silent within %s is let go', async (_, bytes) => {
    answer = { status: 200 }
    const session = connectHttp2(`http://127.0.0.1:${grpc.port}`)
    const stream = openCall(session, { 'dd-api-key': 'k' })
    stream.write(bytes)
    expect(await answerOf(stream)).toMatchObject({ grpcStatus: String(status.DEADLINE_EXCEEDED) })
    session.destroy()
  })

  it('a call that its client cancels is cancelled there', async () => {
    const session = connectHttp2(`http://127.0.0.1:${grpc.port}`)
    const stream = openCall(session, { 'dd-api-key': 'k' })
    const arrived = once(server, 'request')
    stream.write(framed(Buffer.alloc(10), { length: 1000 }))
    const [request] = (await arrived) as [{ readonly socket: NodeJS.EventEmitter }]
    const closed = new Promise((resolve) => { request.socket.once('close', resolve) })
    stream.close(http2.NGHTTP2_CANCEL)
    await closed
    session.destroy()
  })
})

import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { compressSync } from 'snappy'
import { waitFor } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

const MIB = 1024 * 1024

/** One way in, as a sender without a library of its own would use it. */
interface Protocol {
  readonly name: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** One event of a service, at a time in ms. */
  readonly body: (service: string, ms: number) => string | Uint8Array
  readonly taken: number
  readonly limitBytes: number
  /** What of the answer to a body above it. */
  readonly tooLarge: string
  readonly bad: { readonly body: string; readonly status: number; readonly text: string }
  /** What of the answer to an unknown key. */
  readonly unknownKey: string
}

const json = { 'content-type': 'application/json' }
const isoOf = (ms: number): string => new Date(ms).toISOString()

const PROTOCOLS: readonly Protocol[] = [
  {
    name: 'our own', path: '/v1/events', headers: json, taken: 200, limitBytes: 16 * MIB,
    body: (service, ms) => JSON.stringify({ message: 'm', service, timestamp: isoOf(ms) }),
    tooLarge: '"urn:millrace:problem:body-too-large"', bad: { body: '[{"message":', status: 400, text: '"urn:millrace:problem:bad-events"' }, unknownKey: '"urn:millrace:problem:bad-key"',
  },
  {
    name: 'Elasticsearch', path: '/logs/_bulk', headers: { 'content-type': 'application/x-ndjson' }, taken: 200, limitBytes: 64 * MIB,
    body: (service, ms) => `{"index":{}}\n${JSON.stringify({ 'message': 'm', service, '@timestamp': isoOf(ms) })}\n`,
    tooLarge: '"type":"content_too_long_exception"', bad: { body: '{"no action":{}}\n{}\n', status: 400, text: '"illegal_argument_exception"' }, unknownKey: '"security_exception"',
  },
  {
    name: 'Datadog', path: '/api/v2/logs', headers: json, taken: 202, limitBytes: 16 * MIB,
    body: (service, ms) => JSON.stringify([{ message: 'm', service, timestamp: ms }]),
    tooLarge: '{"errors":["the body is larger', bad: { body: '[{"message":', status: 400, text: '{"errors":["none of 1 logs was taken' }, unknownKey: '{"errors":["this API key is not known"]}',
  },
  {
    name: 'OTLP', path: '/v1/logs', headers: json, taken: 200, limitBytes: 64 * MIB,
    body: (service, ms) => JSON.stringify({ resourceLogs: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] }, scopeLogs: [{ logRecords: [{ timeUnixNano: `${ms}000000`, body: { stringValue: 'm' } }] }] }] }),
    tooLarge: '{"code":8,"message":"the body is larger', bad: { body: '{"resourceLogs":[', status: 400, text: '{"code":3,"message":"the body is no ExportLogsServiceRequest' }, unknownKey: '{"code":7,',
  },
  {
    name: 'Loki', path: '/loki/api/v1/push', headers: json, taken: 204, limitBytes: 16 * MIB,
    body: (service, ms) => JSON.stringify({ streams: [{ stream: { service }, values: [[`${ms}000000`, 'm']] }] }),
    tooLarge: 'the body is larger than', bad: { body: '{"streams":[', status: 400, text: 'the push cannot be read' }, unknownKey: 'this API key is not known\n',
  },
  {
    name: 'Splunk', path: '/services/collector/event', headers: {}, taken: 200, limitBytes: 16 * MIB,
    body: (service, ms) => JSON.stringify({ time: ms / 1000, event: { message: 'm', service } }),
    tooLarge: '"text":"the body is larger', bad: { body: '{"event":', status: 400, text: '{"text":"Invalid data format","code":6' }, unknownKey: '{"text":"Invalid token","code":4}',
  },
  {
    // Any bytes are a message.
    name: 'syslog over HTTP', path: '/v1/syslog', headers: { 'content-type': 'text/plain' }, taken: 200, limitBytes: 16 * MIB,
    body: (service, ms) => `<165>1 ${isoOf(ms)} h ${service} - - - m\n`,
    tooLarge: '"urn:millrace:problem:body-too-large"', bad: { body: '', status: 200, text: '"accepted":0' }, unknownKey: '"urn:millrace:problem:bad-key"',
  },
]

const ENCODINGS: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = { gzip: gzipSync, deflate: deflateSync, zstd: zstdCompressSync, br: brotliCompressSync }

describe('a body', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  describe.each(PROTOCOLS)('by $name', ({ name, path, headers, body, taken, limitBytes, tooLarge, bad, unknownKey }) => {
    /** Some seconds ago, within a second. */
    const recentMs = (): number => Date.now() - (Date.now() % 1000) - 4877
    const serviceOf = (service: string): string => `${service}-${name.replaceAll(' ', '-')}`
    const countOf = async (service: string): Promise<number> => (await millrace.search(`service:"${serviceOf(service)}"`)).length
    const ask = async (content: string | Uint8Array, more: Readonly<Record<string, string>> = {}): Promise<readonly [status: number, text: string]> => {
      const answer = await millrace.post(path, content, { ...headers, ...more })
      return [answer.status, await answer.text()]
    }

    it('takes every compression, and several of them', async () => {
      const ms = recentMs()
      for (const [encoding, compress] of Object.entries(ENCODINGS)) expect([encoding, (await ask(compress(Buffer.from(body(serviceOf(`by-${encoding}`), ms))), { 'content-encoding': encoding }))[0]]).toEqual([encoding, taken])
      expect((await ask(gzipSync(zstdCompressSync(body(serviceOf('by-two'), ms))), { 'content-encoding': 'zstd, gzip' }))[0]).toBe(taken)
      for (const service of [...Object.keys(ENCODINGS), 'two']) await waitFor(async () => await countOf(`by-${service}`) === 1)
      expect((await ask('x', { 'content-encoding': 'snappy-framed' }))[0]).toBe(415)
      expect((await ask('no gzip', { 'content-encoding': 'gzip' }))[0]).toBe(400)
    })

    it('refuses a body that is too large, packed or not', async () => {
      const large = Buffer.alloc(limitBytes + 1, ' ')
      expect(await ask(large)).toEqual([413, expect.stringContaining(tooLarge) as unknown])
      expect((await ask(gzipSync(large, { level: 1 }), { 'content-encoding': 'gzip' }))[0]).toBe(413)
    }, 60_000)

    it('says what is wrong with a body, and with a key', async () => {
      expect(await ask(bad.body)).toEqual([bad.status, expect.stringContaining(bad.text) as unknown])
      expect(await ask(body(serviceOf('nobody'), recentMs()), { 'dd-api-key': 'wrong' })).toEqual([403, expect.stringContaining(unknownKey) as unknown])
      expect(await countOf('nobody')).toBe(0)
    })

    it('stores a request once that is sent again after its reply was cut, where its events have times of their own', async () => {
      const content = body(serviceOf('cut'), recentMs())
      await sendAndCut(millrace, path, headers, content)
      for (let again = 0; again < 2; again++) expect((await ask(content))[0]).toBe(taken)
      expect((await ask(body(serviceOf('behind'), recentMs())))[0]).toBe(taken)
      await waitFor(async () => await countOf('behind') === 1)
      await waitFor(async () => await countOf('cut') > 0)
      expect(await countOf('cut')).toBe(1)
    })

    it('stores it as often as it is sent where its times are whole seconds, which two events may share', async () => {
      const content = body(serviceOf('whole'), Math.floor(recentMs() / 1000) * 1000)
      await sendAndCut(millrace, path, headers, content)
      expect((await ask(content))[0]).toBe(taken)
      await waitFor(async () => await countOf('whole') === 2)
    })
  })

  it('by Loki takes snappy, and refuses what grows too large in it', async () => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }
    const large = await millrace.post('/loki/api/v1/push', compressSync(Buffer.alloc(17 * MIB)), headers)
    expect([large.status, await large.text()]).toEqual([413, expect.stringContaining('larger') as unknown])
    expect((await millrace.post('/loki/api/v1/push', 'no snappy', headers)).status).toBe(400)
    expect((await millrace.post('/loki/api/v1/push', compressSync(Buffer.alloc(0)), headers)).status).toBe(204)
  })
})

/** Posts through a proxy that lets the server answer, and then cuts the connection before a byte of the answer has gone on. */
async function sendAndCut({ url, key }: TestSystem, path: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array): Promise<void> {
  let answered = ''
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(url).port), '127.0.0.1')
    client.pipe(server)
    client.on('error', () => undefined)
    server.on('error', () => undefined)
    server.once('data', (bytes) => {
      answered = bytes.toString('latin1')
      client.destroy()
      server.destroy()
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  try {
    const sent = fetch(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}${path}`, { method: 'POST', headers: { 'dd-api-key': key, ...headers }, body: typeof body === 'string' ? body : new Uint8Array(body) })
    await expect(sent).rejects.toThrow('fetch failed')
    expect(answered).toMatch(/^HTTP\/1\.1 2/)
  } finally {
    proxy.close()
  }
}

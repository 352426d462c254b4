import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'
import { client as datadogClient, v2 } from '@datadog/datadog-api-client'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as GrpcExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { credentials, Metadata } from '@grpc/grpc-js'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import { pino, type DestinationStream } from 'pino'
import { createLogger } from 'winston'
import LokiTransport from 'winston-loki'
import { waitFor, type FoundEvent } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

/** It comes without types. */
interface SplunkLogging {
  readonly Logger: new (options: { readonly token: string; readonly url: string }) => { send(context: object, callback: (error: unknown, response: unknown, body: unknown) => void): void }
}
const splunk = createRequire(import.meta.url)('splunk-logging') as SplunkLogging

describe('unmodified clients of other systems', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  /** What a query finds once it finds that many. */
  const found = async (query: string, count: number): Promise<readonly FoundEvent[]> => {
    let events: readonly FoundEvent[] = []
    await waitFor(async () => (events = await millrace.search(query)).length >= count)
    expect(events.length).toBe(count)
    return events
  }

  it('deliver with @datadog/datadog-api-client', async () => {
    const api = new v2.LogsApi(datadogClient.createConfiguration({ authMethods: { apiKeyAuth: millrace.key }, baseServer: new datadogClient.BaseServerConfiguration(millrace.url, {}) }))
    for (const contentEncoding of ['identity', 'gzip', 'deflate'] as const) {
      await api.submitLog({ contentEncoding, ddtags: 'team:data', body: [{ ddsource: 'nodejs', ddtags: 'env:test', hostname: 'h1', service: 'dd', message: `by the Datadog client, ${contentEncoding}`, additionalProperties: { status: 'warn', user: '7' } }] })
    }
    const events = await found('service:dd', 3)
    expect(events.map(({ attributes }) => attributes.message).sort()).toEqual(['deflate', 'gzip', 'identity'].map((encoding) => `by the Datadog client, ${encoding}`))
    for (const { attributes } of events) expect(attributes).toMatchObject({ host: 'h1', status: 'warn', tags: ['env:test', 'team:data'], attributes: { user: '7' } })
  })

  it.each<readonly [string, (url: string, key: string) => Promise<LogRecordExporter>]>([
    ['http/protobuf', (url, key) => Promise.resolve(new ProtobufExporter({ url: `${url}/v1/logs`, headers: { 'dd-api-key': key } }))],
    ['http/json', (url, key) => Promise.resolve(new JsonExporter({ url: `${url}/otlp/v1/logs`, headers: { authorization: `Bearer ${key}` }, compression: 'gzip' as never }))],
    ['grpc', (_, key) => {
      const metadata = new Metadata()
      metadata.set('dd-api-key', key)
      return Promise.resolve(new GrpcExporter({ url: `http://127.0.0.1:${millrace.otlpGrpcPort}`, metadata, credentials: credentials.createInsecure(), compression: 'gzip' as never }))
    }],
  ])('deliver with the OpenTelemetry exporter for %s', async (name, open) => {
    const provider = new LoggerProvider({ resource: resourceFromAttributes({ 'service.name': `otel ${name}`, 'host.name': 'h2', 'deployment.environment': 'test' }), processors: [new BatchLogRecordProcessor({ exporter: await open(millrace.url, millrace.key) })] })
    const logger = provider.getLogger('checkout', '1.2.3')
    const at = Date.now()
    for (let n = 0; n < 300; n++) {
      logger.emit({ timestamp: at - n, severityNumber: SeverityNumber.ERROR, severityText: 'ERROR', body: `payment ${n} failed`, attributes: { 'http.status_code': 500, n, ratio: 0.5, big: 2 ** 60, ok: false, list: ['a', 1], nested: { inner: { deep: 'x' } } } })
    }
    logger.emit({ severityNumber: SeverityNumber.INFO2, body: { message: 'a map', user: { id: 'u1' } } })
    await provider.shutdown()
    const events = await found(`service:"otel ${name}"`, 301)
    const map = events.find(({ attributes }) => attributes.message === 'a map')
    expect(map?.attributes).toMatchObject({ status: 'info', attributes: { user: { id: 'u1' } } })
    const first = events.find(({ attributes }) => attributes.message === 'payment 0 failed')
    expect(first?.attributes).toMatchObject({
      timestamp: new Date(at).toISOString(), host: 'h2', status: 'error',
      attributes: { http: { status_code: 500 }, n: 0, ratio: 0.5, big: 2 ** 60, ok: false, list: ['a', 1], nested: { inner: { deep: 'x' } }, deployment: { environment: 'test' }, otel: { scope: { name: 'checkout', version: '1.2.3' } } },
    })
  })

  it.each([['JSON', true], ['Protocol Buffers', false]])('deliver with winston-loki, as %s', async (name, json) => {
    const transport = new LokiTransport({ host: millrace.url, basicAuth: `loki:${millrace.key}`, json, batching: false, labels: { app: `winston ${name}`, region: 'eu' }, onConnectionError: (error) => { throw error as Error } })
    const logger = createLogger({ transports: [transport] })
    logger.warn('by winston', { labels: { kind: 'x' } })
    const [event] = await found(`service:"winston ${name}"`, 1)
    expect(event?.attributes).toMatchObject({ status: 'warn', attributes: { region: 'eu', kind: 'x' } })
    expect(event?.attributes.message).toContain('by winston')
    logger.close()
  })

  it('deliver with pino-loki', async () => {
    const transport = pino.transport({ target: 'pino-loki', options: { host: millrace.url, basicAuth: { username: 'loki', password: millrace.key }, labels: { service_name: 'pino' }, batching: false } }) as DestinationStream & { end(): void }
    const logger = pino(transport)
    logger.error({ user: 3 }, 'by pino')
    const [event] = await found('service:pino', 1)
    expect(event?.attributes.message).toContain('by pino')
    expect(event?.attributes.status).toBe('error')
    transport.end()
  })

  it('deliver with splunk-logging', async () => {
    const at = Date.now() - 1500
    const logger = new splunk.Logger({ token: millrace.key, url: millrace.url })
    const answers = await Promise.all(['a text', { event: 'an object', code: 5 }].map(async (message) => await new Promise((resolve, reject) => {
      logger.send({ message, severity: 'error', metadata: { source: 'test', sourcetype: 'splunk', host: 'h3', index: 'main', time: at / 1000 } }, (error: unknown, _: unknown, body: unknown) => { if (error === null) resolve(body); else reject(error as Error) })
    })))
    expect(answers).toEqual([{ text: 'Success', code: 0 }, { text: 'Success', code: 0 }])
    const events = await found('source:splunk', 2)
    for (const { attributes } of events) expect(attributes).toMatchObject({ host: 'h3', timestamp: new Date(at).toISOString(), attributes: { index: 'main', splunk_source: 'test' } })
  })

  it('are told what is wrong in the manner of each', async () => {
    const wrong = { 'dd-api-key': 'wrong', 'content-type': 'application/json' }
    const ask = async (path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' }): Promise<readonly [number, string]> => {
      const answer = await millrace.post(path, body, headers)
      return [answer.status, await answer.text()]
    }
    expect(await ask('/api/v2/logs', '{}', wrong)).toEqual([403, '{"errors":["this API key is not known"]}'])
    expect(await ask('/api/v2/logs', '{}')).toEqual([202, '{}'])
    expect(await ask('/api/v2/logs', '[{"message":')).toEqual([400, expect.stringContaining('none of 1 logs') as unknown])
    expect(await ask('/v1/logs', '{}', wrong)).toEqual([403, '{"code":7,"message":"this API key is not known"}'])
    expect(await ask('/v1/logs', '{}')).toEqual([200, '{}'])
    expect(await ask('/v1/logs', '{"resourceLogs":7}')).toEqual([400, expect.stringContaining('an array was expected') as unknown])
    expect(await ask('/v1/logs', 'x', { 'content-type': 'text/plain' })).toEqual([415, expect.stringContaining('Content-Type') as unknown])
    expect(await ask('/v1/logs', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"stringValue":"old"}},{"body":{"stringValue":"good"}}]}]}]}'))
      .toEqual([200, '{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"record 0: older than the retention"}}'])
    expect(await ask('/loki/api/v1/push', '{"streams":[]}')).toEqual([204, ''])
    expect(await ask('/loki/api/v1/push', '{"streams":[{"stream":{"a":"b"},"values":[["1","old"]]}]}')).toEqual([400, '1 of 1 entries were refused, 0 were taken; entry 0: older than the retention\n'])
    expect(await ask('/loki/api/v1/push', 'no snappy', { 'content-type': 'application/x-protobuf' })).toEqual([400, expect.stringContaining('snappy') as unknown])
    expect(await ask('/services/collector', '', {})).toEqual([400, '{"text":"No data","code":5}'])
    expect(await ask('/services/collector', '{"event":"a"}{"event":', {})).toEqual([400, '{"text":"Invalid data format","code":6,"invalid-event-number":1}'])
    expect(await ask('/services/collector', '{"event":"a"}{"fields":{}}', {})).toEqual([400, '{"text":"Event field is required","code":12,"invalid-event-number":1}'])
    expect(await ask('/services/collector', '{"event":""}', {})).toEqual([400, '{"text":"Event field cannot be blank","code":13,"invalid-event-number":0}'])
    expect(await ask('/services/collector', '{"event":"a"}', { 'dd-api-key': 'wrong' })).toEqual([403, '{"text":"Invalid token","code":4}'])
    expect(await ask('/services/collector/raw?sourcetype=raw', gzipSync('one\ntwo\r\n\nthree'), { 'content-encoding': 'gzip' })).toEqual([200, '{"text":"Success","code":0}'])
    expect((await found('source:raw', 3)).map(({ attributes }) => attributes.message).sort()).toEqual(['one', 'three', 'two'])
    expect((await millrace.get('/api/v1/validate')).status).toBe(200)
    expect(await (await fetch(`${millrace.url}/ready`)).text()).toBe('ready\n')
    expect(await (await fetch(`${millrace.url}/services/collector/health`)).json()).toEqual({ text: 'HEC is healthy', code: 17 })
  })

  it('store a repeated request once where each event names its own time', async () => {
    const at = BigInt(Date.now()) * 1_000_000n + 1n
    const otlp = JSON.stringify({ resourceLogs: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'again' } }] }, scopeLogs: [{ logRecords: [{ timeUnixNano: String(at), body: { stringValue: 'otlp' } }] }] }] })
    const loki = JSON.stringify({ streams: [{ stream: { service_name: 'again' }, values: [[String(at), 'loki']] }] })
    const datadog = JSON.stringify([{ service: 'again', timestamp: Date.now() - 1, message: 'datadog' }])
    const splunk = JSON.stringify({ time: String((Date.now() - 500.5) / 1000), event: { service: 'again', message: 'splunk' } })
    for (const [path, body] of [['/v1/logs', otlp], ['/loki/api/v1/push', loki], ['/api/v2/logs', datadog], ['/services/collector', splunk]] as const) {
      const answers = [await millrace.post(path, body, { 'content-type': 'application/json' }), await millrace.post(path, body, { 'content-type': 'application/json' })]
      for (const answer of answers) {
        expect(answer.status).toBeLessThan(300)
        await millrace.searchable(answer)
      }
    }
    expect((await millrace.search('service:again')).map(({ attributes }) => attributes.message).sort()).toEqual(['datadog', 'loki', 'otlp', 'splunk'])
  })
})

/** Writes down what real clients send: `node tools/capture/main.ts` fills libs/wire/testdata, which decoders are tested and fuzzed with. Run again when a client's version changes. */
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { client as datadogClient, v2 } from '@datadog/datadog-api-client'
import { Client as ElasticClient } from '@elastic/elasticsearch'
import { undoSnappy } from '@millrace/wire/loki/undo-snappy'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import { createLogger } from 'winston'
import LokiTransport from 'winston-loki'

const ROOT = join(import.meta.dirname, '../../libs/wire/testdata')
/** Times in captured bodies are this one's, so that a new capture differs only where a client does. */
const AT_MS = 1_795_600_000_123

interface Captured {
  readonly url: string
  next(): Promise<Buffer>
}

/** Answers everything as a server that took it would. */
async function listen(): Promise<Captured & AsyncDisposable> {
  const bodies: Buffer[] = []
  let wake = (): void => undefined
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      response.setHeader('X-Elastic-Product', 'Elasticsearch')
      response.setHeader('Content-Type', request.headers['content-type']?.includes('protobuf') === true ? 'application/x-protobuf' : 'application/json')
      response.statusCode = request.url?.startsWith('/api/v2/logs') === true ? 202 : request.url?.startsWith('/loki') === true ? 204 : 200
      response.end(response.statusCode === 204 ? undefined : request.url?.includes('_bulk') === true ? '{"took":1,"errors":false,"items":[]}' : request.headers['content-type']?.includes('protobuf') === true ? undefined : '{"text":"Success","code":0}')
      if (body.length > 0) bodies.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body)
      wake()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async next() {
      while (bodies.length === 0) await new Promise<void>((resolve) => { wake = resolve })
      return bodies.shift() ?? Buffer.alloc(0)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function keep(folder: string, name: string, body: Uint8Array): Promise<void> {
  await mkdir(join(ROOT, folder), { recursive: true })
  await writeFile(join(ROOT, folder, name), body)
  console.log(`${folder}/${name}: ${body.length} bytes`)
}

await using server = await listen()

const datadog = new v2.LogsApi(datadogClient.createConfiguration({ authMethods: { apiKeyAuth: 'k' }, baseServer: new datadogClient.BaseServerConfiguration(server.url, {}) }))
await datadog.submitLog({ body: Array.from({ length: 3 }, (_, n) => ({ ddsource: 'nodejs', ddtags: 'env:test,team:a', hostname: 'h1', service: 'web', message: `request ${n} "quoted" \u00fc`, additionalProperties: { status: 'info', user: String(n) } })) })
await keep('json', 'datadog-api-client', await server.next())

const elastic = new ElasticClient({ node: server.url })
await elastic.bulk({ operations: Array.from({ length: 3 }, (_, n) => [{ create: { _index: 'logs', _id: `id-${n}` } }, { '@timestamp': new Date(AT_MS).toISOString(), message: `line ${n}`, level: 'info', took: n / 2 }]).flat() })
await elastic.close()
await keep('bulk', 'elasticsearch-client', await server.next())

const openTelemetry = async (name: string, folder: string, exporter: LogRecordExporter): Promise<void> => {
  const provider = new LoggerProvider({ resource: resourceFromAttributes({ 'service.name': 'checkout', 'host.name': 'h1', 'deployment.environment': 'test' }), processors: [new BatchLogRecordProcessor({ exporter })] })
  const logger = provider.getLogger('scope', '1.0.0')
  for (let n = 0; n < 3; n++) logger.emit({ timestamp: AT_MS + n, observedTimestamp: AT_MS, severityNumber: SeverityNumber.ERROR, severityText: 'ERROR', body: `payment ${n} failed`, attributes: { 'http.status_code': 500, ratio: 0.5, big: 2 ** 60, ok: false, list: ['a', 1], nested: { inner: { deep: 'x' } } } })
  logger.emit({ timestamp: AT_MS, observedTimestamp: AT_MS, body: { message: 'a map', user: { id: 'u1' } } })
  await provider.shutdown()
  await keep(folder, name, await server.next())
}
await openTelemetry('opentelemetry-js', 'otlp-protobuf', new ProtobufExporter({ url: `${server.url}/v1/logs` }))
await openTelemetry('opentelemetry-js', 'otlp-json', new JsonExporter({ url: `${server.url}/v1/logs` }))

for (const json of [true, false]) {
  const transport = new LokiTransport({ host: server.url, json, batching: false, labels: { app: 'winston', region: 'eu' } })
  const logger = createLogger({ transports: [transport] })
  logger.warn('by winston', { labels: { kind: 'x' } })
  const body = await server.next()
  await keep(json ? 'loki-json' : 'loki-protobuf', 'winston-loki', json ? body : await undoSnappy(body, body.length * 100))
  logger.close()
}

interface SplunkLogging {
  readonly Logger: new (options: object) => { send(context: object, callback: () => void): void; flush(callback: () => void): void }
}
const splunk = new (createRequire(import.meta.url)('splunk-logging') as SplunkLogging).Logger({ token: 't', url: server.url, maxBatchCount: 3 })
for (const message of ['a text', { code: 5, nested: { deep: true } }, 'another "one"']) splunk.send({ message, severity: 'error', metadata: { time: AT_MS / 1000, host: 'h1', source: 'app', sourcetype: 'node', index: 'main' } }, () => undefined)
await keep('splunk', 'splunk-logging', await server.next())
process.exit() // a transport of winston-loki keeps its timers

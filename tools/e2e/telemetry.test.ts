import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createListener } from '@millrace/access/create-listener'
import { createGuard } from '@millrace/access/guard'
import { createHttpMetrics } from '@millrace/access/http-metrics'
import { createForwarder } from '@millrace/gateway/forward'
import { forwardRoutes } from '@millrace/gateway/forward-routes'
import { serveHttp } from '@millrace/http/serve-http'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemHostNames } from '@millrace/runtime/system-host-names'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { openTelemetry } from '@millrace/telemetry/open-telemetry'
import { openTestCollector, plain, type CollectedSpan, type TestCollector } from '@millrace/telemetry/test-collector'
import { freePort } from '../process/free-port.ts'
import { startNodeProcess } from '../process/node-process.ts'
import { createTestClient, waitFor, type TestClient } from './test-client.ts'
import { openTestSystem, type TestSystem } from './test-system.ts'

const log = createLog('silent')

describe('telemetry of a whole system', () => {
  let collector: TestCollector
  let millrace: TestSystem
  beforeAll(async () => {
    collector = await openTestCollector()
    millrace = await openTestSystem({ kind: 'standalone' })
  })
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
    await collector[Symbol.asyncDispose]()
  })

  /** What was collected while `act` ran, flushed. */
  const collected = async (act: () => Promise<void>): Promise<readonly CollectedSpan[]> => {
    const before = { ...process.env }
    const first = collector.spans().length
    Object.assign(process.env, collector.environment)
    try {
      await using _telemetry = await openTelemetry({ service: 'tests', environment: process.env, registry: new Registry(), clock: systemClock, log })
      await act()
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name)
    }
    return collector.spans().slice(first)
  }

  it('follows a request from the gateway to the commit under one trace id, and a question to its answer', async () => {
    await using gateway = await openGateway(millrace)
    const [sent, asked] = [traceId(1), traceId(2)]
    const spans = await collected(async () => {
      expect((await fetch(`${millrace.url}/livez`, { headers: { traceparent: sampled(traceId(9)) } })).status).toBe(200)
      const answer = await gateway.send('{"message":"what a body says"}', { traceparent: sampled(sent) })
      await millrace.searchable(answer)
      const found = await gateway.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query: 'body' } }), { traceparent: sampled(asked) })
      expect(((await found.json()) as { data: unknown[] }).data.length).toBe(1)
    })
    const treeOf = (trace: string): unknown => tree(spans.filter((span) => span.traceId === trace), CALLER)
    expect(treeOf(sent)).toEqual({ 'POST /v1/events': { 'POST /v1/events': { 'send batches': { 'process batches': {}, flush: { 'build pack': {}, 'store pack': {}, commit: {} } } } } })
    expect(treeOf(asked)).toEqual({ 'POST /api/v2/logs/events/search': { 'POST /api/v2/logs/events/search': { 'list events': {} } } })
    expect(treeOf(traceId(9))).toEqual({})
    // The polls of the receipt above come without a trace, and one in a hundred is sampled.
    const tenants = new Set(spans.filter(({ name }) => name.startsWith('POST')).map(({ attributes }) => attributes['millrace.tenant']))
    expect(tenants.size).toBe(2) // the gateway of this test knows its tenant by another name
    for (const secret of [millrace.key, 'what a body says']) expect(JSON.stringify(spans)).not.toContain(secret)
  })

  it('tells every sampled request of the flush that stored it, and only those', async () => {
    const traces = [3, 4, 5, 6, 7].map(traceId)
    const spans = await collected(async () => {
      const answers = await Promise.all([
        ...traces.map(async (trace, n) => await millrace.send(`{"message":"sampled ${n}"}`, { traceparent: sampled(trace) })),
        millrace.send('{"message":"not sampled"}', { traceparent: sampled(traceId(8)).replace(/01$/, '00') }),
      ])
      for (const answer of answers) await millrace.searchable(answer)
    })
    const flushes = spans.filter(({ name }) => name === 'flush')
    expect(flushes.map((span) => span.traceId).sort()).toEqual(traces)
    // Whoever shares a flush is linked with it in both directions.
    for (const flush of flushes) for (const link of flush.links) {
      const linked = flushes.find((other) => other.traceId === link.traceId)
      expect(linked?.attributes).toEqual(flush.attributes)
    }
    expect(spans.some((span) => span.traceId === traceId(8))).toBe(false)
  })
})

describe('telemetry of a service', () => {
  it('sends the figures of /metrics, the last ones when the process ends', async () => {
    await using collector = await openTestCollector()
    const folder = await mkdtemp(join(tmpdir(), 'telemetry-'))
    const port = await freePort()
    // Its engines are not there: it waits for them, and answers probes.
    const environment = { ...collector.environment, MILLRACE_CASSANDRA_CONTACT_POINTS: `127.0.0.1:${await freePort()}` }
    await using gateway = startNodeProcess({ main: 'apps/gateway/src/main.ts', port, logFile: join(folder, 'log'), environment })
    await waitFor(async () => await fetch(`${gateway.url}/livez`).then(({ ok }) => ok, () => false))
    const text = await (await fetch(`${gateway.url}/metrics`)).text()
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toEqual({ code: 0, signal: null })
    expect(await readFile(join(folder, 'log'), 'utf8')).toContain('sending telemetry')

    const requests = collector.metrics().get('millrace_http_requests_total')?.sum?.dataPoints.map(({ attributes, asDouble }) => [plain(attributes), asDouble])
    const shown = [...text.matchAll(/^millrace_http_requests_total\{(.*)\} (\d+)$/gm)].map(([, labels = '', value]) => [Object.fromEntries([...labels.matchAll(/(\w+)="(.*?)"/g)].map(([, key, label]) => [key, label])), Number(value)])
    expect(shown.length).toBeGreaterThan(0)
    expect(requests).toEqual(shown)
    await rm(folder, { recursive: true })
  }, 60_000)
})

/** A gateway that knows one key, in front of the system. */
async function openGateway({ url, key }: TestSystem): Promise<TestClient & AsyncDisposable> {
  const resources = new AsyncDisposableStack()
  const forwarder = resources.use(createForwarder({ name: 'millrace', urls: [url], hostNames: systemHostNames, clock: systemClock, log }))
  const authenticator = { authenticate: () => Promise.resolve({ hash: 'h', tenantId: 'known-to-the-gateway', scopes: ['ingest', 'query'] as const }) }
  const guard = createGuard({ authenticator, quotas: undefined, clock: systemClock, log, metrics: createHttpMetrics(new Registry()) })
  const server = resources.use(await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, createListener({ guard, registry: new Registry(), ...forwardRoutes({ intake: forwarder, query: forwarder }) })))
  return Object.assign(createTestClient(`http://127.0.0.1:${server.port}`, key), { [Symbol.asyncDispose]: async () => await resources.disposeAsync() })
}

const CALLER = 'b7ad6b7169203331'
const traceId = (n: number): string => `0af7651916cd43dd8448eb211c8031${String(n).padStart(2, '0')}`
const sampled = (trace: string): string => `00-${trace}-${CALLER}-01`

/** Names of the spans below a parent. Of those that were repeated, one. */
function tree(spans: readonly CollectedSpan[], parent: string): Record<string, unknown> {
  return Object.fromEntries(spans.filter(({ parentSpanId }) => parentSpanId === parent).map(({ name, spanId }) => [name, tree(spans, spanId)]))
}

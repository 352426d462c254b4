import { execFileSync, spawn } from 'node:child_process'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog, type Log } from './log.ts'
import { Counter, createRegistry, Gauge, Histogram, Registry } from './metrics.ts'
import { FLUSH_BOUND_MS, openTelemetry } from './open-telemetry.ts'
import { openTestCollector, plain, type TestCollector } from './test-collector.ts'
import { endRequestSpan, endWith, isTracing, recordSpan, startChild, tagSpan, tracePointOf, traceRequest } from './tracing.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = 'b7ad6b7169203331'
const sampled = { traceparent: `00-${TRACE}-${CALLER}-01` }
const request = { method: 'POST', route: '/v1/things/:id', headers: sampled }

/** Starts it with these variables in the process's environment, which is put back at the end. */
async function opened(variables: Readonly<Record<string, string>>, { registry = new Registry(), log = createLog('silent') as Log } = {}): Promise<AsyncDisposable> {
  const before = { ...process.env }
  Object.assign(process.env, variables)
  const telemetry = await openTelemetry({ service: 'test', version: '1.2.3', environment: process.env, registry, clock: systemClock, log })
  return {
    async [Symbol.asyncDispose]() {
      await telemetry[Symbol.asyncDispose]()
      for (const name of Object.keys(process.env)) if (!(name in before)) Reflect.deleteProperty(process.env, name)
    },
  }
}

describe('telemetry', () => {
  let collector: TestCollector
  beforeEach(async () => {
    collector = await openTestCollector()
  })
  afterEach(async () => {
    await collector[Symbol.asyncDispose]()
  })

  it('goes on the trace of a caller, with a child, a tenant and an end', async () => {
    await using telemetry = await opened(collector.environment)
    await traceRequest(request, async (span) => {
      tagSpan('millrace.tenant', 't')
      const child = startChild('send batches', 'PRODUCER')
      expect(child).toBeDefined()
      if (child !== undefined) await endWith(child, systemClock.sleep(1))
      if (span !== undefined) endRequestSpan(span, 503)
    })
    await telemetry[Symbol.asyncDispose]()
    const [child, server] = collector.spans()
    expect(server).toMatchObject({ service: 'millrace-test', name: 'POST /v1/things/:id', kind: 2, traceId: TRACE, parentSpanId: CALLER, status: { code: 2 } })
    expect(server?.attributes).toEqual({ 'http.request.method': 'POST', 'http.route': '/v1/things/:id', 'url.scheme': 'http', 'http.response.status_code': 503, 'error.type': '503', 'millrace.tenant': 't' })
    expect(child).toMatchObject({ name: 'send batches', kind: 4, traceId: TRACE, parentSpanId: server?.spanId })
  })

  it('records what happened elsewhere below a point that was carried, with links', async () => {
    await using telemetry = await opened(collector.environment)
    let point: Uint8Array = new Uint8Array()
    await traceRequest(request, async (span) => {
      const child = startChild('send batches')
      if (child !== undefined) point = tracePointOf(child)
      child?.end()
      span?.end()
      await Promise.resolve()
    })
    expect(point.length).toBe(24)
    const other = Uint8Array.from({ length: 24 }, (_, index) => index)
    expect(recordSpan(new Uint8Array(24), { name: 'flush', startedMs: 1, endedMs: 2 })).toBeUndefined()
    recordSpan(point, { name: 'flush', startedMs: 1_000, endedMs: 3_000, links: [other, new Uint8Array(7)] })
    await telemetry[Symbol.asyncDispose]()
    const flush = collector.spans().find(({ name }) => name === 'flush')
    expect(flush).toMatchObject({ traceId: TRACE, kind: 5, startTimeUnixNano: '1000000000', endTimeUnixNano: '3000000000', links: [{ traceId: '000102030405060708090a0b0c0d0e0f', spanId: '1011121314151617' }] })
    expect(flush?.parentSpanId).toBe(Buffer.from(point.subarray(16)).toString('hex'))
  })

  it('makes no children for a request that its caller does not sample', async () => {
    await using telemetry = await opened(collector.environment)
    await traceRequest({ ...request, headers: { traceparent: `00-${TRACE}-${CALLER}-00` } }, async (span) => {
      expect(isTracing()).toBe(true)
      expect(startChild('send batches')).toBeUndefined()
      if (span !== undefined) endRequestSpan(span, 200)
      await Promise.resolve()
    })
    await telemetry[Symbol.asyncDispose]()
    expect(collector.spans()).toEqual([])
  })

  it('sends the values that /metrics shows, under the same names', async () => {
    const registry = createRegistry('test')
    const counter = new Counter({ name: 'requests_total', help: 'h', labelNames: ['route'], registers: [registry] })
    const gauge = new Gauge({ name: 'waiting', help: 'h', registers: [registry] })
    const histogram = new Histogram({ name: 'seconds', help: 'h', labelNames: ['route'], buckets: [0.1, 1], registers: [registry] })
    await using telemetry = await opened(collector.environment, { registry })
    counter.inc({ route: '/a' }, 3)
    counter.inc({ route: '/b' })
    gauge.set(-7)
    for (const value of [0.05, 0.1, 0.5, 8]) histogram.observe({ route: '/a' }, value)
    histogram.observe({ route: '/b' }, 2)
    const text = await registry.metrics()
    await telemetry[Symbol.asyncDispose]()

    const metrics = collector.metrics()
    const { sum } = metrics.get('requests_total') ?? {}
    expect(sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 })
    expect(sum?.dataPoints.map(({ attributes, asDouble }) => [plain(attributes), asDouble])).toEqual([[{ route: '/a', app: 'test' }, 3], [{ route: '/b', app: 'test' }, 1]])
    for (const { startTimeUnixNano, timeUnixNano } of sum?.dataPoints ?? []) expect(BigInt(startTimeUnixNano)).toBeLessThan(BigInt(timeUnixNano))
    expect(metrics.get('waiting')?.gauge?.dataPoints[0]?.asDouble).toBe(-7)
    const [a, b] = metrics.get('seconds')?.histogram?.dataPoints ?? []
    expect(a).toMatchObject({ count: 4, sum: 8.65, explicitBounds: [0.1, 1], bucketCounts: [2, 1, 1] })
    expect(b).toMatchObject({ count: 1, sum: 2, bucketCounts: [0, 0, 1] })

    const shown = new Set([...text.matchAll(/^# TYPE (\S+) (?:counter|gauge|histogram)$/gm)].map(([, name]) => name))
    expect(shown.size).toBeGreaterThan(20)
    expect(new Set(metrics.keys())).toEqual(shown)
  })

  it('costs a request nothing when the collector is down, complains once, and ends within its bound', async () => {
    await collector[Symbol.asyncDispose]()
    const complaints: unknown[] = []
    const log = Object.assign(Object.create(createLog('silent')) as Log, { warn: (facts: unknown) => complaints.push(facts) })
    const telemetry = await opened(collector.environment, { log })
    const startedMs = systemClock.monotonicMs()
    for (let n = 0; n < 3_000; n++) await traceRequest(request, (span) => {
      if (span !== undefined) endRequestSpan(span, 200)
      return Promise.resolve()
    })
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(FLUSH_BOUND_MS)
    const endedMs = systemClock.monotonicMs()
    await telemetry[Symbol.asyncDispose]()
    expect(systemClock.monotonicMs() - endedMs).toBeLessThan(FLUSH_BOUND_MS + 1_000)
    expect(complaints.length).toBeGreaterThan(0)
    expect(complaints.length).toBeLessThanOrEqual(2) // one of the many exports that failed, and the last flush
    collector = await openTestCollector()
  }, 30_000)

  it.each([
    ['answers', 'answering', 0],
    ['takes requests and never answers', 'silent', 0],
  ] as const)('lets a process end when the collector %s', async (_, manner, code) => {
    await using other = await openTestCollector(manner)
    const child = spawn(process.execPath, ['--input-type=module', '-e', `${PROGRAM}
      await using telemetry = await open()
      await traceRequest({ method: 'GET', route: '/', headers: ${JSON.stringify(sampled)} }, async (span) => endRequestSpan(span, 200))`], { cwd: import.meta.dirname, env: { ...process.env, ...other.environment }, stdio: 'ignore' })
    const startedMs = systemClock.monotonicMs()
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(code)
    expect(other.requestCount()).toBeGreaterThan(0)
    expect(systemClock.monotonicMs() - startedMs).toBeLessThan(2 * FLUSH_BOUND_MS + START_MS)
  }, 60_000)

  it('loads nothing of the SDK unless it is asked for', () => {
    const loaded = (variables: Readonly<Record<string, string>>): readonly string[] =>
      JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', `
        import { registerHooks } from 'node:module'
        const loaded = new Set()
        registerHooks({ load(url, context, next) { loaded.add(/@opentelemetry\\/([^/]+)/.exec(url)?.[1]); return next(url, context) } })
        ${PROGRAM.replaceAll(/import (\{.*?\}) from (.*)/g, 'const $1 = await import($2)')}
        await (await open())[Symbol.asyncDispose]()
        console.log(JSON.stringify([...loaded]))`], { cwd: import.meta.dirname, env: { ...process.env, ...variables }, encoding: 'utf8' })) as readonly string[]
    expect(loaded({}).filter(Boolean)).toEqual(['api'])
    expect(loaded({ OTEL_TRACES_EXPORTER: 'none' }).filter(Boolean)).toEqual(['api'])
    expect(loaded({ ...collector.environment, OTEL_SDK_DISABLED: 'true' }).filter(Boolean)).toEqual(['api'])
    expect(loaded({ OTEL_TRACES_EXPORTER: 'console' })).toContain('sdk-node')
  }, 60_000)
})

/** Starting a process on a machine that is busy. */
const START_MS = 20_000
const PROGRAM = `
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from './log.ts'
import { Registry } from './metrics.ts'
import { openTelemetry } from './open-telemetry.ts'
import { endRequestSpan, traceRequest } from './tracing.ts'
const open = async () => await openTelemetry({ service: 'test', environment: process.env, registry: new Registry(), clock: systemClock, log: createLog('warn') })
`

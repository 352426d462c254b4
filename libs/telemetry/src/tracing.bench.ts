/** Prints what spans cost a request that is received, appended and named in a record: `node libs/telemetry/src/tracing.bench.ts`. */
import { openTelemetry } from './open-telemetry.ts'
import { Registry } from './metrics.ts'
import { createLog } from './log.ts'
import { systemClock } from '@millrace/runtime/system-clock'
import { endRequestSpan, endWith, injectTrace, isTracing, startChild, tagSpan, tracePointOf, traceRequest } from './tracing.ts'

const REQUESTS = 200_000
const RUNS = 7
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'

await measure('off', {})
Object.assign(process.env, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_TIMEOUT: '100' })
await using _telemetry = await openTelemetry({ service: 'bench', environment: process.env, registry: new Registry(), clock: systemClock, log: createLog('silent') })
await measure('on, not sampled', { traceparent: `${TRACE}-00` })
await measure('on, sampled', { traceparent: `${TRACE}-01` })

/** Median of CPU time per request, less that of the same functions without any call of ours. */
async function measure(name: string, headers: Record<string, string>): Promise<void> {
  const seconds: number[] = []
  for (let run = 0; run < RUNS; run++) seconds.push((await cpuOf(async () => { await receive(headers) })) - (await cpuOf(receiveUntraced)))
  const median = seconds.sort((a, b) => a - b)[RUNS >> 1] ?? NaN
  console.log(name.padEnd(20), `${REQUESTS} requests`, `${((median / REQUESTS) * 1e9).toFixed(0).padStart(6)} ns/request`)
}

async function cpuOf(request: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  for (let n = 0; n < REQUESTS; n++) await request()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/** As guard, forwarder and batcher call. */
async function receive(headers: Record<string, string>): Promise<void> {
  if (isTracing()) await traceRequest({ method: 'POST', route: '/v1/events', headers }, async (span) => {
    await append()
    if (span !== undefined) endRequestSpan(span, 200)
  })
  else await append()
}

async function append(): Promise<void> {
  tagSpan('millrace.tenant', 't')
  injectTrace({})
  const span = startChild('send batches', 'PRODUCER')
  if (span === undefined) {
    await work()
    return
  }
  await endWith(span, work())
  tracePointOf(span)
}

async function receiveUntraced(): Promise<void> {
  await appendUntraced()
}

async function appendUntraced(): Promise<void> {
  await work()
}

function work(): Promise<void> {
  return Promise.resolve()
}

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A collector of OTLP over HTTP with JSON, for tests: keeps all that it is sent. */
export interface TestCollector extends AsyncDisposable {
  /** The variables that send telemetry of a process to it, soon. */
  readonly environment: Readonly<Record<string, string>>
  /** All that arrived. */
  spans(): readonly CollectedSpan[]
  /** As they arrived last, by name. */
  metrics(): ReadonlyMap<string, CollectedMetric>
  /** Requests that arrived, answered or not. */
  requestCount(): number
}

export interface CollectedSpan {
  /** `service.name` of the process. */
  readonly service: string
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
}

/** One metric as OTLP's JSON has it. */
export interface CollectedMetric {
  readonly name: string
  readonly gauge?: { readonly dataPoints: readonly NumberPoint[] }
  readonly sum?: { readonly dataPoints: readonly NumberPoint[]; readonly isMonotonic: boolean; readonly aggregationTemporality: number }
  readonly histogram?: { readonly dataPoints: readonly HistogramPoint[] }
}

interface Point {
  readonly attributes: readonly KeyValue[]
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}
interface NumberPoint extends Point {
  readonly asDouble: number
}
interface HistogramPoint extends Point {
  readonly count: number
  readonly sum: number
  readonly bucketCounts: readonly number[]
  readonly explicitBounds: readonly number[]
}
interface KeyValue {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}
interface Export {
  readonly resourceSpans?: readonly { readonly resource: { readonly attributes: readonly KeyValue[] }; readonly scopeSpans: readonly { readonly spans: readonly (Omit<CollectedSpan, 'attributes' | 'service'> & { readonly attributes: readonly KeyValue[] })[] }[] }[]
  readonly resourceMetrics?: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly CollectedMetric[] }[] }[]
}

/** `silent` takes requests and never answers. */
export async function openTestCollector(manner: 'answering' | 'silent' = 'answering'): Promise<TestCollector> {
  const spans: CollectedSpan[] = []
  const metrics = new Map<string, CollectedMetric>()
  let requests = 0
  const server = createServer(async (request, response) => {
    requests += 1
    if (manner === 'silent') return
    const { resourceSpans = [], resourceMetrics = [] } = JSON.parse(await textOf(request)) as Export
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = String(plain(resource.attributes)['service.name'])
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) spans.push({ ...span, service, attributes: plain(span.attributes), links: span.links ?? [] })
    }
    for (const metric of resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics).flatMap((scope) => scope.metrics)) metrics.set(metric.name, metric)
    response.setHeader('Content-Type', 'application/json')
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_BSP_SCHEDULE_DELAY: '10',
    },
    spans: () => spans,
    metrics: () => metrics,
    requestCount: () => requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Attributes of OTLP's JSON as an object. */
export function plain(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

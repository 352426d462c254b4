import { PeriodicExportingMetricReader, type IMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { startNodeSdk } from '@opentelemetry/sdk-node'
import type { Clock } from '@millrace/runtime/clock'
import type { Registry } from './metrics.ts'
import { createRegistryProducer } from './registry-producer.ts'

export interface SdkOptions {
  readonly version: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly registry: Registry
  readonly clock: Clock
  readonly hasMetrics: boolean
}

/** Starts OpenTelemetry's SDK. Imported only where it is wanted: loading it takes a second of a slow core and some twenty megabytes. No instrumentations: spans are our own. */
export async function startSdk({ version, environment, registry, clock, hasMetrics }: SdkOptions): Promise<{ shutdown(): Promise<void> }> {
  const metricReaders = hasMetrics ? [await createReader(environment, registry, clock)] : []
  return startNodeSdk({ logLevel: 'warn', metricReaders, ...(version === undefined ? {} : { resourceAttributes: { 'service.version': version } }) })
}

async function createReader(environment: NodeJS.ProcessEnv, registry: Registry, clock: Clock): Promise<IMetricReader> {
  const exportIntervalMillis = positive(environment['OTEL_METRIC_EXPORT_INTERVAL']) ?? DEFAULT_INTERVAL_MS
  return new PeriodicExportingMetricReader({
    exporter: await openExporter(environment['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'] ?? environment['OTEL_EXPORTER_OTLP_PROTOCOL']),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(positive(environment['OTEL_METRIC_EXPORT_TIMEOUT']) ?? DEFAULT_EXPORT_TIMEOUT_MS, exportIntervalMillis),
    metricProducers: [createRegistryProducer(registry, clock)],
  })
}

/** Both of the specification. */
const DEFAULT_INTERVAL_MS = 60_000
const DEFAULT_EXPORT_TIMEOUT_MS = 30_000

function positive(text: string | undefined): number | undefined {
  const number = Number(text)
  return number > 0 ? number : undefined
}

/** Each reads its endpoint, headers and certificates from the environment. */
async function openExporter(protocol: string | undefined): Promise<PushMetricExporter> {
  switch (protocol?.trim()) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter()
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter()
    default:
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter()
  }
}

import { context, diag, DiagLogLevel, metrics, propagation, trace, type DiagLogger } from '@opentelemetry/api'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from './log.ts'
import type { Registry } from './metrics.ts'
import { collectSpans } from './tracing.ts'

export interface TelemetryOptions {
  /** Of the process: `service.name` is `millrace-<service>` unless `OTEL_SERVICE_NAME` says otherwise. */
  readonly service: string
  readonly version?: string
  /** Of the process, to which defaults of ours are added: the SDK reads its variables there by itself. */
  readonly environment: NodeJS.ProcessEnv
  /** What `/metrics` shows; sent as well, as it is. */
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
}

/**
 * Sends spans and metrics of this process by OTLP where the standard variables of OpenTelemetry ask for it, and loads nothing where they do not:
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, one of its signal's own, or an exporter that is named. Disposing sends what is left, within {@link FLUSH_BOUND_MS}.
 *
 * One at a time in a process: OpenTelemetry's API is global.
 */
export async function openTelemetry({ service, version, environment, registry, clock, log }: TelemetryOptions): Promise<AsyncDisposable> {
  const traces = exporterOf(environment, 'TRACES')
  const measures = exporterOf(environment, 'METRICS')
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || (traces === 'none' && measures === 'none')) return { [Symbol.asyncDispose]: () => Promise.resolve() }
  setDefaults(environment, { ...DEFAULTS, OTEL_SERVICE_NAME: `millrace-${service}`, OTEL_TRACES_EXPORTER: traces, OTEL_METRICS_EXPORTER: measures })
  const { startSdk } = await import('./start-sdk.ts')
  const sdk = await startSdk({ version, environment, registry, clock, hasMetrics: measures === 'otlp' })
  diag.setLogger(diagnosticsTo(log, clock), { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
  if (traces !== 'none') collectSpans(trace.getTracer('millrace', version))
  log.info({ traces, metrics: measures }, 'sending telemetry')
  return {
    async [Symbol.asyncDispose]() {
      collectSpans(undefined)
      const ended = new AbortController()
      const flushed = sdk.shutdown().catch((error: unknown) => {
        log.warn({ problem: String(error).slice(0, MAX_COMPLAINT_CHARACTERS) }, 'the last telemetry was not sent')
      })
      await Promise.race([flushed, clock.sleep(FLUSH_BOUND_MS, ended.signal)])
      ended.abort()
      for (const api of [trace, metrics, context, propagation, diag]) api.disable()
    },
  }
}

/** What a process that ends may wait for its collector: longer than one request to it (see the time-out below), shorter than an orchestrator's patience. */
export const FLUSH_BOUND_MS = 4_000

/** Where ours differ from the SDK's defaults; whoever sets the variable has it their way. */
const DEFAULTS = {
  /** A trace of every request would cost more than the requests. One in a hundred shows where the time goes; a caller that samples has its trace gone on with. */
  OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
  OTEL_TRACES_SAMPLER_ARG: '0.01',
  /** Also how long a process that ends may be held by a collector that does not answer. */
  OTEL_EXPORTER_OTLP_TIMEOUT: '3000',
  /** Not the process: its command line may hold secrets. */
  OTEL_NODE_RESOURCE_DETECTORS: 'service,host',
  /** Baggage of a tenant's own is not ours to carry on. */
  OTEL_PROPAGATORS: 'tracecontext',
  /** Logs go to the standard error stream. */
  OTEL_LOGS_EXPORTER: 'none',
}

/** `none`, or what the variables name; naming an endpoint asks for OTLP. */
function exporterOf(environment: NodeJS.ProcessEnv, signal: 'TRACES' | 'METRICS'): string {
  const named = environment[`OTEL_${signal}_EXPORTER`]?.trim()
  if (named !== undefined && named !== '') return named
  const endpoint = environment[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] ?? environment['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? ''
  return endpoint.trim() === '' ? 'none' : 'otlp'
}

function setDefaults(environment: NodeJS.ProcessEnv, defaults: Readonly<Record<string, string>>): void {
  // The ratio belongs to our sampler: a sampler that is named without one keeps the SDK's default.
  const isOwnSampler = (environment['OTEL_TRACES_SAMPLER'] ?? '') === ''
  for (const [name, value] of Object.entries(defaults)) {
    if (name === 'OTEL_TRACES_SAMPLER_ARG' && !isOwnSampler) continue
    if ((environment[name] ?? '') === '') environment[name] = value
  }
}

/** The SDK complains at every export that fails: one line a minute, with how many were left out. */
function diagnosticsTo(log: Log, clock: Clock): DiagLogger {
  let loggedMs = -Infinity
  let leftOut = 0
  const complain = (message: string, ...details: unknown[]): void => {
    if (clock.monotonicMs() - loggedMs < COMPLAINT_INTERVAL_MS) {
      leftOut += 1
      return
    }
    log.warn({ problem: [sentenceOf(message), ...details].map(String).join(' ').slice(0, MAX_COMPLAINT_CHARACTERS), leftOut }, 'telemetry could not be sent')
    loggedMs = clock.monotonicMs()
    leftOut = 0
  }
  const ignore = (): void => undefined
  return { error: complain, warn: complain, info: ignore, debug: ignore, verbose: ignore }
}

/** Some errors come as JSON, stack and all. */
function sentenceOf(message: string): string {
  const [, sentence] = /"message":"(.*?)(?<!\\)"/.exec(message) ?? []
  return sentence ?? message
}

const COMPLAINT_INTERVAL_MS = 60_000
/** An error of an HTTP client may bring the collector's whole page. */
const MAX_COMPLAINT_CHARACTERS = 500

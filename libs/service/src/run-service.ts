import type { RequestListener } from 'node:http'
import { inspect } from 'node:util'
import { createAuthenticator, type KeySource } from '@millrace/access/authenticator'
import { createGuard } from '@millrace/access/guard'
import { createHttpMetrics } from '@millrace/access/http-metrics'
import { createMetricsListener } from '@millrace/access/metrics-listener'
import { createListener, type ListenerOptions } from '@millrace/access/create-listener'
import type { Quotas } from '@millrace/access/quotas'
import { BusCorruptError } from '@millrace/bus/bus'
import { BadConfigError } from '@millrace/config/read-settings'
import { healthRoutes, type ReadyCheck } from '@millrace/http/health'
import { serveHttp } from '@millrace/http/serve-http'
import type { Clock } from '@millrace/runtime/clock'
import { collectGarbage } from '@millrace/runtime/collect-garbage'
import { collectWhenIdle } from '@millrace/runtime/collect-when-idle'
import type { Failpoints } from '@millrace/runtime/failpoints'
import { failpointsFromText } from '@millrace/runtime/failpoints-from-text'
import type { HostNames } from '@millrace/runtime/host-names'
import type { Random } from '@millrace/runtime/random'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemHostNames } from '@millrace/runtime/system-host-names'
import { systemRandom } from '@millrace/runtime/system-random'
import { whenAborted } from '@millrace/runtime/when-aborted'
import { createLog, type Log } from '@millrace/telemetry/log'
import { createRegistry, type Registry } from '@millrace/telemetry/metrics'
import { openTelemetry } from '@millrace/telemetry/open-telemetry'
import { createEngines, type Engines } from './engines.ts'
import { StoppedEarlyError } from './open-patiently.ts'
import { DEFAULT_PORTS, readServiceSettings, type ServiceName, type ServiceSettings } from './settings.ts'
import { stopSignal } from './stop-signal.ts'
import { readVersion } from './version.ts'

/** What a service is given to work with. */
export interface ServiceContext {
  readonly settings: ServiceSettings
  /** Its own address, from this machine. */
  readonly url: string
  readonly engines: Engines
  /** Closed in reverse order when the service ends, after its work has ended. */
  readonly resources: AsyncDisposableStack
  readonly clock: Clock
  readonly hostNames: HostNames
  readonly random: Random
  readonly failpoints: Failpoints
  readonly log: Log
  readonly registry: Registry
}

/** What a service is. */
export interface ServiceParts extends Partial<Pick<ListenerOptions, 'hotRoutes' | 'routes' | 'addPages' | 'otherwise'>> {
  /** What it needs to serve; `/readyz` asks each. */
  readonly checks: readonly ReadyCheck[]
  /** Looks keys and sessions up for its routes; absent where all are public. */
  readonly tenants?: KeySource
  /** Counts what tenants send and ask. */
  readonly quotas?: Quotas | undefined
  /** Works until `signal` aborts, and must not end before. */
  readonly work?: (signal: AbortSignal) => Promise<void>
}

/**
 * Runs one service until SIGTERM or SIGINT: settings from the environment, `/livez` at once, the engines as soon as they are there, then its routes and its work. To end it
 * says so at `/readyz`, lets clients' connections go while it waits for `drainDelayMs` and until no request comes any more, ends its work, lets requests end, and closes its engines: in {@link END_MS}, or it ends all the same,
 * as it does when its start or its work fails and something does not close.
 * Sets the exit code: 0 when it ended as asked.
 */
export async function runService(name: ServiceName, build: (context: ServiceContext) => Promise<ServiceParts>): Promise<void> {
  const stop = stopSignal()
  try {
    await serve(name, readServiceSettings(process.env), build, stop)
  } catch (error) {
    if (error instanceof StoppedEarlyError) return
    process.stderr.write(`${sentenceOf(error) ?? inspect(error)}\n`)
    process.exitCode = 1
  }
}

async function serve(name: ServiceName, settings: ServiceSettings, build: (context: ServiceContext) => Promise<ServiceParts>, stop: AbortSignal): Promise<void> {
  const log = createLog(settings.logLevel).child({ service: name })
  const registry = createRegistry(name)
  const ended = new AbortController()
  using _ended = { [Symbol.dispose]: () => { ended.abort() } }
  await using _telemetry = await openTelemetry({ service: name, environment: process.env, registry, clock: systemClock, log })
  const base = { clock: systemClock, hostNames: systemHostNames, random: systemRandom, log, registry }
  const listenerOf = (parts: ServiceParts): RequestListener => {
    const guard = createGuard({ authenticator: createAuthenticator(parts.tenants ?? NO_TENANTS, systemClock), quotas: parts.quotas, clock: systemClock, log, metrics })
    return createListener({ ...parts, guard, registry: settings.metricsPort === undefined ? registry : undefined, routes: [...healthRoutes([...parts.checks, draining], readVersion()), ...(parts.routes ?? [])] })
  }
  const metrics = createHttpMetrics(registry)
  const draining: ReadyCheck = { name: 'serving', problem: () => Promise.resolve(stop.aborted ? 'ending' : undefined) }
  // Its routes are not known yet, and a sender must not take that for an answer: agents drop their data on a 404.
  let listener = listenerOf({ checks: [{ name: 'engines', problem: () => Promise.resolve('not open yet') }], otherwise: { status: 503, code: 'unavailable', detail: `${name} is starting`, retryAfterS: START_RETRY_S } })

  const resources = new AsyncDisposableStack()
  try {
    let requestedMs = -Infinity
    await using server = await serveHttp({ host: settings.httpHost, port: settings.httpPort ?? DEFAULT_PORTS[name], clock: systemClock }, (request, response) => {
      if (!PROBES.test(request.url ?? '')) requestedMs = systemClock.monotonicMs()
      listener(request, response)
    })
    log.info({ port: server.port }, 'listening')
    await using _figures = settings.metricsPort === undefined ? undefined : await serveHttp({ host: settings.httpHost, port: settings.metricsPort, clock: systemClock }, createMetricsListener(registry))
    const failpoints = failpointsFromText(settings.failpoints)
    const parts = await build({ ...base, settings, url: urlOf(settings.httpHost, server.port), resources, failpoints, engines: createEngines(resources, settings, { ...base, failpoints, signal: stop, name }) })
    collectGarbage()
    void collectWhenIdle({ clock: systemClock, signal: ended.signal })
    listener = listenerOf(parts)
    log.info({}, 'ready')

    const ending = new AbortController()
    const work = parts.work?.(ending.signal)
    try {
      await Promise.race([whenAborted(stop), neverEnding(work)])
      log.info({}, 'draining')
      server.drain()
      await untilQuiet(settings.drainDelayMs, () => requestedMs)
      void endWithin(END_MS, log, ended.signal)
    } finally {
      ending.abort()
      await work?.catch(() => undefined)
    }
  } catch (error) {
    void endWithin(END_MS, log, ended.signal, error)
    throw error
  } finally {
    await resources.disposeAsync()
  }
}

function urlOf(host: string, port: number): string {
  return `http://${host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host}:${port}`
}

/** Asked by whoever watches the process, and not by whoever uses it. */
const PROBES = /^\/(?:livez|readyz|metrics)(?:\?|$)/
/**
 * Name servers may remember for longer than the drain delay who was there, and then a replica that was alone still gets all requests. It serves them, for so many drain delays in all: with the
 * chart's 5 s and {@link END_MS} that stays below the 40 s after which it is killed.
 */
const MOST_DELAYS = 4
/** Who has learned of the end sends nothing for longer than a busy sender ever would. */
const QUIET_MS = 1_000
const QUIET_CHECK_MS = 100

/** Waits for the drain delay, and then until no request has come for {@link QUIET_MS}. */
async function untilQuiet(delayMs: number, requestedMs: () => number): Promise<void> {
  const endMs = systemClock.monotonicMs() + delayMs * MOST_DELAYS
  await systemClock.sleep(delayMs)
  while (systemClock.monotonicMs() < endMs && systemClock.monotonicMs() - requestedMs() < QUIET_MS) await systemClock.sleep(QUIET_CHECK_MS)
}

/** From then on: requests have 10 s, syslog and gRPC before them half as much, and an engine that hangs must not hold the process until it is killed. */
const END_MS = 18_000

/** Nothing that was acknowledged is lost by an end at any moment. A failure that led to the end is told here, as it is told nowhere else then. */
async function endWithin(ms: number, log: Log, ended: AbortSignal, failure?: unknown): Promise<void> {
  await systemClock.sleep(ms, ended)
  if (ended.aborted) return
  log.error({ ms, ...(failure === undefined ? {} : { err: failure }) }, 'the service did not end by itself in time')
  process.exit(1)
}

/** A start takes a second or two once the engines are there. */
const START_RETRY_S = 2

const NO_TENANTS: KeySource = { findKey: () => Promise.resolve(undefined) }

/** Rejects when work ends that must not end. */
async function neverEnding(work: Promise<void> | undefined): Promise<void> {
  if (work === undefined) return await new Promise(() => undefined)
  await work
  throw new Error('the work of the service ended by itself')
}

/** What the person who started it can mend is told in a sentence; anything else with all that is known of it. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof BadConfigError || error instanceof BusCorruptError) return error.message
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return `port ${'port' in error ? String(error.port) : ''} is in use; MILLRACE_HTTP_PORT, MILLRACE_METRICS_PORT or MILLRACE_OTLP_GRPC_PORT names another`
  return undefined
}

import { createAuthenticator } from '@millrace/access/authenticator'
import { bootstrapKeys, FIRST_TENANT, type BootstrapKeys } from '@millrace/access/bootstrap-keys'
import { createMetricsListener } from '@millrace/access/metrics-listener'
import { createListener } from '@millrace/access/create-listener'
import { createGuard } from '@millrace/access/guard'
import { createHttpMetrics } from '@millrace/access/http-metrics'
import { createSessions } from '@millrace/access/sessions'
import type { TenantRates } from '@millrace/access/quotas'
import type { Bus } from '@millrace/bus/bus'
import { topicsOf, type Topics } from '@millrace/bus/topics'
import { createPage, type Page } from '@millrace/gateway/page'
import { sessionRoutes, signInPath } from '@millrace/gateway/session-routes'
import { BadConfigError } from '@millrace/config/read-settings'
import { openOtlpGrpc } from '@millrace/gateway/otlp-grpc'
import { openSyslogListener, type SyslogListener } from '@millrace/gateway/syslog-listener'
import { openApiRoutes } from '@millrace/gateway/openapi/openapi-routes'
import { keyRoutes } from '@millrace/gateway/key-routes'
import { tenantRoutes } from '@millrace/gateway/tenant-routes'
import { healthRoutes } from '@millrace/http/health'
import type { Route } from '@millrace/http/route'
import { serveHttp } from '@millrace/http/serve-http'
import { createIndexerMetrics } from '@millrace/indexer/indexer-metrics'
import { sealPacks } from '@millrace/indexer/seal-packs'
import { createIntakeRoutes } from '@millrace/intake/create-intake-routes'
import { handshakeRoutes } from '@millrace/intake/handshake-routes'
import { openLimits } from '@millrace/limits/open-limits'
import { openQueryEngine } from '@millrace/query-engine/open-query-engine'
import { createQueryRoutes } from '@millrace/query/create-query-routes'
import { createFrontier } from '@millrace/query/frontier'
import { createThreadedEngine } from '@millrace/query/threaded-engine'
import { watchLag } from '@millrace/query/watch-lag'
import { routeBatches } from '@millrace/router/route-batches'
import { createRouterMetrics } from '@millrace/router/router-metrics'
import type { Clock } from '@millrace/runtime/clock'
import type { Workers } from '@millrace/runtime/workers'
import { openServiceThread } from '@millrace/runtime/service-thread'
import { openTail } from '@millrace/tail/open-tail'
import { assertLogReachesCommits } from '@millrace/service/assert-log-reaches-commits'
import { busCheck } from '@millrace/service/ready-checks'
import { readVersion } from '@millrace/service/version'
import { createRegistry, type Registry } from '@millrace/telemetry/metrics'
import { writePacks } from '@millrace/writer/write-packs'
import { createWriterMetrics } from '@millrace/writer/writer-metrics'
import { openEmbeddedBus, openReadingPorts } from './embedded-ports.ts'
import type { EngineThreadData } from './engine-thread.ts'
import type { Runtime } from './runtime.ts'

export interface StandaloneOptions extends Runtime {
  /** Everything is kept below it. One process at a time. */
  readonly dataFolder: string
  readonly httpHost?: string
  /** 0 takes any free port. */
  readonly httpPort: number
  /** Of `/metrics` alone; on `httpPort` unless given. */
  readonly metricsPort?: number | undefined
  /** OTLP over gRPC, its port as in `openOtlpGrpc`; not served by default. */
  readonly otlpGrpc?: { readonly port: number }
  /** Where syslog is taken, and whose it is; not taken by default. */
  readonly syslog?: { readonly tcpPort: number | undefined; readonly udpPort: number | undefined; readonly apiKey: string | undefined }
  /** Threads for sealing, apart from those that merge fresh packs: a seal takes a second or two, which a flush must not wait for. Default: the same. */
  readonly sealWorkers?: Workers
  /** A key of the tenant `default`, made when it is not there. Without it the first start makes a random one. */
  readonly bootstrapApiKey?: string | undefined
  readonly bootstrapAdminKey?: string | undefined
  /** Of the topics, fixed when the folder is new. */
  readonly partitions?: number
  /** Counts what the process does; one of its own unless given. */
  readonly registry?: Registry
  readonly rates?: TenantRates
  /** `thread` needs the machine's own disk; `inline` answers queries on this thread, over `disk`. */
  readonly engine?: 'thread' | 'inline'
}

export interface Standalone extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  /** Undefined where OTLP over gRPC is not served. */
  readonly otlpGrpcPort: number | undefined
  /** Likewise. */
  readonly syslogTcpPort: number | undefined
  readonly syslogUdpPort: number | undefined
  readonly keys: BootstrapKeys
  readonly page: Page
  /** An address that opens the page once, signed in as the tenant `default`: `http://127.0.0.1:<port>/#link=…`. */
  createSignInLink(): Promise<string>
  /** Every route that is served, for tests that go through all of them. */
  readonly routes: readonly Route[]
  /** Rejects when a part ends that must not; the process is then of no use any more. */
  readonly failed: Promise<never>
}

/** Opens all apps over the embedded engines in this process. Disposing drains requests first, then stops the apps, then closes the engines. */
export async function openStandalone(options: StandaloneOptions): Promise<Standalone> {
  const { dataFolder, clock, random, log, engine = 'inline' } = options
  const resources = new AsyncDisposableStack()
  try {
    const ports = await openReadingPorts(resources, dataFolder, options, 'owner')
    const { catalog } = ports
    const topics = topicsOf(await catalog.openGeneration({ generation: random.text(6), partitions: options.partitions ?? DEFAULT_PARTITIONS }))
    const bus = await openEmbeddedBus(resources, dataFolder, options, topics.deadLetters)
    for (const topic of [topics.batches, topics.routed, topics.commits, topics.deadLetters]) await bus.createTopic(topic, { partitions: topics.partitions })
    await assertLogReachesCommits(bus, catalog, topics)
    const receiptSecret = await catalog.openSecret('receipt', random.text(32))
    const keys = await bootstrapKeys(catalog, { random, clock }, options)
    const limits = resources.use(await openLimits({ kind: 'process', clock }))
    const tail = await openTail({ kind: 'process' })
    const data: EngineThreadData = { dataFolder }
    const queryEngine = resources.use(
      engine === 'inline' ? openQueryEngine({ ...ports, clock }) : createThreadedEngine(await openServiceThread({ module: import.meta.resolve('./engine-thread.ts'), data, maxHeapMb: QUERY_HEAP_MB })),
    )

    const stop = new AbortController()
    const frontier = createFrontier()
    const registry = options.registry ?? createRegistry('standalone')
    const shared = { ...options, bus, ...ports, topics, tail }
    const loops = [
      routeBatches({ ...shared, metrics: createRouterMetrics(registry) }, stop.signal),
      writePacks({ ...shared, metrics: createWriterMetrics(registry) }, stop.signal),
      sealPacks({ ...shared, workers: options.sealWorkers ?? options.workers, metrics: createIndexerMetrics(registry, clock) }, stop.signal),
      frontier.sampleForever(shared, stop.signal),
      watchLag({ ...shared, frontier, registry }, stop.signal),
    ]
    resources.defer(async () => {
      stop.abort()
      await Promise.allSettled(loops)
    })

    const intakeRoutes = createIntakeRoutes({ ...shared, receiptSecret, registry })
    const sessions = createSessions(catalog, clock, random)
    const page = createPage(log)
    const routes = [
      ...createQueryRoutes({ bus, catalog, engine: queryEngine, topics, receiptSecret, frontier, tail, clock, random, log, registry }),
      ...tenantRoutes({ tenants: catalog, random, clock }),
      ...keyRoutes({ tenants: catalog, random, clock }),
      ...openApiRoutes(),
      ...sessionRoutes(catalog, sessions, clock),
      ...healthRoutes([
        busCheck(bus, topics.batches),
        { name: 'catalog', problem: async () => ((await catalog.listTenants()).length > 0 ? undefined : 'no tenant') },
      ], readVersion()),
      ...handshakeRoutes(),
    ]
    const guard = createGuard({ authenticator: createAuthenticator(catalog, clock), quotas: { limits, rates: options.rates ?? DEFAULT_RATES }, clock, log, metrics: createHttpMetrics(registry) })
    const server = resources.use(await serveHttp({ host: options.httpHost ?? '127.0.0.1', port: options.httpPort, clock }, createListener({ guard, registry: options.metricsPort === undefined ? registry : undefined, hotRoutes: intakeRoutes, routes, addPages: page.addTo })))
    if (options.metricsPort !== undefined) resources.use(await serveHttp({ host: options.httpHost ?? '127.0.0.1', port: options.metricsPort, clock }, createMetricsListener(registry)))
    const otlpGrpc = options.otlpGrpc === undefined ? undefined : resources.use(await openOtlpGrpc({ host: options.httpHost ?? '127.0.0.1', port: options.otlpGrpc.port, httpUrl: `http://127.0.0.1:${server.port}`, clock, log }))
    const syslog = await openSyslog(options, `http://127.0.0.1:${server.port}`, registry)
    if (syslog !== undefined) resources.use(syslog)
    resources.use(tail) // ends its streams first, which would otherwise hold up the end for as long as a drain may take
    return {
      url: `http://127.0.0.1:${server.port}`,
      otlpGrpcPort: otlpGrpc?.port,
      syslogTcpPort: syslog?.tcpPort,
      syslogUdpPort: syslog?.udpPort,
      keys,
      page,
      createSignInLink: async () => `http://127.0.0.1:${server.port}${signInPath((await sessions.createLink(FIRST_TENANT)).token)}`,
      routes: [...intakeRoutes, ...routes],
      failed: Promise.race([firstFailure(loops, stop.signal), busFailure(bus, topics, clock, stop.signal)]),
      [Symbol.asyncDispose]: async () => await resources.disposeAsync(),
    }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

/** @throws {BadConfigError} a port without a key. */
async function openSyslog({ syslog, httpHost = '127.0.0.1', clock, random, log }: StandaloneOptions, httpUrl: string, registry: Registry): Promise<SyslogListener | undefined> {
  const { tcpPort, udpPort, apiKey } = syslog ?? {}
  if (tcpPort === undefined && udpPort === undefined) return undefined
  if (apiKey === undefined) throw new BadConfigError('MILLRACE_SYSLOG_API_KEY: it must say whose the messages are that come by syslog')
  return await openSyslogListener({ host: httpHost, tcpPort, udpPort, apiKey, httpUrl, clock, random, log, registry })
}

/** Four streams keep a few cores busy; each costs a commit per flush. */
const DEFAULT_PARTITIONS = 4
/** Decoded columns are mostly outside the heap; more heap than this means a query that should not be answered. */
const QUERY_HEAP_MB = 2048
/** Far above what one team's shippers send, and far below what keeps a process from answering others. */
const DEFAULT_RATES: TenantRates = { requests: { perSecond: 5_000, burst: 20_000 }, bytes: { perSecond: 200 * 1024 * 1024, burst: 1024 * 1024 * 1024 } }

async function firstFailure(loops: readonly Promise<void>[], stopped: AbortSignal): Promise<never> {
  await Promise.race(loops)
  if (stopped.aborted) return await new Promise<never>(() => undefined)
  throw new Error('a part of the pipeline ended')
}

/** A log that failed takes nothing more until it is opened again, so the process must end, loudly, and be started again. */
async function busFailure(bus: Bus, topics: Topics, clock: Clock, stopped: AbortSignal): Promise<never> {
  while (!stopped.aborted) {
    await clock.sleep(BUS_CHECK_MS, stopped)
    if (!stopped.aborted) await bus.endOffset(topics.batches, 0)
  }
  return await new Promise<never>(() => undefined)
}

/** Senders are answered 503 for so long after a disk's error. */
const BUS_CHECK_MS = 1_000

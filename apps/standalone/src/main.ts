import { availableParallelism } from 'node:os'
import { ratesOf } from '@millrace/access/quotas'
import { BadConfigError } from '@millrace/config/read-settings'
import { failpointsFromText } from '@millrace/runtime/failpoints-from-text'
import { FolderLockedError, openFolderLock } from '@millrace/runtime/sqlite-folder-lock'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { openSystemWorkers } from '@millrace/runtime/system-workers'
import { stopSignal } from '@millrace/service/stop-signal'
import { whenAborted } from '@millrace/runtime/when-aborted'
import { createLog } from '@millrace/telemetry/log'
import { createRegistry } from '@millrace/telemetry/metrics'
import { openTelemetry } from '@millrace/telemetry/open-telemetry'
import { readConfig, type StandaloneConfig } from './config.ts'
import { openStandalone } from './open-standalone.ts'
import { welcome } from './welcome.ts'

/** standalone: every app in one process, over the embedded engines, all data under one folder. Ends on SIGTERM or SIGINT after draining. */
async function run(config: StandaloneConfig): Promise<void> {
  const stop = stopSignal()
  const stopped = whenAborted(stop)
  const log = createLog(config.logLevel)
  using _lock = openFolderLock(config.dataDir)
  await using workers = openSystemWorkers({ threads: FLUSH_THREADS })
  await using sealWorkers = openSystemWorkers({ threads: Math.max(1, availableParallelism() - 1), niceness: SEAL_NICENESS })
  const registry = createRegistry('standalone')
  await using _telemetry = await openTelemetry({ service: 'standalone', environment: process.env, registry, clock: systemClock, log })
  await using standalone = await openStandalone({
    ...config,
    registry,
    dataFolder: config.dataDir,
    rates: ratesOf(config),
    ...(config.otlpGrpcPort === 'off' ? {} : { otlpGrpc: { port: config.otlpGrpcPort } }),
    syslog: { tcpPort: config.syslogTcpPort, udpPort: config.syslogUdpPort, apiKey: config.syslogApiKey ?? config.bootstrapApiKey },
    engine: 'thread',
    disk: systemDisk, clock: systemClock, random: systemRandom, failpoints: failpointsFromText(config.failpoints), workers, sealWorkers, log,
  })
  void standalone.page.load() // requests are served meanwhile
  console.log(welcome(Number(new URL(standalone.url).port), standalone.keys, new URL(await standalone.createSignInLink())))
  await Promise.race([stopped, standalone.failed])
}

/** A flush of a partition takes some ten milliseconds, twice a second. */
const FLUSH_THREADS = 1
/** Sealing is nobody's wait, and takes a core for seconds at a time. */
const SEAL_NICENESS = 10

/** What the person who started it can mend is told in a sentence; anything else with all that is known of it. */
function sentenceOf(error: unknown): string | undefined {
  if (error instanceof BadConfigError || error instanceof FolderLockedError) return error.message
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return `port ${'port' in error ? String(error.port) : ''} is in use; MILLRACE_HTTP_PORT, MILLRACE_METRICS_PORT or MILLRACE_OTLP_GRPC_PORT names another`
  return undefined
}

try {
  await run(readConfig(process.env))
} catch (error) {
  console.error(sentenceOf(error) ?? error)
  process.exitCode = 1
}

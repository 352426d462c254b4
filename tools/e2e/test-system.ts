import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publicRoutes } from '@millrace/gateway/openapi/openapi-routes'
import type { Route } from '@millrace/http/route'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { addressOf } from '@millrace/simulator/describe-on'
import { openStandalone, type Standalone } from '@millrace/standalone/open-standalone'
import { createLog } from '@millrace/telemetry/log'
import { createTenant } from '../client/millrace-client.ts'
import { freePort } from '../process/free-port.ts'
import { BOOTSTRAP_API_KEY } from '../process/standalone-process.ts'
import { startServiceSet, type ServiceSet } from '../service-set/service-set.ts'
import { createTestClient, type TestClient } from './test-client.ts'

/** A whole Millrace for the tests of one file, seen from outside, with a client of a tenant of its own. */
export interface TestSystem extends TestClient, AsyncDisposable {
  readonly adminKey: string
  /** Of OTLP over gRPC. */
  readonly otlpGrpcPort: number
  readonly syslogTcpPort: number
  readonly syslogUdpPort: number
  /** Of the tenant whose all syslog messages are. */
  readonly syslogKey: string
  /** Every route that is served and asks for a key. */
  readonly routes: readonly Pick<Route, 'method' | 'path' | 'scope' | 'dialect'>[]
  addTenant(name: string): Promise<TestClient>
  /** Ends everything in order and starts it again on what it kept. */
  restart(): Promise<void>
}

/** The standalone in this process; every service as a process on real engines where the run says `TEST_SYSTEM=services`, unless a test is about the one. */
export async function openTestSystem({ kind = process.env['TEST_SYSTEM'] ?? 'standalone' } = {}): Promise<TestSystem> {
  const system = kind === 'services' ? await openServices() : await openInProcess()
  try {
    const addTenant = async (name: string): Promise<TestClient> => createTestClient(system.url, (await createTenant(system.url, system.adminKey, name)).apiKey)
    return Object.assign(await addTenant('tests'), { ...system, addTenant })
  } catch (error) {
    await system[Symbol.asyncDispose]()
    throw error
  }
}

type Opened = Pick<TestSystem, 'url' | 'adminKey' | 'otlpGrpcPort' | 'syslogTcpPort' | 'syslogUdpPort' | 'syslogKey' | 'routes' | 'restart'> & AsyncDisposable

async function openInProcess(): Promise<Opened> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'millrace-'))
  const open = async (httpPort: number): Promise<Standalone> => await openStandalone({
    disk: systemDisk, clock: systemClock, random: systemRandom, failpoints: noFailpoints, workers: openInlineWorkers(), log: createLog('silent'),
    dataFolder, httpPort, otlpGrpc: { port: 0 }, syslog: { tcpPort: 0, udpPort: 0, apiKey: SYSLOG_KEY }, bootstrapApiKey: SYSLOG_KEY, bootstrapAdminKey: ADMIN_KEY,
  })
  let standalone = await open(0)
  return {
    url: standalone.url, adminKey: ADMIN_KEY, routes: standalone.routes,
    otlpGrpcPort: standalone.otlpGrpcPort ?? 0, syslogTcpPort: standalone.syslogTcpPort ?? 0, syslogUdpPort: standalone.syslogUdpPort ?? 0, syslogKey: SYSLOG_KEY,
    async restart() {
      await standalone[Symbol.asyncDispose]()
      standalone = await open(Number(new URL(standalone.url).port))
    },
    async [Symbol.asyncDispose]() {
      await standalone[Symbol.asyncDispose]()
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

const ADMIN_KEY = 'test-admin-key'
const SYSLOG_KEY = 'test-syslog-key'
/** Services that start on engines that are busy, on a machine that is. */
export const START_TIMEOUT_MS = 120_000

async function openServices(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-services-'))
  const engines = { kafka: addressOf('kafka'), cassandra: addressOf('cassandra'), elasticsearch: addressOf('elasticsearch'), redis: addressOf('redis') }
  const [syslogTcpPort, syslogUdpPort] = [await freePort(), await freePort()]
  const environment = { MILLRACE_SYSLOG_TCP_PORT: String(syslogTcpPort), MILLRACE_SYSLOG_UDP_PORT: String(syslogUdpPort), MILLRACE_SYSLOG_API_KEY: BOOTSTRAP_API_KEY }
  const set: ServiceSet = await startServiceSet({ engines, folder, environment })
  return {
    url: set.url, adminKey: set.adminKey, otlpGrpcPort: set.otlpGrpcPort, syslogTcpPort, syslogUdpPort, syslogKey: BOOTSTRAP_API_KEY,
    routes: publicRoutes().filter(({ scope }) => scope !== 'public'),
    restart: async () => await set.restart(),
    async [Symbol.asyncDispose]() {
      const problems = set.services.flatMap(({ unexpectedEnds }) => unexpectedEnds)
      await set[Symbol.asyncDispose]()
      if (problems.length > 0) throw new Error(`${problems.join('; ')}; logs are in ${folder}`)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '@millrace/service/settings'
import { freePort } from '../process/free-port.ts'
import { startNodeProcess, type NodeProcess } from '../process/node-process.ts'
import { BOOTSTRAP_ADMIN_KEY, BOOTSTRAP_API_KEY } from '../process/standalone-process.ts'
import { engineEnvironment, type EngineAddresses } from './engine-addresses.ts'

/** Every service as a process of its own, over engines that run already, in a corner of theirs that nobody else uses. */
export interface ServiceSet extends AsyncDisposable {
  /** Of the gateway. */
  readonly url: string
  /** Where that gateway takes OTLP over gRPC. */
  readonly otlpGrpcPort: number
  readonly adminKey: string
  readonly apiKey: string
  readonly services: readonly SupervisedService[]
  /** Ends all in order and starts them again; resolves when each is ready. */
  restart(): Promise<void>
}

/** One replica of a service, which is started again whenever it ends. */
export interface SupervisedService {
  readonly name: ServiceName
  /** Counted from 0 within its name. */
  readonly replica: number
  readonly url: string
  /** Undefined between two lives. */
  readonly process: NodeProcess | undefined
  /** Lives that ended without being told to by {@link kill} or the set, with how. Each is a finding. */
  readonly unexpectedEnds: readonly string[]
  /** SIGKILL now, and the next life after `pauseMs`. Resolves when the next life has begun. */
  kill(pauseMs?: number): Promise<void>
  /** SIGTERM, and the next life once this one has ended by itself. Resolves when the next life has begun. */
  restart(): Promise<void>
  /** Lets the next life end itself at a failpoint: `<name>:<hit>`. Begins that life now. */
  restartWithFailpoint(failpoint: string): Promise<void>
  ready(): Promise<void>
}

export interface ServiceSetOptions {
  readonly engines: EngineAddresses
  /** For logs. */
  readonly folder: string
  readonly replicas?: Partial<Readonly<Record<ServiceName, number>>>
  readonly partitions?: number
  /** Of the gateway; any free one unless given. */
  readonly gatewayPort?: number
  /** Keyspace, index and key prefix; a random one unless given. */
  readonly namespace?: string
  /** More settings for all. */
  readonly environment?: Readonly<Record<string, string>>
}

export const SERVICE_NAMES: readonly ServiceName[] = ['gateway', 'intake', 'router', 'writer', 'indexer', 'query']

/** Migrates, then starts all replicas and waits until each is ready. */
export async function startServiceSet({ engines, folder, replicas = {}, partitions = 4, gatewayPort, namespace, environment = {} }: ServiceSetOptions): Promise<ServiceSet> {
  await mkdir(folder, { recursive: true })
  const name = namespace ?? `m${Math.random().toString(36).slice(2, 10)}`
  const shared = {
    ...engineEnvironment(engines),
    MILLRACE_CASSANDRA_KEYSPACE: name, MILLRACE_ELASTICSEARCH_PREFIX: name, MILLRACE_REDIS_PREFIX: `${name}:`, MILLRACE_PARTITIONS: String(partitions),
    MILLRACE_BOOTSTRAP_API_KEY: BOOTSTRAP_API_KEY, MILLRACE_BOOTSTRAP_ADMIN_KEY: BOOTSTRAP_ADMIN_KEY, ...environment,
  }
  await runMigrate(shared)

  const plan = await Promise.all(SERVICE_NAMES.flatMap((service) => Array.from({ length: replicas[service] ?? 1 }, async (_, replica) => ({
    service, replica, port: service === 'gateway' && replica === 0 && gatewayPort !== undefined ? gatewayPort : await freePort(), otlpGrpcPort: await freePort(),
  }))))
  const urlsOf = (wanted: ServiceName): string => plan.filter(({ service }) => service === wanted).map(({ port }) => `http://127.0.0.1:${port}`).join(',')
  const all = { ...shared, MILLRACE_INTAKE_URLS: urlsOf('intake'), MILLRACE_QUERY_URLS: urlsOf('query') }
  const services = plan.map(({ service, replica, port, otlpGrpcPort }) => new Supervised({ name: service, replica, port, logFile: join(folder, `${service}-${replica}.log`), environment: { ...all, MILLRACE_OTLP_GRPC_PORT: String(otlpGrpcPort) } }))
  const set = {
    url: urlsOf('gateway').split(',')[0] ?? '', otlpGrpcPort: plan.find(({ service }) => service === 'gateway')?.otlpGrpcPort ?? 0, adminKey: BOOTSTRAP_ADMIN_KEY, apiKey: BOOTSTRAP_API_KEY, services,
    async restart() {
      await Promise.all(services.map((service) => service.restart()))
      await Promise.all(services.map((service) => service.ready()))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop()))
    },
  }
  try {
    await Promise.all(services.map((service) => service.ready()))
  } catch (error) {
    await set[Symbol.asyncDispose]()
    throw error
  }
  return set
}

/** Runs `millrace migrate`; its output is shown only when it fails. */
async function runMigrate(environment: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../apps/cli/src/main.ts'), 'migrate'], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'], timeout: MIGRATE_TIMEOUT_MS })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`millrace migrate ended with ${code}:\n${output.slice(-3000)}`)
}

/** Tables are made one after the other, about a second each on a busy machine. */
const MIGRATE_TIMEOUT_MS = 120_000
/** Between a crash and the next life, as an orchestrator would wait at first. */
const RESTART_PAUSE_MS = 300

class Supervised implements SupervisedService {
  readonly name: ServiceName
  readonly replica: number
  readonly url: string
  readonly unexpectedEnds: string[] = []
  readonly #start: (failpoint: string) => NodeProcess
  #process: NodeProcess | undefined
  #isStopping = false
  #isEndWanted = false
  #nextFailpoint = ''
  #pauseMs = RESTART_PAUSE_MS
  #begun: Promise<void> = Promise.resolve()

  constructor({ name, replica, port, logFile, environment }: { readonly name: ServiceName; readonly replica: number; readonly port: number; readonly logFile: string; readonly environment: Readonly<Record<string, string>> }) {
    this.name = name
    this.replica = replica
    this.url = `http://127.0.0.1:${port}`
    this.#start = (failpoint) => startNodeProcess({ main: `apps/${name}/src/main.ts`, port, logFile, environment: { ...environment, MILLRACE_FAILPOINTS: failpoint } })
    this.#live()
  }

  get process(): NodeProcess | undefined {
    return this.#process
  }

  async kill(pauseMs = RESTART_PAUSE_MS): Promise<void> {
    this.#pauseMs = pauseMs
    await this.#end('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM')
  }

  async restartWithFailpoint(failpoint: string): Promise<void> {
    this.#nextFailpoint = failpoint
    await this.kill()
  }

  async ready(): Promise<void> {
    const ready = await this.#process?.ready()
    if (ready === 'ended') throw new Error(`${this.name} ended at once`)
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#process?.[Symbol.asyncDispose]()
    await this.#begun
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isEndWanted = this.#process !== undefined
    this.#process?.kill(signal)
    await this.#begun
  }

  #live(): void {
    const failpoint = this.#nextFailpoint
    this.#nextFailpoint = ''
    const life = this.#start(failpoint)
    this.#process = life
    this.#begun = life.ended.then(async ({ code, signal }) => {
      this.#process = undefined
      if (this.#isStopping) return
      if (!this.#isEndWanted && !(failpoint !== '' && signal === 'SIGKILL')) this.unexpectedEnds.push(`${this.name} ${this.replica}: code ${code}, signal ${signal}`)
      this.#isEndWanted = false
      await sleep(this.#pauseMs)
      this.#pauseMs = RESTART_PAUSE_MS
      if (!this.#isStopping) this.#live()
    })
  }
}

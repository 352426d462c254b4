import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineName } from '@millrace/simulator/describe-on'
import { EngineError } from './engine.ts'
import { isEngineName, type EngineSettings } from './engine-settings.ts'
import type { EngineWay, WayOptions } from './engine-way.ts'
import { isAnswering } from './is-answering.ts'

/** As containers of the official images; see `compose.yaml`. Their data is in volumes that Docker keeps for the set. */
export function createDockerWay({ folder, settings, names, say }: WayOptions): EngineWay {
  const compose = async (...args: readonly string[]): Promise<string> => await runDocker(['compose', '--project-name', projectOf(folder), '--file', COMPOSE_FILE, ...args], composeEnvironment(settings))
  return {
    async up() {
      await compose('up', '--detach', '--no-recreate', ...names)
      const startedMs = performance.now()
      await Promise.all(names.map(async (name) => {
        await waitUntilAnswering(name, settings.ports[name], async () => await compose('logs', '--no-color', '--tail', '30', name))
        say(`${name} works at 127.0.0.1:${settings.ports[name]} after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
      }))
    },
    async down() {
      await compose('stop', '--timeout', String(STOP_TIMEOUT_S), ...names)
    },
    async wipe() {
      await compose('rm', '--force', '--volumes', ...names)
      for (const name of names) await runDocker(['volume', 'rm', '--force', `${projectOf(folder)}_${name}`], {})
    },
    async running() {
      const running = await compose('ps', '--status', 'running', '--services')
      return new Map(running.split('\n').filter(isEngineName).filter((name) => names.includes(name)).map((name) => [name, 'container']))
    },
  }
}

const COMPOSE_FILE = join(import.meta.dirname, 'compose.yaml')
/** The slowest native start took a quarter of it; the pull of an image is not part of it. */
const READY_TIMEOUT_MS = 240_000
const STOP_TIMEOUT_S = 60
const POLL_MS = 500
/** A daemon that does not answer by then is none. */
const DAEMON_TIMEOUT_MS = 10_000

/** True when a daemon answers and knows compose. */
export async function isDockerUsable(): Promise<boolean> {
  try {
    await runDocker(['info'], {}, AbortSignal.timeout(DAEMON_TIMEOUT_MS))
    await runDocker(['compose', 'version'], {}, AbortSignal.timeout(DAEMON_TIMEOUT_MS))
    return true
  } catch (error) {
    if (error instanceof EngineError) return false
    throw error
  }
}

/** Sets in other folders are other projects, with volumes of their own. */
export function projectOf(folder: string): string {
  return `millrace-engines-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`
}

/** The variables of `compose.yaml`. */
export function composeEnvironment({ ports, heaps }: EngineSettings): Readonly<Record<string, string>> {
  return {
    KAFKA_PORT: String(ports.kafka), CASSANDRA_PORT: String(ports.cassandra), ELASTICSEARCH_PORT: String(ports.elasticsearch), REDIS_PORT: String(ports.redis),
    KAFKA_HEAP: heaps.kafka, CASSANDRA_HEAP: heaps.cassandra, ELASTICSEARCH_HEAP: heaps.elasticsearch,
  }
}

async function waitUntilAnswering(name: EngineName, port: number, readLog: () => Promise<string>): Promise<void> {
  for (const deadline = performance.now() + READY_TIMEOUT_MS; performance.now() < deadline; await sleep(POLL_MS)) if (await isAnswering(name, port)) return
  throw new EngineError(`${name} does not answer after ${READY_TIMEOUT_MS / 1000} s; the end of its log:\n${await readLog()}`)
}

/** Resolves with the standard output; the error stream, where Docker shows its progress, goes to the terminal unless a signal limits the call. */
async function runDocker(args: readonly string[], env: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<string> {
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', signal === undefined ? 'inherit' : 'ignore'], env: { ...process.env, ...env }, ...(signal === undefined ? {} : { signal }) })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) => { reject(new EngineError(`docker cannot be run: ${cause.message}`, { cause })) })
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new EngineError(`docker ${args.join(' ')} ended with ${code}`))
    })
  })
  return output
}

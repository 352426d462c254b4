import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../process/free-port.ts'
import { readUsage } from '../process/process-usage.ts'
import { engineEnvironment, type EngineAddresses } from '../service-set/engine-addresses.ts'
import type { App } from './apps.ts'
import type { BuiltImage } from './build-images.ts'
import type { Docker } from './open-docker.ts'

/** What an image was seen to take. */
export interface ImageFigures extends BuiltImage {
  /** From `docker start` to the first 200 of `/readyz`; of the command line, to the end of a migration that has nothing to do. */
  readonly readyMs: number
  /** Of it, what the process itself computed, all threads: on a busy machine the rest is waiting for others. */
  readonly cpuMs: number
  /** Resident, {@link IDLE_MS} after it was ready; of the command line the peak. */
  readonly rssBytes: number
}

export interface MeasureOptions {
  readonly docker: Docker
  readonly images: readonly BuiltImage[]
  readonly engines: EngineAddresses
}

/** Runs each image as a pod would, on a file system that cannot be written, over the engines; one after the other. Leaves a keyspace, topics and indices of its own in the engines. */
export async function measureImages({ docker, images, engines }: MeasureOptions): Promise<readonly ImageFigures[]> {
  const namespace = `images_${Date.now().toString(36)}`
  const environment = { ...engineEnvironment(engines), MILLRACE_CASSANDRA_KEYSPACE: namespace, MILLRACE_ELASTICSEARCH_PREFIX: namespace, MILLRACE_REDIS_PREFIX: `${namespace}:` }
  const cli = images.find(({ app }) => app === 'cli')
  if (cli === undefined && images.some(({ app }) => app !== 'standalone')) throw new Error('services are measured with the image of cli, which migrates for them')
  if (cli !== undefined) await docker.run(['run', '--rm', ...limits(environment), cli.name, 'migrate'])
  const figures: ImageFigures[] = []
  for (const image of images) figures.push({ ...image, ...(await measure(docker, image, environment)) })
  return figures
}

/** Long enough for caches of a start to be collected, and for loops to have turned some times. */
const IDLE_MS = 30_000
/** Ten times what is allowed: a slow start is a figure, a failing one is an error. */
const START_TIMEOUT_MS = 30_000
const POLL_MS = 10

async function measure(docker: Docker, { app, name }: BuiltImage, environment: Readonly<Record<string, string>>): Promise<Omit<ImageFigures, keyof BuiltImage>> {
  const port = await freePort()
  const own = app === 'standalone' ? { MILLRACE_DATA_DIR: '/data' } : environment
  const settings = app === 'cli' ? own : { ...own, MILLRACE_HTTP_HOST: '127.0.0.1', MILLRACE_HTTP_PORT: String(port), ...(hasGrpc(app) ? { MILLRACE_OTLP_GRPC_PORT: String(await freePort()) } : {}) }
  const container = (await docker.run(['create', ...limits(settings), name, ...(app === 'cli' ? ['migrate'] : [])])).trim()
  try {
    const startedMs = performance.now()
    await docker.run(['start', container])
    const pid = Number(await docker.run(['inspect', '--format', '{{.State.Pid}}', container]))
    if (app === 'cli') return await untilEnded(pid, startedMs)
    await untilReady(`http://127.0.0.1:${port}/readyz`, async () => `${await docker.run(['inspect', '--format', '{{.State.Status}}, code {{.State.ExitCode}}', container])}${await docker.run(['logs', '--tail', '20', container])}`)
    const readyMs = performance.now() - startedMs
    const cpuMs = readUsage(pid).cpuSeconds * 1000
    await sleep(IDLE_MS)
    return { readyMs, cpuMs, rssBytes: readUsage(pid).rssBytes }
  } finally {
    await docker.run(['rm', '--force', '--volumes', container])
  }
}

function hasGrpc(app: App): boolean {
  return app === 'gateway' || app === 'standalone'
}

/** As the chart has them: nothing can be written but /tmp and the data, nothing may be gained. */
function limits(settings: Readonly<Record<string, string>>): readonly string[] {
  const variables = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  return ['--network', 'host', '--read-only', '--tmpfs', '/tmp', '--volume', '/data', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', ...variables]
}

async function untilReady(url: string, state: () => Promise<string>): Promise<void> {
  for (const deadline = performance.now() + START_TIMEOUT_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    const status = await fetch(url, { headers: { connection: 'close' } }).then(async (response) => {
      await response.arrayBuffer()
      return response.status
    }, () => undefined) // nobody listens yet
    if (status === 200) return
  }
  throw new Error(`not ready after ${START_TIMEOUT_MS} ms: ${await state()}`)
}

async function untilEnded(pid: number, startedMs: number): Promise<Omit<ImageFigures, keyof BuiltImage>> {
  let last = { cpuSeconds: 0, peakRssBytes: 0 }
  for (const deadline = performance.now() + START_TIMEOUT_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    if (!existsSync(`/proc/${pid}/exe`)) return { readyMs: performance.now() - startedMs, cpuMs: last.cpuSeconds * 1000, rssBytes: last.peakRssBytes }
    try {
      const now = readUsage(pid)
      // A process that has ended and was not fetched yet has no memory any more.
      if (now.peakRssBytes > 0) last = now
    } catch {
      // It ended between the two looks.
    }
  }
  throw new Error(`not ended after ${START_TIMEOUT_MS} ms`)
}

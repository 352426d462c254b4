import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ensurePackages, isPackageInstalled } from '../process/ensure-packages.ts'
import { endOnSignals } from '../process/signals.ts'
import { within } from '../process/within.ts'

/** A Docker daemon and a client that speaks to it. Disposing ends the daemon where it is our own. */
export interface Docker extends AsyncDisposable {
  /** True where no daemon ran and this one was started for us: it has no network but the machine's own. */
  readonly isOwn: boolean
  /** For a `docker` that is run by others: the process's own, and `DOCKER_HOST` where the daemon is ours. */
  readonly environment: NodeJS.ProcessEnv
  /** Runs `docker` and answers its standard output. @throws {DockerError} it ended with another code than 0; tells what it said. */
  run(args: readonly string[]): Promise<string>
}

export class DockerError extends Error {
  override readonly name = 'DockerError'
  readonly code = 'DOCKER'
  readonly retryable = false
}

/**
 * The daemon of this machine when one answers; else one of our own, of Debian's docker.io (installed where there is no Docker; needs root), whose images stay in `home` for the next time. One at a
 * time may use a home. A Docker that came here some other way is the user's to start, and no package is removed for ours.
 *
 * @throws {DockerError} the user's own does not answer, or ours does not start; the end of its log is told.
 */
export async function openDocker({ home = dockerHome() }: { readonly home?: string } = {}): Promise<Docker> {
  if (isAnswering(process.env)) return dockerOf(process.env, false, () => Promise.resolve())
  ensureOwnDocker()
  mkdirSync(home, { recursive: true })
  // The sockets of its containerd lie in it: their paths must be short.
  const runFolder = await mkdtemp(join(tmpdir(), 'docker-'))
  const host = `unix://${runFolder}/docker.sock`
  const logFile = join(home, 'dockerd.log')
  const log = openSync(logFile, 'w')
  const args = [
    '--host', host, '--data-root', join(home, 'data'), '--exec-root', join(runFolder, 'exec'), '--pidfile', join(runFolder, 'docker.pid'),
    // Builds and containers use the machine's network or none: nothing on the machine is changed for them.
    '--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false', '--userland-proxy=false',
  ]
  // In a group of its own, so that Ctrl-C reaches this process alone, which ends it in order.
  const daemon = spawn('dockerd', args, { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  const stopWithUs = (): void => void daemon.kill('SIGTERM')
  process.once('exit', stopWithUs)
  endOnSignals()
  const stop = async (): Promise<void> => {
    process.off('exit', stopWithUs)
    await end(daemon)
    // A daemon leaves the network of the machine mounted there once a container has used it.
    spawnSync('umount', [join(runFolder, 'exec/netns/default')], { stdio: 'ignore' })
    await rm(runFolder, { recursive: true, force: true })
  }
  // The classic builder: Debian has no other, and the daemon is older than the client may be.
  const environment = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0' }
  try {
    await untilAnswering(environment, daemon, logFile)
  } catch (error) {
    await stop()
    throw error
  }
  return dockerOf(environment, true, stop)
}

/** @throws {DockerError} there is a Docker that is not ours to start, or none and it cannot be installed. */
function ensureOwnDocker(): void {
  const isThere = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'dockerd')))
  if (process.getuid?.() !== 0 || (isThere && !isPackageInstalled(PACKAGE))) throw new DockerError('the Docker daemon does not answer: start it, or join the group docker')
  if (isThere) return
  try {
    ensurePackages([PACKAGE], { keepsOthers: true })
  } catch (cause) {
    throw new DockerError(`no Docker daemon answers, and none can be installed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

const PACKAGE = 'docker.io'

/** Where images and layers are kept by a daemon of ours. */
export function dockerHome(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace/docker')
}

function dockerOf(environment: NodeJS.ProcessEnv, isOwn: boolean, stop: () => Promise<void>): Docker {
  return { isOwn, environment, run: async (args) => await runDocker(args, environment), [Symbol.asyncDispose]: stop }
}

async function runDocker(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (text: string) => { output[name] += text })
  return await new Promise((resolve, reject) => {
    child.once('error', (cause) => { reject(new DockerError(`docker cannot be run: ${cause.message}`, { cause })) })
    child.once('close', (code) => {
      if (code === 0) resolve(output.stdout)
      // The classic builder tells a failed step on its standard output.
      else reject(new DockerError(`docker ${args.join(' ')} ended with ${code}:\n${`${output.stdout}${output.stderr}`.slice(-SAID_CHARACTERS)}`))
    })
  })
}

const SAID_CHARACTERS = 3000
/** Half a second when idle; its containerd is what it waits for. */
const START_TIMEOUT_MS = 60_000
const POLL_MS = 100
/** A daemon that does not answer by then is none. */
const ANSWER_TIMEOUT_MS = 10_000
/** It ends its containers, which have 10 s. */
const STOP_TIMEOUT_MS = 30_000

function isAnswering(env: NodeJS.ProcessEnv): boolean {
  return spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { env, stdio: 'ignore', timeout: ANSWER_TIMEOUT_MS }).status === 0
}

async function untilAnswering(environment: NodeJS.ProcessEnv, daemon: ChildProcess, logFile: string): Promise<void> {
  let failure: string | undefined
  daemon.once('error', (error) => { failure = `dockerd cannot be run: ${error.message}` })
  daemon.once('exit', (code) => { failure ??= `dockerd ended with ${code}` })
  for (const deadline = performance.now() + START_TIMEOUT_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    if (failure !== undefined) break
    if (isAnswering(environment)) return
  }
  throw new DockerError(`${failure ?? `dockerd does not answer after ${START_TIMEOUT_MS} ms`}; the end of its log:\n${readFileSync(logFile, 'utf8').slice(-SAID_CHARACTERS)}`)
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null || daemon.pid === undefined) return
  const ended = new Promise((resolve) => daemon.once('exit', resolve))
  daemon.kill('SIGTERM')
  if (await within(STOP_TIMEOUT_MS, ended)) return
  daemon.kill('SIGKILL')
  await ended
}

import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, type Engine } from './engine.ts'
import { isFree } from '../process/free-port.ts'
import { addressOn, portsOf } from './engine-settings.ts'
import { isAnswering } from './is-answering.ts'
import type { NodeCommand, NodePlan } from './node-plan.ts'
import { groupOf, isGroupAlive, signalGroup, type ProcessGroup } from './process-group.ts'

/** Runs a plan as processes that outlive this one. Which they are stands in a file of the node's folder, so that the next tool finds them. */
export function createNativeEngine(plan: NodePlan): Engine {
  const { name, folder, settings } = plan
  const recordFile = join(folder, 'process.json')
  const logFile = join(folder, `${name}.log`)
  const running = (): ProcessGroup | undefined => {
    const group = readRecord(recordFile)
    return group !== undefined && isGroupAlive(group) ? group : undefined
  }
  const waitUntilGone = async (timeoutMs: number): Promise<boolean> => await poll(timeoutMs, () => running() === undefined)
  let starting: Promise<void> | undefined
  const start = async (): Promise<void> => {
    if (running() !== undefined) return
    for (const port of portsOf(settings.ports, name)) if (!(await isFree(port))) throw new EngineError(`${name} cannot start: another program listens at port ${port}; give it others with --${name}-port`)
    const command = await plan.prepare()
    if (plan.serverPidFile !== undefined) await rm(plan.serverPidFile, { force: true })
    await launch(plan, command, { logFile, recordFile })
  }
  /** Sends the signals at once, and again to what a start that is under way brings up meanwhile. */
  const signalAll = async (signals: readonly NodeJS.Signals[]): Promise<void> => {
    const send = (): void => {
      const group = running()
      if (group !== undefined) for (const signal of signals) signalGroup(group, signal)
    }
    send()
    if (starting === undefined) return
    await starting.catch(() => undefined) // its caller is told
    send()
  }
  const kill = async (): Promise<void> => {
    await signalAll(['SIGKILL'])
    if (!(await waitUntilGone(KILL_TIMEOUT_MS))) throw new EngineError(`${name} (process ${running()?.pid}) does not end`)
  }
  return {
    name, address: addressOn(settings.ports, name), kill,
    isRunning: () => running() !== undefined,
    get pid() {
      const group = running()
      return group === undefined ? undefined : (readServerPid(plan) ?? group.pid)
    },
    async start() {
      starting ??= start().finally(() => { starting = undefined })
      await starting
    },
    async ready() {
      let isReady = false
      const hasSettled = await poll(READY_TIMEOUT_MS, async () => {
        isReady = await isAnswering(name, settings.ports[name])
        return isReady || running() === undefined
      })
      if (!isReady) throw new EngineError(`${name} ${hasSettled ? 'ended by itself' : `does not answer after ${READY_TIMEOUT_MS / 1000} s`}; the end of ${logFile}:\n${endOf(logFile)}`)
    },
    async stop() {
      await signalAll(['SIGTERM', 'SIGCONT']) // a paused process would keep the first waiting
      if (!(await waitUntilGone(STOP_TIMEOUT_MS))) await kill()
    },
    pause() {
      const group = running()
      if (group !== undefined) signalGroup(group, 'SIGSTOP')
    },
    resume() {
      const group = running()
      if (group !== undefined) signalGroup(group, 'SIGCONT')
    },
  }
}

/** Cassandra has needed 44 s on two busy cores; a replay of its log comes on top. */
const READY_TIMEOUT_MS = 240_000
/** Kafka and Cassandra flush what they hold. */
const STOP_TIMEOUT_MS = 60_000
/** The kernel frees some gigabytes of memory. */
const KILL_TIMEOUT_MS = 10_000
const POLL_MS = 200
/** Enough of a log to see why a start failed; in characters. */
const MAX_SHOWN_LOG = 2500

async function launch({ name, folder }: NodePlan, { command, args, env, user }: NodeCommand, { logFile, recordFile }: { readonly logFile: string; readonly recordFile: string }): Promise<void> {
  const log = openSync(logFile, 'a')
  // Detached: the child leads a group of its own, and an interrupted terminal does not reach it.
  const child = spawn(command, args, { cwd: folder, detached: true, stdio: ['ignore', log, log], env: { ...process.env, ...env }, ...(user === undefined ? {} : { uid: user, gid: user }) })
  closeSync(log)
  child.unref()
  const group = child.pid === undefined ? undefined : groupOf(child.pid)
  // Recorded before anything else can happen: a process that no file names would never be ended.
  if (group !== undefined) writeFileSync(recordFile, JSON.stringify(group))
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => { reject(new EngineError(`${name} cannot be started with ${command}: ${cause.message}`, { cause })) })
  })
}

function readRecord(file: string): ProcessGroup | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProcessGroup) : undefined // written by `start` alone
}

function readServerPid({ serverPidFile }: NodePlan): number | undefined {
  const pid = serverPidFile !== undefined && existsSync(serverPidFile) ? Number(readFileSync(serverPidFile, 'utf8')) : 0
  return pid > 0 ? pid : undefined
}

/** True once `isDone` is, false when `timeoutMs` is over first. */
async function poll(timeoutMs: number, isDone: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(POLL_MS)) if (await isDone()) return true
  return false
}

function endOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-MAX_SHOWN_LOG) : '(no log)'
}

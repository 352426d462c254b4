import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { groupOf, isGroupAlive, signalGroup, type ProcessGroup } from '../engines/process-group.ts'
import { joinCgroup } from './cgroups.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { CGROUP } from './cluster-network.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { waitUntil } from './wait-until.ts'

/** One server of the cluster as it is to be started. */
export interface ServerPlan {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** Holds the servers and whatever they start, but for the pods. */
export const SERVERS_CGROUP = `${CGROUP}/servers`

/** Starts a server that outlives this tool; a file says which process it is, and the cgroup which are its children. */
export async function startServer(layout: ClusterLayout, { name, command, args }: ServerPlan): Promise<void> {
  mkdirSync(layout.records, { recursive: true })
  mkdirSync(layout.logs, { recursive: true })
  const log = openSync(logFileOf(layout, name), 'a')
  const child = spawn(command, args, { cwd: layout.run, detached: true, stdio: ['ignore', log, log], env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } }) // runc and iptables lie there
  closeSync(log)
  child.unref()
  const group = child.pid === undefined ? undefined : groupOf(child.pid)
  // Recorded before anything else can happen: a process that no file names would never be ended.
  if (group !== undefined) {
    writeFileSync(recordOf(layout, name), JSON.stringify(group))
    joinCgroup(SERVERS_CGROUP, group.pid)
  }
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => { reject(new KubernetesError(`${name} cannot be started with ${command}: ${cause.message}`, { cause })) })
  })
}

/** The names of all servers that were started and not yet ended, whether they are alive or not. */
export function recordedServers({ records }: ClusterLayout): readonly string[] {
  return existsSync(records) ? readdirSync(records).map((name) => name.replace(/\.json$/, '')) : []
}

/** The server's process; `undefined` while none runs. */
export function serverPid(layout: ClusterLayout, name: string): number | undefined {
  return runningGroup(layout, name)?.pid
}

/** Ends the server in the middle of whatever it does, since its state goes with it, and forgets it. Does nothing when none runs. */
export async function endServer(layout: ClusterLayout, name: string): Promise<void> {
  const group = runningGroup(layout, name)
  if (group !== undefined) {
    signalGroup(group, 'SIGKILL')
    await waitUntil(`${name} is gone`, KILL_TIMEOUT_MS, () => !isGroupAlive(group))
  }
  rmSync(recordOf(layout, name), { force: true })
}

/** The end of the server's log. */
export function endOfLog(layout: ClusterLayout, name: string): string {
  const file = logFileOf(layout, name)
  return existsSync(file) ? `the end of ${file}:\n${readFileSync(file, 'utf8').slice(-MAX_SHOWN_LOG)}` : ''
}

/** The kernel frees some hundred megabytes. */
const KILL_TIMEOUT_MS = 10_000
/** Enough of a log to see why a start failed; in characters. */
const MAX_SHOWN_LOG = 2000

function runningGroup(layout: ClusterLayout, name: string): ProcessGroup | undefined {
  const file = recordOf(layout, name)
  if (!existsSync(file)) return undefined
  const group = JSON.parse(readFileSync(file, 'utf8')) as ProcessGroup // written by `startServer` alone
  return isGroupAlive(group) ? group : undefined
}

function recordOf({ records }: ClusterLayout, name: string): string {
  return join(records, `${name}.json`)
}

function logFileOf({ logs }: ClusterLayout, name: string): string {
  return join(logs, `${name}.log`)
}

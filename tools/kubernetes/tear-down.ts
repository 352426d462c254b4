import { existsSync, readlinkSync, realpathSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cgroupProcesses, removeCgroup } from './cgroups.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { CGROUP } from './cluster-network.ts'
import { closeFirewall } from './firewall.ts'
import { findHostProgram } from './host-programs.ts'
import { restoreKernelSettings } from './kernel-settings.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { clusterLinks, removeLink } from './links.ts'
import { mountsBelow } from './mounts.ts'
import { runProgram } from './run-program.ts'
import { recordedServers, endServer, SERVERS_CGROUP } from './server-process.ts'
import { removeSystemFiles } from './system-files.ts'
import { waitUntil } from './wait-until.ts'

/**
 * Ends everything of the cluster and removes all of it but its programs and images. Takes whatever it finds: a cluster that works, one half started, or what one
 * that was killed has left. Processes are the cluster's by its records and its cgroups alone. Does nothing where there is none: all of a cluster is made after its
 * folder, which is removed last.
 *
 * @throws {KubernetesError} a cluster of another home runs; nothing has been touched then.
 */
export async function tearDown(layout: ClusterLayout): Promise<void> {
  if (!existsSync(layout.run)) return
  refuseOtherHome(layout)
  const servers = recordedServers(layout)
  // First those that would start containers again or make rules anew, then the containers, then the others at once.
  for (const name of ['kubelet', 'kube-proxy']) if (servers.includes(name)) await endServer(layout, name)
  await killAll(`${CGROUP}/kubepods`)
  await Promise.all(recordedServers(layout).map((name) => endServer(layout, name)))
  await killAll(CGROUP) // containerd's shims outlive it
  for (const mount of mountsBelow(layout.run)) await runProgram(findHostProgram('umount'), ['--lazy', '--no-mtab', mount])
  for (const link of await clusterLinks()) await removeLink(link)
  await closeFirewall()
  restoreKernelSettings(layout)
  removeCgroup(CGROUP)
  removeSystemFiles(layout)
  await rm(layout.run, { recursive: true, force: true })
}

/** Cgroups, links and rules have the same names in each home, so that what runs must be of this one. */
function refuseOtherHome({ run }: ClusterLayout): void {
  const folder = realpathSync(run)
  const paths = cgroupProcesses(SERVERS_CGROUP).map(workingFolder).filter((path) => path !== undefined)
  // One is enough: a process on its way into a pod may have the pod's folder already.
  if (paths[0] === undefined || paths.some((path) => isWithin(folder, path))) return
  throw new KubernetesError(`a cluster of another home runs in ${paths[0]}: take it down first, with the --home that it was started with`)
}

/** Whether the path is the folder or lies below it. Each server works in its cluster's folder, and the shims of containers below it. */
export function isWithin(folder: string, path: string): boolean {
  return `${path}/`.startsWith(`${folder}/`)
}

/** `undefined` once the process has ended. */
function workingFolder(pid: number): string | undefined {
  try {
    return readlinkSync(join('/proc', String(pid), 'cwd')).replace(/ \(deleted\)$/, '')
  } catch {
    return undefined
  }
}

async function killAll(cgroup: string): Promise<void> {
  const isEmpty = (): boolean => {
    const pids = cgroupProcesses(cgroup)
    for (const pid of pids) killIfThere(pid)
    return pids.length === 0
  }
  await waitUntil(`the processes of ${cgroup} end`, KILL_TIMEOUT_MS, isEmpty)
}

/** The kernel frees some gigabytes of memory. */
const KILL_TIMEOUT_MS = 30_000

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error // it has ended by itself
  }
}

import { existsSync } from 'node:fs'
import { cgroupFolders, cgroupProcesses } from './cgroups.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { CGROUP } from './cluster-network.ts'
import { clusterRules } from './firewall.ts'
import { changedSettings } from './kernel-settings.ts'
import { clusterLinks } from './links.ts'
import { mountsBelow } from './mounts.ts'
import { systemFiles } from './system-files.ts'

/** Everything on this machine that belongs to the cluster but its programs and images, one a line; nothing after {@link tearDown}. */
export async function findLeftovers(layout: ClusterLayout): Promise<readonly string[]> {
  return [
    ...cgroupProcesses(CGROUP).map((pid) => `process ${pid}`),
    ...mountsBelow(layout.run).map((path) => `mount ${path}`),
    ...(await clusterLinks()).map((name) => `link ${name}`),
    ...(await clusterRules()).map((rule) => `firewall rule ${rule}`),
    ...Object.keys(changedSettings(layout)).map((name) => `kernel setting ${name}`),
    ...cgroupFolders(CGROUP).map((path) => `cgroup ${path}`),
    ...systemFiles(layout).map((path) => `file ${path}`),
    ...(existsSync(layout.run) ? [`folder ${layout.run}`] : []),
  ]
}

import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'

/** Where kubelet, containerd and the network's plugins put some files whatever they are told. A folder comes after those in it. */
const SYSTEM_FOLDERS = ['/var/log/containers', '/var/lib/cni/results', '/var/lib/cni', '/run/containerd/s', '/run/containerd', '/var/lib/kubelet/device-plugins', '/var/lib/kubelet']

/** Files of the cluster that lie outside its folder. */
export function systemFiles({ run, logs }: ClusterLayout): readonly string[] {
  return [
    ...entriesOf('/var/log/containers').filter((path) => lstatSync(path).isSymbolicLink() && readlinkSync(path).startsWith(`${logs}/`)),
    // What a plugin has done to a pod's network namespace, which is named by its path.
    ...entriesOf('/var/lib/cni/results').filter((path) => readFileSync(path, 'utf8').includes(`${run}/`)),
    ...shimSockets(run),
    ...(existsSync(run) ? entriesOf('/var/lib/kubelet/device-plugins').filter((path) => path.endsWith('/kubelet.sock')) : []),
  ]
}

/** Removes the files, and the folders that are empty then. */
export function removeSystemFiles(layout: ClusterLayout): void {
  for (const path of systemFiles(layout)) rmSync(path, { force: true })
  for (const folder of SYSTEM_FOLDERS) if (existsSync(folder) && readdirSync(folder).length === 0) rmdirSync(folder)
}

/** Each pod's containers have a shim, which leaves its socket when it is killed. Its address stands in the state of the container. */
function shimSockets(run: string): readonly string[] {
  const addresses = entriesOf(`${run}/containerd/state/io.containerd.runtime.v2.task/k8s.io`).map((folder) => join(folder, 'address')).filter((file) => existsSync(file))
  return [...new Set(addresses.map((file) => readFileSync(file, 'utf8').trim().replace(/^unix:\/\//, '')))].filter((path) => existsSync(path))
}

function entriesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

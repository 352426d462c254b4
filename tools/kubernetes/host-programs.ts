import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { ensurePackages } from '../process/ensure-packages.ts'
import { KubernetesError } from './kubernetes-error.ts'

/** What the node takes from this machine, and Debian's packages of it. Those that came here some other way do as well. */
const HOST_PROGRAMS: Readonly<Record<string, string>> = {
  containerd: 'containerd', ctr: 'containerd', runc: 'runc', iptables: 'iptables', ip: 'iproute2', openssl: 'openssl', busybox: 'busybox-static', bridge: 'containernetworking-plugins', 'host-local': 'containernetworking-plugins',
}
/** Debian's folder of CNI plugins, and everybody else's. */
const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin']
/** Where a user's PATH does not always lead. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin']

/** Installs the packages of the programs that are missing. @throws {KubernetesError} they cannot be installed. */
export function ensureHostPrograms(): void {
  const missing = Object.entries(HOST_PROGRAMS).filter(([name]) => lookUp(name) === undefined)
  if (missing.length === 0) return
  try {
    ensurePackages([...new Set(missing.map(([, packageName]) => packageName))], { keepsOthers: true }) // a Docker of the user's may have brought others
  } catch (cause) {
    throw new KubernetesError(`the node needs ${missing.map(([name]) => name).join(', ')}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
  for (const [name] of missing) findHostProgram(name)
}

/** The path of a program of this machine. @throws {KubernetesError} it is not there. */
export function findHostProgram(name: string): string {
  const path = lookUp(name)
  if (path === undefined) throw new KubernetesError(`there is no ${name}: install ${HOST_PROGRAMS[name] ?? name}`)
  return path
}

/** The folder that has the plugins of the pods' network. */
export function cniFolder(): string {
  return join(findHostProgram('bridge'), '..')
}

function lookUp(name: string): string | undefined {
  const isPlugin = HOST_PROGRAMS[name] === 'containernetworking-plugins' // iproute2 too has a program named bridge
  const folders = isPlugin ? CNI_FOLDERS : [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

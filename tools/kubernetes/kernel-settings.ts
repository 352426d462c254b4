import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { tryProgram } from './run-program.ts'

/** What the node needs: packets go from pod to pod, also those that stay on the bridge, through the rules of Services. */
const NEEDED: Readonly<Record<string, string>> = { 'net/ipv4/ip_forward': '1', 'net/bridge/bridge-nf-call-iptables': '1' }
/** Set by kubelet and kube-proxy themselves. */
const CHANGED_BY_KUBERNETES = ['net/ipv4/conf/all/route_localnet', 'net/netfilter/nf_conntrack_tcp_be_liberal', 'vm/overcommit_memory', 'kernel/panic', 'kernel/panic_on_oops', 'kernel/keys/root_maxkeys', 'kernel/keys/root_maxbytes']

/** Sets what the node needs, after it has noted all that the cluster will change. */
export async function changeKernelSettings(layout: ClusterLayout): Promise<void> {
  if (!existsSync(pathOf('net/bridge/bridge-nf-call-iptables'))) await tryProgram('modprobe', ['br_netfilter']) // built in where there are no modules
  const names = [...Object.keys(NEEDED), ...CHANGED_BY_KUBERNETES].filter((name) => existsSync(pathOf(name)))
  writeFileSync(noteOf(layout), JSON.stringify(Object.fromEntries(names.map((name) => [name, readFileSync(pathOf(name), 'utf8').trim()]))))
  for (const [name, value] of Object.entries(NEEDED)) writeFileSync(pathOf(name), value)
}

/** Sets everything as it was before. */
export function restoreKernelSettings(layout: ClusterLayout): void {
  for (const [name, value] of Object.entries(changedSettings(layout))) writeFileSync(pathOf(name), value)
}

/** The settings that are not what they were, with what they were. */
export function changedSettings(layout: ClusterLayout): Readonly<Record<string, string>> {
  if (!existsSync(noteOf(layout))) return {}
  const before = JSON.parse(readFileSync(noteOf(layout), 'utf8')) as Readonly<Record<string, string>> // written above
  return Object.fromEntries(Object.entries(before).filter(([name, value]) => readFileSync(pathOf(name), 'utf8').trim() !== value))
}

function pathOf(name: string): string {
  return join('/proc/sys', name)
}

function noteOf({ run }: ClusterLayout): string {
  return join(run, 'kernel-settings.json')
}

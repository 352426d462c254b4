import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startAddOns } from './add-ons.ts'
import { makeCertificates } from './certificates.ts'
import { makeCgroup } from './cgroups.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { startControlPlane } from './control-plane.ts'
import { importImages, startContainerRuntime } from './container-runtime.ts'
import { clusterRules, openFirewall } from './firewall.ts'
import { ensureHostPrograms } from './host-programs.ts'
import { changeKernelSettings } from './kernel-settings.ts'
import { writeKubeconfigs } from './kubeconfigs.ts'
import { tryKubectl } from './kubectl.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { addNodeLink, clusterLinks } from './links.ts'
import { startNode } from './node.ts'
import { ensurePrograms } from './programs.ts'
import type { Tier } from './read-command.ts'
import { recordedServers, serverPid, SERVERS_CGROUP } from './server-process.ts'
import { makeSystemImages } from './system-images.ts'
import { tearDown } from './tear-down.ts'

export interface UpOptions {
  readonly tier: Tier
  /** A folder with ready programs; without it they are built. */
  readonly ready?: string | undefined
  readonly say: (line: string) => void
}

/** Starts the cluster. One that works already is left alone; what is left of one that does not is removed first, and so is what a failed start leaves. */
export async function bringUp(layout: ClusterLayout, { tier, ready, say }: UpOptions): Promise<void> {
  if (await isWorking(layout, tier)) {
    say('the cluster already runs')
    return
  }
  await prepareMachine(layout, say)
  try {
    for (const [what, step] of Object.entries(stepsOf(layout, { tier, ready, say }))) {
      const startedMs = performance.now()
      await step()
      say(`${what}: ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
    }
    await writeFile(completeMark(layout), tier)
  } catch (error) {
    await tearDown(layout)
    throw error
  }
}

/** Makes sure that a cluster can be started here, and removes what is left of one that does not work. @throws {KubernetesError} it cannot, and why; nothing of others has been touched. */
export async function prepareMachine(layout: ClusterLayout, say: UpOptions['say']): Promise<void> {
  refuseOthers()
  ensureHostPrograms()
  if (existsSync(layout.run)) {
    say('removing what is left of the last one')
    await tearDown(layout)
  }
  await refuseOtherClusters()
}

/** The servers of each tier, which all run or the cluster does not work. */
const SERVERS: Readonly<Record<Tier, readonly string[]>> = {
  lite: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'],
  full: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'containerd', 'kubelet', 'kube-proxy'],
}

/** What runs of the cluster, by name. */
export function runningServers(layout: ClusterLayout): ReadonlyMap<string, number | undefined> {
  return new Map(recordedServers(layout).map((name) => [name, serverPid(layout, name)]))
}

async function isWorking(layout: ClusterLayout, tier: Tier): Promise<boolean> {
  const running = runningServers(layout)
  const isComplete = existsSync(completeMark(layout)) && [...running.keys()].toSorted().join() === SERVERS[tier].toSorted().join() && [...running.values()].every((pid) => pid !== undefined)
  return isComplete && (await tryKubectl(layout, ['get', '--raw', '/readyz'])).status === 0
}

/** Exists once a start has come to its end. */
function completeMark({ run }: ClusterLayout): string {
  return join(run, 'complete')
}

function stepsOf(layout: ClusterLayout, { tier, ready, say }: UpOptions): Readonly<Record<string, () => Promise<void>>> {
  const common = {
    programs: () => ensurePrograms(layout, ready, say),
    'certificates and the node\'s address': async () => {
      await mkdir(layout.run, { recursive: true })
      makeCgroup(SERVERS_CGROUP)
      await Promise.all([makeCertificates(layout.certificates), addNodeLink()])
      await writeKubeconfigs(layout)
    },
    'control plane': () => startControlPlane(layout),
  }
  if (tier === 'lite') return common
  return {
    ...common,
    'container runtime': async () => {
      await changeKernelSettings(layout)
      await openFirewall()
      await startContainerRuntime(layout)
      for (const tar of await makeSystemImages(layout)) await importImages(layout, tar)
    },
    node: () => startNode(layout),
    'add-ons': () => startAddOns(layout),
  }
}

function refuseOthers(): void {
  if (process.platform !== 'linux') throw new KubernetesError('a node runs on Linux only: use kind or minikube here')
  if (process.getuid?.() !== 0) throw new KubernetesError('a node needs root, for its network and its containers: use kind or minikube, or run it with sudo')
}

/** Two on one machine's network would take each other's rules for their own. */
async function refuseOtherClusters(): Promise<void> {
  if ((await clusterRules()).length > 0) throw new KubernetesError('another Kubernetes has its rules in this machine\'s firewall (KUBE-* in iptables-save): only one can run outside containers')
  const links = await clusterLinks()
  if (links.length > 0) throw new KubernetesError(`another cluster of this tool has left ${links.join(', ')}: take it down with the --home that it was started with`)
}

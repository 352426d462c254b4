import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { POD_BRIDGE, POD_NETWORK, POD_RANGE } from './cluster-network.ts'
import { cniFolder, findHostProgram } from './host-programs.ts'
import { runProgram, tryProgram, type ProgramEnd } from './run-program.ts'
import { endOfLog, startServer } from './server-process.ts'
import { PAUSE_IMAGE } from './system-images.ts'
import { waitUntil } from './wait-until.ts'

/** Starts a containerd of the cluster's own, beside that of the machine if it has one, and resolves once it answers. */
export async function startContainerRuntime(layout: ClusterLayout): Promise<void> {
  const { run } = layout
  await mkdir(join(run, 'cni'), { recursive: true })
  await mkdir(join(run, 'containerd'), { recursive: true })
  await writeFile(join(run, 'cni', '10-pods.conflist'), JSON.stringify(podNetworkOf(run), undefined, 2))
  const config = join(run, 'containerd', 'config.toml')
  await writeFile(config, containerdConfigOf(layout, cniFolder()))
  await startServer(layout, { name: 'containerd', command: findHostProgram('containerd'), args: ['--config', config] })
  await waitUntil('containerd answers', CONTAINERD_TIMEOUT_MS, async () => (await askContainerd(layout, ['version'])).status === 0, () => endOfLog(layout, 'containerd'))
}

const CONTAINERD_TIMEOUT_MS = 30_000

/** Hands the images of a `docker save` tar to the pods. Layers that are there already are not stored again. */
export async function importImages(layout: ClusterLayout, tar: string): Promise<void> {
  await runProgram(findHostProgram('ctr'), [...addressOf(layout), 'images', 'import', tar], { timeoutMs: IMPORT_TIMEOUT_MS })
}

/** Gigabytes to a slow disk. */
const IMPORT_TIMEOUT_MS = 600_000

/** Runs `ctr` on the pods' containers. */
export async function askContainerd(layout: ClusterLayout, args: readonly string[]): Promise<ProgramEnd> {
  return await tryProgram(findHostProgram('ctr'), [...addressOf(layout), ...args])
}

function addressOf({ containerdSocket }: ClusterLayout): readonly string[] {
  return ['--address', containerdSocket, '--namespace', 'k8s.io']
}

/** A bridge with an address for each pod, which leave the node under its address. */
function podNetworkOf(run: string): unknown {
  const ipam = { type: 'host-local', ranges: [[{ subnet: POD_RANGE }]], routes: [{ dst: '0.0.0.0/0' }], dataDir: join(run, 'cni-addresses') }
  return { cniVersion: '0.4.0', name: POD_NETWORK, plugins: [{ type: 'bridge', bridge: POD_BRIDGE, isGateway: true, ipMasq: true, hairpinMode: true, ipam }] }
}

/** Everything below the cluster's folder. The second version of the format is what both containerd 1 and 2 read. */
function containerdConfigOf({ run, containerdSocket }: ClusterLayout, plugins: string): string {
  const folder = join(run, 'containerd')
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  const quoted = JSON.stringify // a JSON string is one of TOML
  return `version = 2
root = ${quoted(join(folder, 'root'))}
state = ${quoted(join(folder, 'state'))}
[grpc]
address = ${quoted(containerdSocket)}
[${cri}]
sandbox_image = ${quoted(PAUSE_IMAGE)}
# Pods' network namespaces too belong to the cluster's folder.
netns_mounts_under_state_dir = true
# Profiles of AppArmor would have to be loaded into the machine's kernel and outlive the cluster.
disable_apparmor = true
# Where a machine may not lower the score (in most virtual ones), runc fails instead of leaving it.
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = ${quoted(plugins)}
conf_dir = ${quoted(join(run, 'cni'))}
[${cri}.containerd]
snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
Root = ${quoted(join(folder, 'runc'))}
`
}

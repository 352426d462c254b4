import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeCgroup } from './cgroups.ts'
import type { ClusterLayout } from './cluster-layout.ts'
import { CGROUP, DNS_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME, POD_RANGE } from './cluster-network.ts'
import { flagsOf } from './flags.ts'
import { kubeconfigOf } from './kubeconfigs.ts'
import { tryKubectl } from './kubectl.ts'
import { endOfLog, startServer } from './server-process.ts'
import { waitUntil } from './wait-until.ts'

/** Starts what makes this machine a node, and resolves once pods may come. */
export async function startNode(layout: ClusterLayout): Promise<void> {
  const { run, programs, kubeconfigs } = layout
  const config = join(run, 'kubelet.yaml')
  await writeFile(config, JSON.stringify(kubeletConfigOf(layout), undefined, 2))
  makeCgroup(CGROUP)
  const kubeletFlags = { config, kubeconfig: kubeconfigOf(kubeconfigs, 'kubelet'), 'root-dir': join(run, 'kubelet'), 'cert-dir': join(run, 'kubelet-certificates'), 'hostname-override': NODE_NAME, 'node-ip': NODE_ADDRESS }
  await startServer(layout, { name: 'kubelet', command: join(programs, 'kubelet'), args: flagsOf(kubeletFlags) })
  const proxyFlags = {
    kubeconfig: kubeconfigOf(kubeconfigs, 'kube-proxy'), 'proxy-mode': 'iptables', 'cluster-cidr': POD_RANGE, 'hostname-override': NODE_NAME,
    'healthz-bind-address': `${NODE_ADDRESS}:10256`, 'metrics-bind-address': `${NODE_ADDRESS}:10249`,
    'nodeport-addresses': '127.0.0.0/8', // what is published, is so on this machine only
    ...CONNECTION_TABLE_FLAGS,
  }
  await startServer(layout, { name: 'kube-proxy', command: join(programs, 'kube-proxy'), args: flagsOf(proxyFlags) })
  const isReady = async (): Promise<boolean> => (await tryKubectl(layout, ['get', 'node', NODE_NAME, '-o', `jsonpath={.status.conditions[?(@.type=="Ready")].status}`])).stdout === 'True'
  await waitUntil('the node is ready', NODE_TIMEOUT_MS, isReady, () => endOfLog(layout, 'kubelet'))
}

/** Ten seconds on two idle cores. */
const NODE_TIMEOUT_MS = 120_000

/** 0 leaves the kernel's limits as they are. */
const CONNECTION_TABLE_FLAGS = { 'conntrack-max-per-core': '0', 'conntrack-min': '0', 'conntrack-tcp-timeout-established': '0s', 'conntrack-tcp-timeout-close-wait': '0s' }

function kubeletConfigOf({ run, certificates, containerdSocket, logs }: ClusterLayout): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', containerRuntimeEndpoint: `unix://${containerdSocket}`, address: NODE_ADDRESS, healthzBindAddress: NODE_ADDRESS,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: join(certificates, 'ca.crt') } }, authorization: { mode: 'Webhook' },
    tlsCertFile: join(certificates, 'kubelet-server.crt'), tlsPrivateKeyFile: join(certificates, 'kubelet-server.key'),
    cgroupDriver: 'cgroupfs', cgroupRoot: `/${CGROUP}`, failCgroupV1: false, failSwapOn: false,
    clusterDomain: 'cluster.local', clusterDNS: [DNS_SERVICE_ADDRESS], resolvConf: '/etc/resolv.conf',
    // A development machine's disk may be nearly full, and its images cannot be pulled again.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%', 'nodefs.inodesFree': '1%' }, imageGCHighThresholdPercent: 100,
    volumePluginDir: join(run, 'kubelet-plugins'), podLogsDir: join(logs, 'pods'), nodeStatusUpdateFrequency: '5s', syncFrequency: '10s',
  }
}

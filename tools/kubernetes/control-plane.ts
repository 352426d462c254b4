import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { NODE_ADDRESS, POD_RANGE, SERVICE_RANGE } from './cluster-network.ts'
import { flagsOf } from './flags.ts'
import { kubeconfigOf } from './kubeconfigs.ts'
import { tryKubectl } from './kubectl.ts'
import { endOfLog, startServer, type ServerPlan } from './server-process.ts'
import { waitUntil } from './wait-until.ts'

/** Starts etcd, the API server, the controllers and the scheduler; resolves once a namespace can take pods. */
export async function startControlPlane(layout: ClusterLayout): Promise<void> {
  await startServer(layout, planEtcd(layout))
  await startServer(layout, planApiServer(layout))
  await waitUntil('the API server is ready', API_SERVER_TIMEOUT_MS, async () => (await tryKubectl(layout, ['get', '--raw', '/readyz'])).status === 0, () => endOfLog(layout, 'kube-apiserver'))
  await startServer(layout, planControllerManager(layout))
  await startServer(layout, planScheduler(layout))
  const hasAccount = async (): Promise<boolean> => (await tryKubectl(layout, ['-n', 'default', 'get', 'serviceaccount', 'default'])).status === 0
  await waitUntil('the controllers make the first service account', CONTROLLERS_TIMEOUT_MS, hasAccount, () => endOfLog(layout, 'kube-controller-manager'))
}

/** Ten seconds on two idle cores. */
const API_SERVER_TIMEOUT_MS = 120_000
const CONTROLLERS_TIMEOUT_MS = 60_000

const ETCD_URL = `http://${NODE_ADDRESS}:2379`
const ETCD_PEER_URL = `http://${NODE_ADDRESS}:2380`

function planEtcd({ programs, run }: ClusterLayout): ServerPlan {
  return {
    name: 'etcd', command: join(programs, 'etcd'),
    args: [...flagsOf({
      name: 'millrace', 'data-dir': join(run, 'etcd'), 'listen-client-urls': ETCD_URL, 'advertise-client-urls': ETCD_URL, 'listen-peer-urls': ETCD_PEER_URL,
      'initial-advertise-peer-urls': ETCD_PEER_URL, 'initial-cluster': `millrace=${ETCD_PEER_URL}`, 'log-level': 'warn',
    }), '--unsafe-no-fsync'], // the cluster does not outlive the machine
  }
}

function planApiServer({ programs, certificates }: ClusterLayout): ServerPlan {
  const file = (name: string): string => join(certificates, name)
  return {
    name: 'kube-apiserver', command: join(programs, 'kube-apiserver'),
    args: flagsOf({
      'etcd-servers': ETCD_URL, 'bind-address': NODE_ADDRESS, 'advertise-address': NODE_ADDRESS, 'secure-port': '6443', 'service-cluster-ip-range': SERVICE_RANGE,
      'authorization-mode': 'Node,RBAC', 'enable-admission-plugins': 'NodeRestriction', 'allow-privileged': 'true',
      'client-ca-file': file('ca.crt'), 'tls-cert-file': file('apiserver.crt'), 'tls-private-key-file': file('apiserver.key'),
      'kubelet-client-certificate': file('apiserver-kubelet-client.crt'), 'kubelet-client-key': file('apiserver-kubelet-client.key'), 'kubelet-certificate-authority': file('ca.crt'),
      'kubelet-preferred-address-types': 'InternalIP',
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local', 'service-account-key-file': file('service-accounts.pub'), 'service-account-signing-key-file': file('service-accounts.key'),
      'requestheader-client-ca-file': file('front-proxy-ca.crt'), 'requestheader-allowed-names': 'front-proxy-client', 'requestheader-username-headers': 'X-Remote-User',
      'requestheader-group-headers': 'X-Remote-Group', 'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
      'proxy-client-cert-file': file('front-proxy-client.crt'), 'proxy-client-key-file': file('front-proxy-client.key'), 'enable-aggregator-routing': 'true',
    }),
  }
}

function planControllerManager({ programs, certificates, kubeconfigs }: ClusterLayout): ServerPlan {
  const file = (name: string): string => join(certificates, name)
  return {
    name: 'kube-controller-manager', command: join(programs, 'kube-controller-manager'),
    args: flagsOf({
      ...clientFlags(kubeconfigOf(kubeconfigs, 'controller-manager')), 'use-service-account-credentials': 'true', 'service-account-private-key-file': file('service-accounts.key'), 'root-ca-file': file('ca.crt'),
      'cluster-signing-cert-file': file('ca.crt'), 'cluster-signing-key-file': file('ca.key'), 'service-cluster-ip-range': SERVICE_RANGE, 'cluster-cidr': POD_RANGE, 'allocate-node-cidrs': 'false',
    }),
  }
}

function planScheduler({ programs, kubeconfigs }: ClusterLayout): ServerPlan {
  return { name: 'kube-scheduler', command: join(programs, 'kube-scheduler'), args: flagsOf(clientFlags(kubeconfigOf(kubeconfigs, 'scheduler'))) }
}

/** There is one of each, so none has to be elected, which would take its time at each start. */
function clientFlags(kubeconfig: string): Readonly<Record<string, string>> {
  return { kubeconfig, 'authentication-kubeconfig': kubeconfig, 'authorization-kubeconfig': kubeconfig, 'bind-address': NODE_ADDRESS, 'leader-elect': 'false' }
}

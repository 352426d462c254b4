import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClusterLayout } from './cluster-layout.ts'
import { API_URL } from './cluster-network.ts'

/** The users of the API server that are no service accounts; each has a certificate of its name. */
const USERS = ['admin', 'controller-manager', 'scheduler', 'kube-proxy', 'kubelet'] as const

/** Writes one kubeconfig for each user, complete in itself. */
export async function writeKubeconfigs({ certificates, kubeconfigs }: ClusterLayout): Promise<void> {
  await mkdir(kubeconfigs, { recursive: true, mode: 0o700 })
  const base64 = async (name: string): Promise<string> => (await readFile(join(certificates, name))).toString('base64')
  for (const user of USERS) {
    const kubeconfig = {
      apiVersion: 'v1', kind: 'Config', 'current-context': 'millrace',
      clusters: [{ name: 'millrace', cluster: { server: API_URL, 'certificate-authority-data': await base64('ca.crt') } }],
      users: [{ name: user, user: { 'client-certificate-data': await base64(`${user}.crt`), 'client-key-data': await base64(`${user}.key`) } }],
      contexts: [{ name: 'millrace', context: { cluster: 'millrace', user } }],
    }
    await writeFile(kubeconfigOf(kubeconfigs, user), JSON.stringify(kubeconfig, undefined, 2), { mode: 0o600 })
  }
}

/** JSON is YAML too. */
export function kubeconfigOf(folder: string, user: (typeof USERS)[number]): string {
  return join(folder, `${user}.conf`)
}

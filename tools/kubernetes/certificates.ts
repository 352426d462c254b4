import { generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { API_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME } from './cluster-network.ts'
import { runProgram } from './run-program.ts'

/** One certificate of the cluster; `<name>.crt` and `<name>.key` hold it. */
export interface CertificatePlan {
  readonly name: string
  /** The authority that signs it; an authority signs itself. */
  readonly authority?: string
  /** A user's name and group in Kubernetes are the common name and the organisation of its certificate. */
  readonly subject: string
  readonly usage?: 'serverAuth' | 'clientAuth'
  /** As `DNS:…` and `IP:…`. */
  readonly alternativeNames?: readonly string[]
}

const AUTHORITIES: readonly CertificatePlan[] = [{ name: 'ca', subject: '/CN=kubernetes-ca' }, { name: 'front-proxy-ca', subject: '/CN=front-proxy-ca' }]

const API_SERVER_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost']

const CERTIFICATES: readonly CertificatePlan[] = [
  { name: 'apiserver', subject: '/CN=kube-apiserver', usage: 'serverAuth', alternativeNames: [...API_SERVER_NAMES.map((name) => `DNS:${name}`), 'IP:127.0.0.1', `IP:${NODE_ADDRESS}`, `IP:${API_SERVICE_ADDRESS}`] },
  { name: 'apiserver-kubelet-client', subject: '/O=system:masters/CN=apiserver-kubelet-client', usage: 'clientAuth' },
  { name: 'front-proxy-client', authority: 'front-proxy-ca', subject: '/CN=front-proxy-client', usage: 'clientAuth' },
  { name: 'admin', subject: '/O=system:masters/CN=admin', usage: 'clientAuth' },
  { name: 'controller-manager', subject: '/CN=system:kube-controller-manager', usage: 'clientAuth' },
  { name: 'scheduler', subject: '/CN=system:kube-scheduler', usage: 'clientAuth' },
  { name: 'kube-proxy', subject: '/CN=system:kube-proxy', usage: 'clientAuth' },
  { name: 'kubelet', subject: `/O=system:nodes/CN=system:node:${NODE_NAME}`, usage: 'clientAuth' },
  { name: 'kubelet-server', subject: `/CN=${NODE_NAME}`, usage: 'serverAuth', alternativeNames: [`DNS:${NODE_NAME}`, `IP:${NODE_ADDRESS}`] },
]

/** Makes the two authorities, all certificates and the key that signs the tokens of service accounts. */
export async function makeCertificates(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await Promise.all(AUTHORITIES.map((plan) => makeCertificate(folder, plan)))
  await Promise.all(CERTIFICATES.map((plan) => makeCertificate(folder, { authority: 'ca', ...plan })))
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(join(folder, 'service-accounts.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  await writeFile(join(folder, 'service-accounts.pub'), publicKey.export({ type: 'spki', format: 'pem' }))
}

async function makeCertificate(folder: string, plan: CertificatePlan): Promise<void> {
  const path = join(folder, plan.name)
  await writeFile(`${path}.cnf`, opensslConfigOf(plan))
  const signer = plan.authority === undefined ? [] : ['-CA', join(folder, `${plan.authority}.crt`), '-CAkey', join(folder, `${plan.authority}.key`)]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${path}.key`]
  await runProgram('openssl', ['req', '-x509', '-config', `${path}.cnf`, ...key, ...signer, '-days', String(LIFETIME_DAYS), '-subj', plan.subject, '-out', `${path}.crt`])
}

/** A cluster for development is made anew long before. */
const LIFETIME_DAYS = 365

/** Everything that goes into the certificate but its subject. */
export function opensslConfigOf({ authority, usage, alternativeNames = [] }: CertificatePlan): string {
  const purpose = authority === undefined
    ? ['basicConstraints = critical, CA:TRUE', 'keyUsage = critical, keyCertSign, cRLSign']
    : ['basicConstraints = critical, CA:FALSE', 'keyUsage = critical, digitalSignature, keyEncipherment', `extendedKeyUsage = ${usage ?? 'clientAuth'}`]
  const names = alternativeNames.length === 0 ? [] : [`subjectAltName = ${alternativeNames.join(', ')}`]
  return ['[req]', 'distinguished_name = subject', 'x509_extensions = extensions', '[subject]', '[extensions]', 'subjectKeyIdentifier = hash', ...purpose, ...names, ''].join('\n')
}

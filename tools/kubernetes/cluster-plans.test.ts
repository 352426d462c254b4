import { X509Certificate } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from './certificates.ts'
import { cgroupFolders, cgroupHierarchies } from './cgroups.ts'
import { layoutOf } from './cluster-layout.ts'
import { goModuleOf } from './go-module.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { kubeconfigOf, writeKubeconfigs } from './kubeconfigs.ts'
import { linksOf } from './links.ts'
import { mountsBelow } from './mounts.ts'
import { findReady } from './programs.ts'
import { recordedServers } from './server-process.ts'
import { isWithin } from './tear-down.ts'

describe('the parts of a cluster on this machine', () => {
  let folder = ''
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'kubernetes-')) })
  afterEach(() => { rmSync(folder, { recursive: true }) })

  it('have certificates that their authority has signed, and kubeconfigs that hold them', async () => {
    const layout = layoutOf(folder)
    await makeCertificates(layout.certificates)
    const read = (name: string): X509Certificate => new X509Certificate(readFileSync(join(layout.certificates, `${name}.crt`)))
    const authority = read('ca')
    expect(authority.ca).toBe(true)
    const server = read('apiserver')
    expect(server.verify(authority.publicKey)).toBe(true)
    expect(server.ca).toBe(false)
    expect(server.checkIP('10.96.0.1')).toBe('10.96.0.1')
    expect(server.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc')
    expect(read('kubelet').subject).toBe('O=system:nodes\nCN=system:node:millrace')
    expect(read('front-proxy-client').verify(read('front-proxy-ca').publicKey)).toBe(true)
    await writeKubeconfigs(layout)
    const config = JSON.parse(readFileSync(kubeconfigOf(layout.kubeconfigs, 'admin'), 'utf8')) as { users: [{ user: { 'client-certificate-data': string } }] }
    expect(new X509Certificate(Buffer.from(config.users[0].user['client-certificate-data'], 'base64')).subject).toContain('system:masters')
  })

  it('are nothing before the first start', () => {
    expect(recordedServers(layoutOf(folder))).toEqual([])
  })

  it('know their processes by the folder in which they work', () => {
    expect(isWithin('/c/run', '/c/run')).toBe(true)
    expect(isWithin('/c/run', '/c/run/containerd/state')).toBe(true)
    expect(isWithin('/c/run', '/c/runner')).toBe(false)
    expect(isWithin('/c/run', '/')).toBe(false)
  })

  it('finds links by their names and the bridge that they are on', () => {
    expect(linksOf([{ ifname: 'eth0' }, { ifname: 'millrace-pods' }, { ifname: 'veth1', master: 'millrace-pods' }, { ifname: 'veth2', master: 'docker0' }, { ifname: 'millrace-node' }]))
      .toEqual(['veth1', 'millrace-pods', 'millrace-node'])
  })

  it('finds mounts below its folder only, the last one first', () => {
    const line = (path: string): string => `1 2 3:4 / ${path} rw - ext4 /dev/vda rw`
    expect(mountsBelow('/c/run', ['/', '/c/run', '/c/run/a', '/c/runner/b', String.raw`/c/run/a/with\040space`].map(line).join('\n'))).toEqual(['/c/run/a/with space', '/c/run/a'])
  })

  it('finds cgroups in each hierarchy, the deepest first', () => {
    for (const path of ['memory/own/pods', 'pids/own']) mkdirSync(join(folder, path), { recursive: true })
    for (const name of ['memory', 'pids']) writeFileSync(join(folder, name, 'cgroup.procs'), '')
    expect(cgroupHierarchies(folder)).toEqual([join(folder, 'memory'), join(folder, 'pids')])
    writeFileSync(join(folder, 'cgroup.controllers'), 'memory')
    expect(cgroupHierarchies(folder)).toEqual([folder])
    expect(cgroupFolders('no-such-cgroup')).toEqual([])
  })

  it('takes ready programs plain or compressed, and says which is missing', () => {
    writeFileSync(join(folder, 'kube-all.zst'), '')
    expect(findReady(folder, 'kube-all')).toBe(join(folder, 'kube-all.zst'))
    expect(() => findReady(folder, 'coredns')).toThrow(new KubernetesError(`MILLRACE_KUBERNETES_BIN names ${folder}, which has neither coredns nor coredns.zst`))
  })
})

describe('the go.mod of a program that is made of one module', () => {
  it('requires what the module requires, parts of Kubernetes at their published versions', () => {
    const goMod = 'module k8s.io/kubernetes\n\ngo 1.24.0\n\ngodebug default=go1.24\n\nrequire (\n\tgo.etcd.io/etcd/server/v3 v3.6.4\n\tk8s.io/api v0.0.0\n\tgithub.com/x/y v1.2.0 // indirect\n)\n\nreplace (\n\tk8s.io/api => ./staging/src/k8s.io/api\n)\n'
    expect(goModuleOf(goMod, { name: 'kube-all', path: 'k8s.io/kubernetes', version: 'v1.34.4' })).toBe(
      'module millrace.invalid/kube-all\ngo 1.24.0\ngodebug default=go1.24\nrequire (\n\tk8s.io/kubernetes v1.34.4\n\tgo.etcd.io/etcd/server/v3 v3.6.4\n\tk8s.io/api v0.34.4\n\tgithub.com/x/y v1.2.0\n)\nreplace (\n\tk8s.io/api => k8s.io/api v0.34.4\n)\n',
    )
  })
})

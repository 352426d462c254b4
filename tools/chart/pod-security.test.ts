import { restrictedViolations, type Container, type PodSpec } from './pod-security.ts'

const goodContainer: Container = { name: 'app', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }
const goodPod: PodSpec = { securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }, containers: [goodContainer], volumes: [{ name: 'tmp', emptyDir: {} }] }

describe('the Pod Security Standard "restricted"', () => {
  it('lets a good pod through', () => {
    expect(restrictedViolations(goodPod)).toEqual([])
  })

  it.each<[string, PodSpec, string]>([
    ['says nothing', { containers: [{ name: 'app' }] }, 'app: allowPrivilegeEscalation is not false, app: runAsNonRoot is not true, app: seccompProfile is neither RuntimeDefault nor Localhost, app: capabilities do not drop ALL'],
    ['is on the host network', { ...goodPod, hostNetwork: true }, 'hostNetwork'],
    ['sees the processes of the host', { ...goodPod, hostPID: true }, 'hostPID'],
    ['mounts a folder of the host', { ...goodPod, volumes: [{ name: 'etc', hostPath: { path: '/etc' } }] }, 'volume etc is of a type that is not allowed'],
    ['runs as root', { ...goodPod, securityContext: { ...goodPod.securityContext, runAsUser: 0 } }, 'runAsUser 0'],
    ['sets a dangerous sysctl', { ...goodPod, securityContext: { ...goodPod.securityContext, sysctls: [{ name: 'kernel.msgmax' }] } }, 'sysctl kernel.msgmax'],
    ['turns seccomp off for a container', withContainer({ seccompProfile: { type: 'Unconfined' } }), 'app: seccompProfile is neither RuntimeDefault nor Localhost'],
    ['lets one container run as root', withContainer({ runAsNonRoot: false }), 'app: runAsNonRoot is not true'],
    ['is privileged', withContainer({ privileged: true }), 'app: privileged'],
    ['adds a capability', withContainer({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'SYS_ADMIN'] } }), 'app: capability SYS_ADMIN'],
    ['has a port of the host', { ...goodPod, containers: [{ ...goodContainer, ports: [{ hostPort: 80 }] }] }, 'app: hostPort'],
    ['begins with a bad container', { ...goodPod, initContainers: [{ name: 'init', securityContext: { capabilities: { drop: ['ALL'] } } }] }, 'init: allowPrivilegeEscalation is not false'],
  ])('refuses a pod that %s', (_, pod, violations) => {
    expect(restrictedViolations(pod).join(', ')).toBe(violations)
  })
})

function withContainer(securityContext: Container['securityContext']): PodSpec {
  return { ...goodPod, containers: [{ name: 'app', securityContext: { ...goodContainer.securityContext, ...securityContext } }] }
}

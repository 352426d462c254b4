/**
 * What of a pod the Pod Security Standard "restricted" refuses, as the API server does with the label `pod-security.kubernetes.io/enforce: restricted`; a line for
 * each, with the path. Written from https://kubernetes.io/docs/concepts/security/pod-security-standards/, whose order it keeps.
 */
export function restrictedViolations(pod: PodSpec): readonly string[] {
  const containers = [...(pod.containers ?? []), ...(pod.initContainers ?? []), ...(pod.ephemeralContainers ?? [])]
  const each = (check: (container: Container, security: SecurityContext) => readonly (string | false)[]): readonly string[] =>
    containers.flatMap((container) => check(container, container.securityContext ?? {}).filter((finding) => finding !== false).map((finding) => `${container.name}: ${finding}`))
  const podSecurity = pod.securityContext ?? {}
  const ofPod: readonly (string | false)[] = [
    (podSecurity.windowsOptions?.hostProcess ?? false) && 'windowsOptions.hostProcess',
    (pod.hostNetwork ?? false) && 'hostNetwork',
    (pod.hostPID ?? false) && 'hostPID',
    (pod.hostIPC ?? false) && 'hostIPC',
    ...(pod.volumes ?? []).map((volume) => !Object.keys(volume).every((key) => key === 'name' || VOLUMES.has(key)) && `volume ${volume.name} is of a type that is not allowed`),
    podSecurity.appArmorProfile?.type === 'Unconfined' && 'appArmorProfile Unconfined',
    !isAllowedSeLinux(podSecurity) && 'seLinuxOptions',
    ...(podSecurity.sysctls ?? []).map(({ name }) => !SYSCTLS.has(name) && `sysctl ${name}`),
    podSecurity.runAsUser === 0 && 'runAsUser 0',
    podSecurity.seccompProfile !== undefined && !SECCOMP.has(podSecurity.seccompProfile.type) && `seccompProfile ${podSecurity.seccompProfile.type}`,
  ]
  return [
    ...ofPod.filter((finding) => finding !== false),
    ...each((container, security) => [
      (security.windowsOptions?.hostProcess ?? false) && 'windowsOptions.hostProcess',
      (security.privileged ?? false) && 'privileged',
      (container.ports ?? []).some(({ hostPort = 0 }) => hostPort !== 0) && 'hostPort',
      security.appArmorProfile?.type === 'Unconfined' && 'appArmorProfile Unconfined',
      !isAllowedSeLinux(security) && 'seLinuxOptions',
      !['Default', undefined].includes(security.procMount) && `procMount ${security.procMount}`,
      security.allowPrivilegeEscalation !== false && 'allowPrivilegeEscalation is not false',
      !(security.runAsNonRoot ?? podSecurity.runAsNonRoot ?? false) && 'runAsNonRoot is not true',
      security.runAsUser === 0 && 'runAsUser 0',
      !SECCOMP.has((security.seccompProfile ?? podSecurity.seccompProfile)?.type ?? '') && 'seccompProfile is neither RuntimeDefault nor Localhost',
      !(security.capabilities?.drop ?? []).includes('ALL') && 'capabilities do not drop ALL',
      ...(security.capabilities?.add ?? []).map((capability) => capability !== 'NET_BIND_SERVICE' && `capability ${capability}`),
    ]),
  ]
}

/** What the standard looks at. */
export interface PodSpec {
  readonly containers?: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly ephemeralContainers?: readonly Container[]
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[]
  readonly securityContext?: SecurityContext
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
}

export interface Container {
  readonly name: string
  readonly ports?: readonly { readonly hostPort?: number }[]
  readonly securityContext?: SecurityContext
}

interface SecurityContext {
  readonly privileged?: boolean
  readonly procMount?: string
  readonly allowPrivilegeEscalation?: boolean
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly seccompProfile?: { readonly type: string }
  readonly appArmorProfile?: { readonly type: string }
  readonly seLinuxOptions?: { readonly type?: string; readonly user?: string; readonly role?: string }
  readonly windowsOptions?: { readonly hostProcess?: boolean }
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  readonly sysctls?: readonly { readonly name: string }[]
}

const VOLUMES = new Set(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'])
const SECCOMP = new Set(['RuntimeDefault', 'Localhost'])
const SELINUX_TYPES = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'])
const SYSCTLS = new Set([
  'kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem',
])

function isAllowedSeLinux({ seLinuxOptions: { type = '', user = '', role = '' } = {} }: SecurityContext): boolean {
  return SELINUX_TYPES.has(type) && user === '' && role === ''
}

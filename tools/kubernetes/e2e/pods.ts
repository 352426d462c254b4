import type { ClusterApi } from './cluster-api.ts'

/** What the runs need of a pod. */
export interface Pod {
  readonly name: string
  /** The label `app.kubernetes.io/component`. */
  readonly app: string
  /** Empty until it has one. */
  readonly ip: string
  readonly phase: string
  /** Takes work: ready, and not on its way out. */
  readonly isReady: boolean
  readonly isEnding: boolean
  readonly restarts: number
  /** Of the first container, as containerd knows it; empty before it starts. */
  readonly containerId: string
  readonly image: string
}

export async function listPods(api: ClusterApi, namespace: string): Promise<readonly Pod[]> {
  return podsOf(await api.get(`/api/v1/namespaces/${namespace}/pods`))
}

/** Reads the API's PodList. */
export function podsOf(list: unknown): readonly Pod[] {
  return (list as PodList).items.map(({ metadata, status, spec }) => {
    const container = status.containerStatuses?.[0]
    const isEnding = metadata.deletionTimestamp !== undefined
    return {
      name: metadata.name, app: metadata.labels?.['app.kubernetes.io/component'] ?? '', ip: status.podIP ?? '', phase: status.phase ?? '', isEnding,
      isReady: !isEnding && (status.conditions?.some(({ type, status: state }) => type === 'Ready' && state === 'True') ?? false),
      restarts: container?.restartCount ?? 0, containerId: (container?.containerID ?? '').replace(/^containerd:\/\//, ''), image: spec.containers[0]?.image ?? '',
    }
  })
}

/** The part of Kubernetes' PodList that is read. */
interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>>; readonly deletionTimestamp?: string }
    readonly spec: { readonly containers: readonly { readonly image?: string }[] }
    readonly status: {
      readonly phase?: string
      readonly podIP?: string
      readonly conditions?: readonly { readonly type: string; readonly status: string }[]
      readonly containerStatuses?: readonly { readonly restartCount: number; readonly containerID?: string }[]
    }
  }[]
}

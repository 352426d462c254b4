import { join } from 'node:path'
import { toolHome } from '../process/tool-home.ts'
import { KUBERNETES_VERSION } from './versions.ts'

/** Where everything of the cluster lies. */
export interface ClusterLayout {
  readonly home: string
  /** Kubernetes' programs: kept, since building them takes minutes. */
  readonly programs: string
  /** Image tars of the node's own pods, made from the programs: kept. */
  readonly images: string
  /** All state of one cluster. {@link tearDown} removes it. */
  readonly run: string
  readonly certificates: string
  readonly kubeconfigs: string
  /** Of the administrator. */
  readonly kubeconfig: string
  readonly logs: string
  /** Which processes are servers of the cluster. */
  readonly records: string
  readonly containerdSocket: string
  readonly kubectl: string
}

export function layoutOf(home: string): ClusterLayout {
  const run = join(home, 'run')
  const kubeconfigs = join(run, 'kubeconfigs')
  const programs = join(home, 'programs', KUBERNETES_VERSION)
  return {
    home, programs, run, kubeconfigs, images: join(home, 'images', KUBERNETES_VERSION), certificates: join(run, 'certificates'), kubeconfig: join(kubeconfigs, 'admin.conf'),
    logs: join(run, 'logs'), records: join(run, 'records'), containerdSocket: join(run, 'containerd', 'containerd.sock'), kubectl: join(programs, 'kubectl'),
  }
}

/** `KUBERNETES_HOME`, or a folder of the user's cache; root's lies where those of the engines do. */
export function kubernetesHome(): string {
  return toolHome('KUBERNETES_HOME', 'kubernetes')
}

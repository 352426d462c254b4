import type { Container, PodSpec } from './pod-security.ts'
import type { Manifest } from './render-chart.ts'

/** A pod of the chart, as the object that makes it describes it. */
export interface ChartPod {
  readonly owner: Manifest
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: ChartPodSpec
}

export interface ChartPodSpec extends PodSpec {
  readonly containers: readonly ChartContainer[]
  readonly volumes: readonly ChartVolume[]
  readonly enableServiceLinks?: boolean
  readonly automountServiceAccountToken?: boolean
  readonly serviceAccountName?: string
  readonly terminationGracePeriodSeconds?: number
  readonly imagePullSecrets?: readonly { readonly name: string }[]
  readonly topologySpreadConstraints?: readonly Readonly<Record<string, unknown>>[]
}

export interface ChartContainer extends Container {
  readonly image: string
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly hostPort?: number }[]
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[]
  readonly resources?: { readonly requests?: Readonly<Record<string, string>>; readonly limits?: Readonly<Record<string, string>> }
  readonly startupProbe?: Probe
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
}

interface Probe {
  readonly exec?: { readonly command: readonly string[] }
  readonly httpGet?: { readonly path: string; readonly port: string }
  readonly tcpSocket?: { readonly port: string }
}

interface Items {
  readonly items?: readonly { readonly key: string; readonly path: string }[]
}

export interface ChartVolume {
  readonly name: string
  readonly configMap?: Items & { readonly name: string }
  readonly secret?: Items & { readonly secretName: string }
  readonly [type: string]: unknown
}

const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'Job', 'DaemonSet', 'CronJob', 'ReplicaSet', 'Pod'])

/** All pods that these objects make. @throws for an object that makes pods in a way the chart does not use: its pods would go unchecked. */
export function podsOf(manifests: readonly Manifest[]): readonly ChartPod[] {
  return manifests.filter(({ kind }) => WORKLOADS.has(kind)).map((owner) => {
    const { spec } = owner.kind === 'CronJob' ? (owner.spec?.['jobTemplate'] as Pick<Manifest, 'spec'>) : owner
    const template = spec?.['template'] as { readonly metadata?: Partial<Pick<ChartPod, 'labels' | 'annotations'>>; readonly spec: ChartPodSpec } | undefined
    if (template === undefined) throw new Error(`${owner.kind} ${owner.metadata.name} has no template of a pod`)
    return { owner, labels: template.metadata?.labels ?? {}, annotations: template.metadata?.annotations ?? {}, spec: template.spec }
  })
}

/** Whether a pod with these labels is selected. */
export function isSelected(labels: Readonly<Record<string, string>>, selector: Readonly<Record<string, string>>): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value)
}

/** The component that a pod or an object belongs to. */
export function componentOf(labels: Readonly<Record<string, string>> = {}): string {
  return labels['app.kubernetes.io/component'] ?? ''
}

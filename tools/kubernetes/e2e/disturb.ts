import { setTimeout as sleep } from 'node:timers/promises'
import { askContainerd } from '../container-runtime.ts'
import type { ClusterLayout } from '../cluster-layout.ts'
import { KubernetesError } from '../kubernetes-error.ts'
import { waitUntil } from '../wait-until.ts'
import type { ClusterApi } from './cluster-api.ts'
import { listPods, type Pod } from './pods.ts'

export interface Target {
  readonly layout: ClusterLayout
  readonly api: ClusterApi
  readonly namespace: string
  /** Of the deployments: `<fullname>-<app>`. */
  readonly fullname: string
}

/** A pod may need to be scheduled, started, and found ready on cores that also serve the load; engines take more of them than the apps. */
const READY_TIMEOUT_MS = 120_000
/** The pods' own grace period of 40 s, and some for the kubelet. */
const GONE_TIMEOUT_MS = 90_000

/** Sets the number of an app's pods and waits until so many take work and no other is there. */
export async function scaleTo(target: Target, app: string, replicas: number): Promise<void> {
  const { api, namespace, fullname } = target
  await api.patch(`/apis/apps/v1/namespaces/${namespace}/deployments/${fullname}-${app}`, { spec: { replicas } })
  await waitForPods(target, app, replicas)
}

/** Removes a pod of the app at once: the API forgets it while its process is killed. Resolves once the app has as many as before. */
export async function deleteAtOnce(target: Target, app: string): Promise<void> {
  const { api, namespace } = target
  const { length: count } = await podsOfApp(target, app)
  const pod = await readyPod(target, app)
  await api.remove(`/api/v1/namespaces/${namespace}/pods/${pod.name}`, { gracePeriodSeconds: 0 })
  await waitUntil(`${pod.name} is gone`, GONE_TIMEOUT_MS, async () => !(await podsOfApp(target, app)).some(({ name }) => name === pod.name))
  await waitForPods(target, app, count)
}

/** Kills the process of a pod's container, which the kubelet then starts again in the same pod. */
export async function killContainer(target: Target, app: string): Promise<void> {
  const { length: count } = await podsOfApp(target, app)
  const { name, containerId, restarts } = await readyPod(target, app)
  process.kill(await containerPid(target.layout, containerId), 'SIGKILL')
  const podNow = async (): Promise<Pod | undefined> => (await podsOfApp(target, app)).find((pod) => pod.name === name)
  await waitUntil(`${name} is started again`, READY_TIMEOUT_MS, async () => ((await podNow())?.restarts ?? 0) > restarts)
  await waitForPods(target, app, count)
}

/** Of the container's first process, in the numbers of this machine. @throws {KubernetesError} the container does not run. */
export async function containerPid(layout: ClusterLayout, containerId: string): Promise<number> {
  const { stdout } = await askContainerd(layout, ['tasks', 'list'])
  return pidOf(stdout, containerId)
}

/** Reads what `ctr tasks list` prints: a line with id, pid and state for each. */
export function pidOf(list: string, containerId: string): number {
  const pid = list.split('\n').map((line) => line.trim().split(/\s+/)).find(([id, , state]) => id === containerId && state === 'RUNNING')?.[1]
  if (pid === undefined) throw new KubernetesError(`the container ${containerId} does not run`)
  return Number(pid)
}

/** Waits until the app has exactly so many pods, all of which take work. */
export async function waitForPods(target: Target, app: string, count: number): Promise<void> {
  let pods: readonly Pod[] = []
  const isDone = async (): Promise<boolean> => {
    pods = await podsOfApp(target, app)
    return pods.length === count && pods.every(({ isReady }) => isReady)
  }
  await waitUntil(`${app} has ${count} ready`, Math.max(READY_TIMEOUT_MS, GONE_TIMEOUT_MS), isDone, () => JSON.stringify(pods))
  await sleep(SPREAD_MS)
}

/** Until kube-proxy and the DNS know of the change. */
const SPREAD_MS = 1000

async function podsOfApp({ api, namespace }: Target, app: string): Promise<readonly Pod[]> {
  return (await listPods(api, namespace)).filter((pod) => pod.app === app && pod.phase !== 'Succeeded' && pod.phase !== 'Failed')
}

export async function readyPod(target: Target, app: string): Promise<Pod> {
  const pod = (await podsOfApp(target, app)).find(({ isReady }) => isReady)
  if (pod === undefined) throw new KubernetesError(`no pod of ${app} is ready`)
  return pod
}

import { setTimeout as sleep } from 'node:timers/promises'
import { MAX_IDLE_BYTES, MAX_START_MS } from '../../images/goals.ts'
import type { ClusterLayout } from '../cluster-layout.ts'
import { openClusterApi, type ClusterApi } from './cluster-api.ts'
import { deleteAtOnce, killContainer, scaleTo, waitForPods, type Target } from './disturb.ts'
import { loadWhile, type ClusterLoadOptions, type ClusterLoadReport } from './load-cluster.ts'
import { measureIdle, measureStart, type AppMeasure } from './measure-apps.ts'
import { listPods } from './pods.ts'
import type { Release } from './release.ts'
import { findRemains } from './remains.ts'
import type { Steps } from './steps.ts'
import { KubernetesError } from '../kubernetes-error.ts'
import { waitUntil } from '../wait-until.ts'

/** The services of the chart, each a deployment. */
export const APPS = ['gateway', 'intake', 'router', 'writer', 'indexer', 'query'] as const

export interface E2eOptions extends Pick<ClusterLoadOptions, 'folder' | 'rate' | 'batch' | 'tenants' | 'queries' | 'seed'> {
  readonly layout: ClusterLayout
  readonly release: Release
  readonly namespace: string
  readonly fullname: string
  /** Where the gateway's node port is reached. */
  readonly url: string
  readonly tag: string
  readonly nextTag: string
  readonly steps: Steps
}

export interface E2eReport {
  readonly apps: readonly AppMeasure[]
  readonly loaded: ClusterLoadReport
  readonly problems: readonly string[]
  /** Goals that a figure did not reach: it depends on the machine, and is no fault of what was done to the release. */
  readonly missed: readonly string[]
}

/** From an empty cluster over everything that is done to a release in its life, under load, back to an empty cluster. */
export async function runE2e(options: E2eOptions): Promise<E2eReport> {
  const { layout, release, namespace, fullname, steps, tag } = options
  using api = await openClusterApi(layout)
  const target: Target = { layout, api, namespace, fullname }
  const problems: string[] = []
  await steps.step('namespace', () => createNamespace(api, namespace))
  await steps.step('helm install --wait', () => release.install([`image.tag=${tag}`]))
  await steps.step('helm test', () => release.test())
  const apps = await steps.step('idle memory and start of each app', () => measureApps(target))
  const missed: string[] = []
  for (const { app, startMs, idleBytes } of apps) {
    if (Number.isNaN(startMs) || Number.isNaN(idleBytes)) problems.push(`${app} could not be measured`)
    if (startMs >= MAX_START_MS) missed.push(`${app} was ready only after ${Math.round(startMs)} ms`)
    if (idleBytes >= MAX_IDLE_BYTES) missed.push(`${app} takes ${Math.round(idleBytes / 1e6)} MB while it has nothing to do`)
  }
  const adminKey = await readKey(api, options, 'admin-key')
  await steps.step('the gateway finds the pods that were started anew', () => waitForAnswer(options.url, adminKey))
  const loaded = await loadWhile({ ...options, adminKey, phaseOf: () => steps.current() }, () => disturbAll(options, target))
  await steps.step('helm uninstall', () => release.uninstall())
  problems.push(...(await steps.step('nothing is left in the namespace', () => whatRemains(api, namespace))).map((name) => `helm uninstall left ${name}`))
  problems.push(...problemsOf(loaded))
  await steps.step('standalone: install, test, uninstall', async () => {
    await release.install([`image.tag=${tag}`, ...STANDALONE])
    await release.test()
    await release.uninstall()
  })
  problems.push(...(await whatRemains(api, namespace)).map((name) => `helm uninstall of the standalone left ${name}`))
  return { apps, loaded, problems, missed }
}

/** One pod without engines. */
const STANDALONE = ['mode=standalone', 'engines.bundled=false', 'standalone.persistence.enabled=false']

/** Services give memory back after half a minute of quiet, which begins when the chart's tests have gone through; as much again for cores that still have engines to settle. */
const SETTLE_MS = 75_000
/** Before the first change, between two and after the last: the load meets a cluster that is left alone, too. */
const QUIET_MS = 10_000

/** Each app had one pod, which was removed for the measure: the gateway finds the new one when the name server tells of it. */
async function waitForAnswer(url: string, adminKey: string): Promise<void> {
  await waitUntil('query answers', FOUND_TIMEOUT_MS, async () => {
    const answer = await fetch(`${url}/v1/status`, { headers: { authorization: `Bearer ${adminKey}` } })
    await answer.arrayBuffer()
    return answer.status === 200
  })
}

/** Name servers remember answers for up to half a minute. */
const FOUND_TIMEOUT_MS = 60_000

async function measureApps(target: Target): Promise<readonly AppMeasure[]> {
  await sleep(SETTLE_MS)
  const idle = await measureIdle(target, APPS)
  const measures: AppMeasure[] = []
  for (const app of APPS) measures.push({ app, startMs: await measureStart(target, app), idleBytes: idle.get(app) ?? NaN })
  return measures
}

/** Everything that a release goes through while it works. */
async function disturbAll({ release, steps, tag, nextTag }: E2eOptions, target: Target): Promise<void> {
  const quiet = (name: string): Promise<void> => steps.step(name, async () => { await sleep(QUIET_MS) })
  await quiet('nothing is done')
  await steps.step('upgrade', async () => {
    await release.upgrade([`image.tag=${nextTag}`, CHANGED_SETTING])
    await allHave(target, nextTag)
  })
  for (const app of APPS) {
    await steps.step(`${app} 1 to 3`, () => scaleTo(target, app, 3))
    await steps.step(`${app} 3 to 1`, () => scaleTo(target, app, 1))
  }
  for (const app of ON_THE_WAY_IN) await steps.step(`${app} 1 to 2`, () => scaleTo(target, app, 2))
  for (const app of APPS) await steps.step(`${app}: a pod deleted at once`, () => deleteAtOnce(target, app))
  for (const app of APPS) await steps.step(`${app}: a container killed`, () => killContainer(target, app))
  for (const app of ON_THE_WAY_IN) await steps.step(`${app} 2 to 1`, () => scaleTo(target, app, 1))
  await steps.step('roll back', async () => {
    await release.rollBack()
    await allHave(target, tag)
  })
  await quiet('nothing is done any more')
}

/** What a request passes before it is acknowledged. The chart has two pods of each by default, and a kill of the only one cannot be hidden from a client. */
const ON_THE_WAY_IN = ['gateway', 'intake'] as const

/** One that all services read and that changes nothing which the ledger sees. */
const CHANGED_SETTING = 'config.logLevel=warn'

/** Waits until one pod of each app takes work. @throws {KubernetesError} one has an image of another tag: what was done has changed nothing. */
async function allHave(target: Target, tag: string): Promise<void> {
  for (const app of APPS) await waitForPods(target, app, 1)
  const others = (await listPods(target.api, target.namespace)).filter(({ app, image, isReady }) => isReady && APPS.some((known) => known === app) && !image.endsWith(`:${tag}`))
  if (others.length > 0) throw new KubernetesError(`instead of ${tag} ${others.map(({ name, image }) => `${name} has ${image}`).join(', ')}`)
}

function problemsOf({ load, attempts, queries, verdict, brokeOff }: ClusterLoadReport): readonly string[] {
  return [
    ...(brokeOff === undefined ? [] : [`what was done to the cluster broke off: ${brokeOff}`]),
    ...load.unexpected.map((reason) => `unexpected reply: ${reason}`),
    ...(attempts.stillFailing.length === 0 ? [] : [`${attempts.stillFailing.length} requests were still failing after three retries, such as ${attempts.stillFailing.slice(0, MAX_EXAMPLES).join('; ')}`]),
    ...(attempts.late.length === 0 ? [] : [`${attempts.late.length} requests were acknowledged too late, such as ${attempts.late.slice(0, MAX_EXAMPLES).join('; ')}`]),
    ...queries.wrong.map((answer) => `wrong answer: ${answer}`),
    ...(verdict.isGreen ? [] : [`the ledger does not balance: ${verdict.text}`, ...verdict.examples, ...verdict.disagreements]),
  ]
}

/** More say nothing new. */
const MAX_EXAMPLES = 5

/** One in which the API server admits no pod that wants more than the Pod Security Standard "restricted" allows. It stays when the release goes, as a user's would. */
async function createNamespace(api: ClusterApi, name: string): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } })
}

async function readKey(api: ClusterApi, { namespace, fullname }: E2eOptions, entry: string): Promise<string> {
  const { data } = (await api.get(`/api/v1/namespaces/${namespace}/secrets/${fullname}-keys`)) as { readonly data: Readonly<Record<string, string>> }
  return Buffer.from(data[entry] ?? '', 'base64').toString()
}

/** After the pods' grace periods. */
async function whatRemains(api: ClusterApi, namespace: string): Promise<readonly string[]> {
  let remains: readonly string[] = []
  await waitUntil('the namespace is empty', GONE_TIMEOUT_MS, async () => {
    remains = await findRemains(api, namespace)
    return remains.length === 0
  }).catch(() => undefined) // what remains is told
  return remains
}

const GONE_TIMEOUT_MS = 90_000

import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { readUsage } from '../../process/process-usage.ts'
import { waitUntil } from '../wait-until.ts'
import { containerPid, readyPod, waitForPods, type Target } from './disturb.ts'
import { listPods } from './pods.ts'

export interface AppMeasure {
  readonly app: string
  /** From the start of its process to the first 200 of /readyz, ms. */
  readonly startMs: number
  /** RSS of its process while nothing is asked of it. */
  readonly idleBytes: number
}

/** RSS of each app's process. */
export async function measureIdle(target: Target, apps: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const app of apps) sizes.set(app, readUsage(await containerPid(target.layout, (await readyPod(target, app)).containerId)).rssBytes)
  return sizes
}

/** Has a pod of the app replaced and takes the time of the new one, ms. The others of the machine's work go on meanwhile. */
export async function measureStart(target: Target, app: string): Promise<number> {
  const { api, namespace } = target
  const old = await readyPod(target, app)
  await api.remove(`/api/v1/namespaces/${namespace}/pods/${old.name}`, { gracePeriodSeconds: 0 })
  let address = ''
  let containerId = ''
  await waitUntil(`${app} is started`, START_TIMEOUT_MS, async () => {
    const pod = (await listPods(api, namespace)).find((candidate) => candidate.app === app && candidate.name !== old.name && candidate.containerId !== '' && candidate.ip !== '')
    address = pod?.ip ?? ''
    containerId = pod?.containerId ?? ''
    return pod !== undefined
  })
  const startedMs = processStartMs(await containerPid(target.layout, containerId))
  let readyMs = NaN
  const deadline = performance.now() + START_TIMEOUT_MS
  while (Number.isNaN(readyMs) && performance.now() < deadline) {
    if ((await statusOf(`http://${address}:8080/readyz`)) === 200) readyMs = Date.now()
    else await sleep(POLL_MS)
  }
  await waitForPods(target, app, 1)
  return readyMs - startedMs
}

const START_TIMEOUT_MS = 60_000
const POLL_MS = 20
const ANSWER_TIMEOUT_MS = 2000

/** When a process began, ms since 1970; see proc(5). */
function processStartMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
  const uptimeS = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
  return Date.now() - (uptimeS - ticks / TICKS_PER_SECOND) * 1000
}

/** USER_HZ, which Linux fixes for /proc whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100

/** 0 when nobody answers. */
function statusOf(url: string): Promise<number> {
  return new Promise((resolve) => {
    get(url, { agent: false, signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }, (response) => {
      response.resume().on('error', () => undefined)
      resolve(response.statusCode ?? 0)
    }).on('error', () => { resolve(0) })
  })
}

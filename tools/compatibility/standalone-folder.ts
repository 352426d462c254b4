import { noFailpoints } from '@millrace/runtime/failpoints'
import type { Clock } from '@millrace/runtime/clock'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { openStandalone, type Standalone } from '@millrace/standalone/open-standalone'
import { createLog } from '@millrace/telemetry/log'
import type { FoundEvent, TestClient } from '../e2e/test-client.ts'

/** The program over a folder, at a time: what was recorded must neither be expired nor from the future. */
export async function openFolder(dataFolder: string, { nowMs, apiKey, adminKey }: { readonly nowMs: number; readonly apiKey: string; readonly adminKey: string }): Promise<Standalone> {
  return await openStandalone({
    disk: systemDisk, clock: clockAt(nowMs), random: systemRandom, failpoints: noFailpoints, workers: openInlineWorkers(), log: createLog('silent'), partitions: 2,
    dataFolder, httpPort: 0, bootstrapApiKey: apiKey, bootstrapAdminKey: adminKey,
  })
}

function clockAt(nowMs: number): Clock {
  const shiftMs = nowMs - systemClock.nowMs()
  return { ...systemClock, nowMs: () => systemClock.nowMs() + shiftMs }
}

export interface Page {
  readonly events: readonly FoundEvent[]
  readonly cursor: string | undefined
}

/** Ten events of everything, newest first; the range is fixed, as a cursor belongs to its question. */
export async function pageOf({ post }: TestClient, cursor?: string): Promise<Page> {
  const answer = await post('/api/v2/logs/events/search', JSON.stringify({ filter: { query: '*', from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' }, page: { limit: 10, ...(cursor === undefined ? {} : { cursor }) } }))
  if (answer.status !== 200) throw new Error(`a search answered ${answer.status}: ${await answer.text()}`)
  const { data, meta } = (await answer.json()) as { readonly data: readonly FoundEvent[]; readonly meta: { readonly page?: { readonly after: string } } }
  return { events: data, cursor: meta.page?.after }
}

export async function viewsOf({ get }: TestClient): Promise<unknown> {
  return await (await get('/v1/views')).json()
}

/** The tenant's pipeline document and its version. */
export async function pipelinesOf({ url }: TestClient, adminKey: string): Promise<unknown> {
  return await (await fetch(`${url}/v1/tenants/default/pipelines`, { headers: { authorization: `Bearer ${adminKey}` } })).json()
}

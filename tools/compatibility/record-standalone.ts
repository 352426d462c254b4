import { createTestClient, waitFor, type FoundEvent, type TestClient } from '../e2e/test-client.ts'
import { openFolder, pageOf, pipelinesOf, viewsOf } from './standalone-folder.ts'
import type { RecordedStandalone } from './recording.ts'

const API_KEY = 'key-of-the-recording'
const ADMIN_KEY = 'admin-of-the-recording'

/** Fills a folder with what a standalone process stores: sealed fragments, packs, a log, a tenant's settings, a session. The folder is closed afterwards. */
export async function recordStandalone(dataFolder: string): Promise<{ readonly recorded: RecordedStandalone; readonly events: readonly FoundEvent[]; readonly recordedMs: number }> {
  const startMs = Date.now()
  await using standalone = await openFolder(dataFolder, { nowMs: startMs, apiKey: API_KEY, adminKey: ADMIN_KEY })
  const client = createTestClient(standalone.url, API_KEY)
  const set = await fetch(`${standalone.url}/v1/tenants/default/pipelines`, {
    method: 'PUT', headers: { authorization: `Bearer ${ADMIN_KEY}`, 'if-match': '"0"', 'content-type': 'application/json' },
    body: JSON.stringify({ pipelines: [{ name: 'shop', processors: [{ type: 'parse-logfmt', if: 'service:shop' }, { type: 'redact', secrets: ['email'] }] }] }),
  })
  await expectOk('PUT /v1/tenants/default/pipelines', set)
  await expectOk('POST /v1/views', await client.post('/v1/views', JSON.stringify({ name: 'errors of the shop', query: 'service:shop status:error', columns: ['@took'], range: '1h' })))
  const opened = await fetch(`${standalone.url}/v1/session`, { method: 'POST', headers: { 'x-millrace-page': '1', 'content-type': 'application/json' }, body: JSON.stringify({ key: API_KEY }) })
  const cookie = ((await expectOk('POST /v1/session', opened)).headers.get('set-cookie') ?? '').split(';')[0] ?? ''

  const first = await send(client, 0, 60, startMs)
  await stateOf(client, first, 'sealed')
  const second = await send(client, 60, 20, startMs)
  await stateOf(client, second, 'searchable')
  const page = await pageOf(client)
  return {
    recordedMs: Date.now(),
    events: await client.search('*'),
    recorded: {
      apiKey: API_KEY, cookie, receipts: { sealed: first, searchable: second }, cursor: page.cursor ?? '', nextIds: (await pageOf(client, page.cursor)).events.map(({ id }) => id),
      views: await viewsOf(client), pipelines: await pipelinesOf(client, ADMIN_KEY),
    },
  }
}

/** A seal of few events begins twenty seconds after them, and the grace of its packs is no part of it. */
const SEAL_TIMEOUT_MS = 90_000

/** Of many shapes; every third goes through a pipeline. @returns the receipt. */
async function send(client: TestClient, from: number, count: number, nowMs: number): Promise<string> {
  const lines = Array.from({ length: count }, (_, i) => {
    const n = from + i
    return JSON.stringify({
      timestamp: new Date(nowMs - 60_000 + n).toISOString().replace('Z', `${String(n).padStart(6, '0')}Z`), service: ['shop', 'web', 'billing'][n % 3], status: n % 7 === 0 ? 'error' : 'info', host: `h${n % 4}`, tags: ['env:prod', `shard:${n % 2}`],
      message: n % 3 === 0 ? `took=${n / 8} user=u${n} mail=someone${n}@example.org` : `GET /items/${n} took ${n / 8} ms from 10.0.${n % 3}.${n}`,
      order: { id: 9_007_199_254_740_993n.toString(), lines: [n, { sku: `é${n}` }], paid: n % 2 === 0, note: null },
    }).replace(/"id":"(\d+)"/, '"id":$1')
  })
  const answer = await expectOk('POST /v1/events', await client.send(`${lines.join('\n')}\n`, { 'idempotency-key': `recorded-${from}` }))
  return answer.headers.get('millrace-receipt') ?? ''
}

async function stateOf({ get }: TestClient, receipt: string, wanted: 'sealed' | 'searchable'): Promise<void> {
  await waitFor(async () => ((await (await get(`/v1/receipts/${receipt}`)).json()) as { readonly state?: string }).state === wanted, SEAL_TIMEOUT_MS)
}

async function expectOk(what: string, answer: Response): Promise<Response> {
  if (!answer.ok) throw new Error(`${what} answered ${answer.status}: ${await answer.text()}`)
  return answer
}

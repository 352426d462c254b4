import { systemClock } from '@millrace/runtime/system-clock'

/** What a client of one tenant does. */
export interface TestClient {
  readonly url: string
  readonly key: string
  /** `POST /v1/events`. */
  send(body: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Response>
  post(path: string, body: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Response>
  get(path: string): Promise<Response>
  /** Events that match, newest first, over all pages. Times are wide open unless given. */
  search(query: string, filter?: { readonly from?: string; readonly to?: string; readonly limit?: number }): Promise<readonly FoundEvent[]>
  /** Resolves when a receipt says that its events are searchable. */
  searchable(answer: Response, timeoutMs?: number): Promise<void>
}

export interface FoundEvent {
  readonly id: string
  readonly attributes: { readonly timestamp: string; readonly message?: string; readonly service?: string; readonly status?: string; readonly host?: string; readonly tags: readonly string[]; readonly attributes: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>
}

export function createTestClient(url: string, key: string): TestClient {
  const post = async (path: string, body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    await fetch(url + path, { method: 'POST', headers: { 'dd-api-key': key, ...headers }, body: typeof body === 'string' ? body : new Uint8Array(body) })
  const get = async (path: string): Promise<Response> => await fetch(url + path, { headers: { 'dd-api-key': key } })
  return {
    url, key, post, get,
    send: async (body, headers) => await post('/v1/events', body, headers),
    async search(query, { from = '2000-01-01T00:00:00Z', to = '2100-01-01T00:00:00Z', limit = 1000 } = {}) {
      const events: FoundEvent[] = []
      for (let cursor: string | undefined; ;) {
        const answer = await post('/api/v2/logs/events/search', JSON.stringify({ filter: { query, from, to }, page: { limit, ...(cursor === undefined ? {} : { cursor }) } }))
        if (answer.status !== 200) throw new Error(`search answered ${answer.status}: ${await answer.text()}`)
        const { data, meta } = (await answer.json()) as { data: FoundEvent[]; meta: { page?: { after: string } } }
        events.push(...data)
        cursor = meta.page?.after
        if (cursor === undefined) return events
      }
    },
    async searchable(answer, timeoutMs) {
      const receipt = answer.headers.get('millrace-receipt')
      if (receipt === null) throw new Error(`no receipt in an answer of status ${answer.status}`)
      await waitFor(async () => {
        // A 503 of an engine that is away says nothing.
        const { state } = (await (await get(`/v1/receipts/${receipt}`)).json()) as { readonly state?: string }
        return state === 'searchable' || state === 'sealed'
      }, timeoutMs)
    },
  }
}

/** Asks again and again until it is so. */
export async function waitFor(isSo: () => Promise<boolean>, timeoutMs = WAIT_MS): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + timeoutMs
  while (!(await isSo())) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error('waited in vain')
    await systemClock.sleep(20)
  }
}

/** A test that waits longer has failed. */
const WAIT_MS = 15_000

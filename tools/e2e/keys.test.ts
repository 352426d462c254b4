import { once } from 'node:events'
import { WebSocket } from 'ws'
import { createTestClient, waitFor, type TestClient } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

interface Key {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly created?: string
  readonly key?: string
}

describe('keys of a tenant', () => {
  let millrace: TestSystem
  let path: string
  let other: TestClient
  beforeAll(async () => {
    millrace = await openTestSystem()
    other = await millrace.addTenant('other')
    path = `/v1/tenants/${((await (await millrace.get('/v1/session')).json()) as { readonly tenant: string }).tenant}`
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const ask = async (method: string, at: string, body?: object, key = millrace.adminKey): Promise<Response> =>
    await fetch(`${millrace.url}${at}`, { method, headers: { authorization: `Bearer ${key}` }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const make = async (at: string, body: object): Promise<Required<Key>> => (await (await ask('POST', at, body)).json()) as Required<Key>
  const openTail = async (headers: Readonly<Record<string, string>>): Promise<Response> => await fetch(`${millrace.url}/v1/tail?query=*`, { headers })
  const list = async (at: string): Promise<readonly Key[]> => ((await (await ask('GET', at)).json()) as { readonly keys: readonly Key[] }).keys

  it('are made with a name and scopes, shown once, and listed without their texts', async () => {
    const agents = await make(`${path}/keys`, { name: 'agents', scopes: ['ingest'] })
    const sender = createTestClient(millrace.url, agents.key)
    const sent = await sender.send('{"message":"by a new key"}')
    expect([sent.status, (await sender.get('/v1/usage')).status]).toEqual([200, 403]) // it may send, and may not ask
    const keys = await list(`${path}/keys`)
    expect(keys.map(({ name, scopes }) => [name, scopes])).toEqual([['first', ['ingest', 'query']], ['agents', ['ingest']]])
    expect(keys[1]).toEqual({ id: agents.id, name: 'agents', scopes: ['ingest'], created: agents.created })
    expect(JSON.stringify(keys)).not.toContain(agents.key)
    expect((await list('/v1/tenants/other/keys')).map(({ name }) => name)).toEqual(['first'])
  })

  it('open nothing any more once they are revoked, nor do sessions and tails that they opened', async () => {
    const { id, key } = await make(`${path}/keys`, { name: 'laptop', scopes: ['query'] })
    const signedIn = await fetch(`${millrace.url}/v1/session`, { method: 'POST', headers: { 'x-millrace-page': '1', 'content-type': 'application/json' }, body: JSON.stringify({ key }) })
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    const bySession = async (): Promise<number> => (await fetch(`${millrace.url}/v1/usage`, { headers: { cookie, 'x-millrace-page': '1' } })).status
    const byKey = async (): Promise<number> => (await createTestClient(millrace.url, key).get('/v1/usage')).status
    expect([await byKey(), await bySession()]).toEqual([200, 200])
    const tails = await Promise.all([openTail({ authorization: `Bearer ${key}` }), openTail({ cookie, 'x-millrace-page': '1' })])
    expect(tails.map(({ status }) => status)).toEqual([200, 200])
    const lokiTail = new WebSocket(`${millrace.url.replace('http', 'ws')}/loki/api/v1/tail?query=${encodeURIComponent('{service=~".+"}')}`, { headers: { authorization: `Bearer ${key}` } })
    await once(lokiTail, 'open')
    const lokiTailEnds = once(lokiTail, 'close')
    expect((await ask('DELETE', `${path}/keys/${id}`)).status).toBe(204)
    await waitFor(async () => (await byKey()) === 403 && (await bySession()) === 401) // what was checked is trusted for 10 s
    await Promise.all([...tails.map(async (tail) => await tail.text()), lokiTailEnds]) // and tails look again each 10 s
    expect((await list(`${path}/keys`)).some((each) => each.id === id)).toBe(false)
    expect((await other.get('/v1/usage')).status).toBe(200)
  }, 40_000)

  it('of admins are made and revoked likewise, but never by themselves', async () => {
    const first = await make('/v1/admin-keys', { name: 'night shift' })
    expect(first.scopes).toEqual(['admin'])
    expect((await ask('GET', '/v1/tenants', undefined, first.key)).status).toBe(200)
    expect((await ask('DELETE', `/v1/admin-keys/${first.id}`, undefined, first.key)).status).toBe(409)
    expect((await ask('DELETE', `/v1/admin-keys/${first.id}`)).status).toBe(204)
    expect((await list('/v1/admin-keys')).map(({ name }) => name)).toEqual(['start'])
  })

  it('stay when the retention of the tenant is changed, which hides what is older', async () => {
    const at = new Date(Date.now() - 5 * 86_400_000).toISOString()
    await millrace.searchable(await millrace.send(JSON.stringify({ message: 'five days old', timestamp: at })))
    const isThere = async (): Promise<boolean> => (await millrace.search('"five days old"')).length === 1
    expect(await isThere()).toBe(true)
    expect(await (await ask('PATCH', path, { retentionDays: 2 })).json()).toMatchObject({ retentionDays: 2 })
    expect(await (await ask('GET', path)).json()).toMatchObject({ retentionDays: 2 })
    await waitFor(async () => !(await isThere()))
  }, 30_000)
})

import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'
import type { TestClient } from './test-client.ts'

type Json = Readonly<Record<string, unknown>>

describe('what a page of logs asks', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
    const events = Array.from({ length: EVENTS }, (_, i) => JSON.stringify({
      message: i % 4 === 0 ? `GET /users/${i} took ${i}.5 ms` : `disk ${i} is full`, ...(i % 5 === 0 ? {} : { service: i % 2 === 0 ? 'web' : 'db' }), ddtags: `env:e${i % 3}`, code: i, ok: true, ids: [i], ...(i % 10 === 0 ? { rare: 'x' } : {}),
    }))
    for (let start = 0; start < EVENTS; start += 100) await millrace.searchable(await millrace.send(events.slice(start, start + 100).join('\n')))
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const json = async (client: TestClient, path: string): Promise<Json> => (await (await client.get(path)).json()) as Json
  const post = async (client: TestClient, path: string, body: object): Promise<Json> => (await (await client.post(path, JSON.stringify(body))).json()) as Json

  it('which facets there are, with types and events', async () => {
    const { facets, has_more, meta } = await json(millrace, '/v1/facets')
    expect(facets).toEqual(expect.arrayContaining([
      { name: 'message', type: 'string', events: EVENTS }, { name: 'service', type: 'string', events: 320 }, { name: 'tags', type: 'string', events: EVENTS }, { name: 'env', type: 'string', events: EVENTS },
      { name: '@code', type: 'number', events: EVENTS }, { name: '@ok', type: 'boolean', events: EVENTS }, { name: '@ids', type: 'array', events: EVENTS }, { name: '@rare', type: 'string', events: 40 },
    ]))
    expect({ has_more, meta }).toMatchObject({ has_more: false, meta: { complete: true, status: 'done' } })
    const found = (await json(millrace, '/v1/facets?query=took')).facets as { name: string; events: number }[]
    expect(found.find(({ name }) => name === '@rare')?.events).toBe(20)
    expect(await json(millrace, '/v1/facets?limit=1')).toMatchObject({ facets: [{ name: 'message' }], has_more: true })
    expect(await json(millrace, '/v1/facets?query=absent')).toMatchObject({ facets: [], has_more: false })
  })

  it('which kinds of messages there are, with an event of each', async () => {
    const { patterns, other_events, has_more, meta } = await post(millrace, '/v1/patterns', { filter: { query: '*' } })
    expect(patterns).toMatchObject([
      { pattern: 'disk * is full', events: 300, example: { type: 'log', attributes: { message: expect.stringMatching(/^disk \d+ is full$/) as string } } },
      { pattern: 'GET /users/* took * ms', events: 100, example: { attributes: { message: expect.stringMatching(/^GET/) as string } } },
    ])
    expect({ other_events, has_more, meta }).toMatchObject({ other_events: 0, has_more: false, meta: { complete: true } })
    expect(await post(millrace, '/v1/patterns', { filter: { query: 'service:web' }, limit: 1 })).toMatchObject({ patterns: [{ events: 80 }], other_events: 80, has_more: true })
    const example = (await post(millrace, '/v1/patterns', { limit: 1 })).patterns as { example: { id: string } }[]
    expect((await millrace.search('full')).map(({ id }) => id)).toContain(example[0]?.example.id)
  })

  it('how much is stored, by day and service', async () => {
    type Stored = { events: number; bytes: number }
    const { days, meta } = await json(millrace, '/v1/usage') as unknown as { days: (Stored & { day: string; services: (Stored & { service: string })[] })[]; meta: object }
    expect(meta).toMatchObject({ complete: true })
    const sum = (of: readonly Stored[], part: keyof Stored): number => of.reduce((total, each) => total + each[part], 0)
    expect(sum(days, 'events')).toBe(EVENTS)
    const services = days.flatMap((day) => day.services)
    const eventsOf = (name: string): number => sum(services.filter(({ service }) => service === name), 'events')
    expect([eventsOf('web'), eventsOf('db'), eventsOf('')]).toEqual([160, 160, 80])
    expect(Math.abs(sum(services, 'bytes') - sum(days, 'bytes'))).toBeLessThanOrEqual(services.length)
    expect(sum(days, 'bytes')).toBeGreaterThan(EVENTS) // a byte an event is less than any codec needs
    expect(days.map(({ day }) => day)).toEqual(days.map(({ day }) => day).toSorted())
    expect(await json(millrace, '/v1/usage?from=2000-01-01T00:00:00Z&to=2000-02-01T00:00:00Z')).toMatchObject({ days: [] })
  })

  it('how much any tenant has stored, for the operator only', async () => {
    const { tenants } = (await (await fetch(`${millrace.url}/v1/tenants`, { headers: { authorization: `Bearer ${millrace.adminKey}` } })).json()) as { tenants: { tenantId: string; name: string }[] }
    const path = (name: string): string => `/v1/tenants/${tenants.find((tenant) => tenant.name === name)?.tenantId}/usage`
    const asOperator = async (of: string): Promise<Response> => await fetch(millrace.url + of, { headers: { authorization: `Bearer ${millrace.adminKey}` } })
    const { days } = await json(millrace, '/v1/usage')
    const events = (days as { day: string; events: number }[]).map((day) => ({ day: day.day, events: day.events })) // bytes shrink when a seal comes in between
    expect(await (await asOperator(path('tests'))).json()).toMatchObject({ days: events, meta: { complete: true } })
    expect((await asOperator('/v1/tenants/nobody/usage')).status).toBe(404)
    expect((await millrace.get(path('tests'))).status).toBe(403)
  })

  describe('views', () => {
    const send = async (client: TestClient, method: string, path: string, { version, body }: { readonly version?: string; readonly body?: object } = {}): Promise<Response> =>
      await fetch(client.url + path, { method, headers: { 'dd-api-key': client.key, ...(version === undefined ? {} : { 'if-match': version }) }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })

    it('are kept, listed, changed and removed, each change against the version that was read', async () => {
      const client = await millrace.addTenant('keeper')
      expect(await json(client, '/v1/views')).toEqual({ views: [] })
      const made = await send(client, 'POST', '/v1/views', { body: { name: ' Errors ', query: 'status:error', columns: ['service', '@code'], range: '4h' } })
      expect([made.status, made.headers.get('etag')]).toEqual([201, '"1"'])
      const view = (await made.json()) as { id: string }
      expect(view).toEqual({ id: expect.stringMatching(/^\w{12}$/) as string, name: 'Errors', query: 'status:error', columns: ['service', '@code'], range: '4h', version: 1 })
      const path = `/v1/views/${view.id}`
      expect(await json(client, path)).toEqual(view)
      expect((await send(client, 'PUT', path, { body: { name: 'x' } })).status).toBe(428)
      expect((await send(client, 'PUT', path, { version: '1', body: { name: 'x' } })).status).toBe(400)
      expect((await send(client, 'PUT', path, { version: '"2"', body: { name: 'x' } })).status).toBe(412)
      const changed = await send(client, 'PUT', path, { version: '"1"', body: { name: 'All' } })
      expect([changed.status, changed.headers.get('etag'), await changed.json()]).toEqual([200, '"2"', { id: view.id, name: 'All', query: '*', columns: [], range: '15m', version: 2 }])
      expect(await json(client, '/v1/views')).toEqual({ views: [{ id: view.id, name: 'All', query: '*', columns: [], range: '15m', version: 2 }] })
      const other = await millrace.addTenant('other')
      expect(await json(other, '/v1/views')).toEqual({ views: [] })
      for (const method of ['GET', 'PUT', 'DELETE']) expect((await send(other, method, path, { version: '"2"', ...(method === 'PUT' ? { body: { name: 'y' } } : {}) })).status).toBe(404)
      expect((await send(client, 'DELETE', path)).status).toBe(428)
      expect((await send(client, 'DELETE', path, { version: '"1"' })).status).toBe(412)
      expect((await send(client, 'DELETE', path, { version: '"2"' })).status).toBe(204)
      expect((await send(client, 'DELETE', path, { version: '"2"' })).status).toBe(404)
      expect(await json(client, '/v1/views')).toEqual({ views: [] })
    })

    it('that are made at the same moment are all kept', async () => {
      const client = await millrace.addTenant('hasty')
      const statuses = await Promise.all(['a', 'b', 'c'].map(async (name) => (await send(client, 'POST', '/v1/views', { body: { name } })).status))
      expect(statuses).toEqual([201, 201, 201])
      expect(((await json(client, '/v1/views')).views as { name: string }[]).map(({ name }) => name).sort()).toEqual(['a', 'b', 'c'])
    })

    it('are bounded in number and length together', async () => {
      const client = await millrace.addTenant('collector')
      const statuses: number[] = []
      for (let i = 0; i < 20; i++) statuses.push((await send(client, 'POST', '/v1/views', { body: { name: `v${i}`, query: 'x'.repeat(4000) } })).status)
      expect(statuses.indexOf(400)).toBe(14)
      const many = await millrace.addTenant('hoarder')
      for (let i = 0; i < 100; i++) expect((await send(many, 'POST', '/v1/views', { body: { name: `v${i}` } })).status).toBe(201)
      const refused = await send(many, 'POST', '/v1/views', { body: { name: 'one more' } })
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('at most 100 views')])
    })

    it.each([
      {}, { name: '' }, { name: 'x'.repeat(101) }, { name: 'a', query: '(' }, { name: 'a', query: '@a:~"("' }, { name: 'a', query: 'x'.repeat(4001) }, { name: 'a', query: 5 }, { name: 'a', columns: 'service' }, { name: 'a', columns: [''] },
      { name: 'a', columns: Array.from({ length: 51 }, () => 'x') }, { name: 'a', range: 'yesterday' }, { name: 'a', range: 15 },
    ])('are refused with a reason: %j', async (body) => {
      const answer = await send(millrace, 'POST', '/v1/views', { body })
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('bad-query')])
    })
  })

  it.each(['/v1/facets?limit=0', '/v1/facets?query=(', '/v1/usage?from=yesterday', '/v1/usage?from=now&to=now-1d'])('refuses %s with a reason', async (path) => {
    const answer = await millrace.get(path)
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('bad-query')])
  })

  it.each([{ limit: 0 }, { limit: 1001 }, { limit: 'x' }, { filter: { query: '(' } }, []])('refuses to group by %j', async (body) => {
    const answer = await millrace.post('/v1/patterns', JSON.stringify(body))
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('bad-query')])
  })
})

const EVENTS = 400

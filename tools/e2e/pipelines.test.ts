import { sampleShare } from '@millrace/pipeline/processors/keep'
import { CLASS_DELAY_MS } from '@millrace/catalog/retention-classes'
import { systemClock } from '@millrace/runtime/system-clock'
import { createTenant } from '../client/millrace-client.ts'
import { createTestClient, waitFor, type TestClient } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('pipelines', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const ask = async (tenantId: string, method: string, path = '', body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    await fetch(`${millrace.url}/v1/tenants/${tenantId}/pipelines${path}`, { method, headers: { authorization: `Bearer ${millrace.adminKey}`, 'content-type': 'application/json', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const put = async (tenantId: string, document: unknown, version: number): Promise<Response> => await ask(tenantId, 'PUT', '', document, { 'if-match': `"${version}"` })
  const newTenant = async (name: string): Promise<{ readonly tenantId: string; readonly client: TestClient }> => {
    const { tenantId, apiKey } = await createTenant(millrace.url, millrace.adminKey, name)
    return { tenantId, client: createTestClient(millrace.url, apiKey) }
  }

  it('parse, redact, sample and drop what a tenant sends, before anybody can read it', async () => {
    const { tenantId, client } = await newTenant('with pipelines')
    const saved = await put(tenantId, {
      pipelines: [
        { name: 'health checks', filter: 'message:"GET /health"', processors: [{ type: 'drop' }] },
        { name: 'all', processors: [
          { type: 'parse-logfmt', if: 'service:shop' }, { type: 'remap', from: ['@level'], to: 'status' }, { type: 'lookup', from: '@region', to: '@continent', table: 'continents' },
          { type: 'redact', secrets: ['email'], replacement: '<email>' }, { type: 'sample', rate: 0.5, by: '@user', if: 'service:busy' },
        ] },
      ],
      tables: { continents: { eu1: 'Europe' } },
    }, 0)
    expect(saved.status).toBe(200)
    expect(saved.headers.get('etag')).toBe('"1"')
    const users = Array.from({ length: 200 }, (_, i) => `u${i}`)
    const events = [
      { service: 'shop', message: 'level=warn region=eu1 mail=ada@example.org took=12' }, { service: 'shop', message: 'GET /health 200' }, { service: 'other', message: 'from bob@example.org', tags: ['owner:eve@example.org'] },
      ...users.map((user) => ({ service: 'busy', message: 'work', user })),
    ]
    await client.searchable(await client.send(events.map((event) => JSON.stringify(event)).join('\n')))
    const shop = await client.search('service:shop')
    expect(shop.map(({ attributes }) => attributes)).toMatchObject([{ status: 'warn', message: 'level=warn region=eu1 mail=<email> took=12', attributes: { region: 'eu1', continent: 'Europe', mail: '<email>', took: 12 } }])
    expect((await client.search('service:other'))[0]?.attributes).toMatchObject({ message: 'from <email>', tags: ['owner:<email>'] })
    expect(await client.search('example.org')).toEqual([])
    expect(new Set((await client.search('service:busy')).map(({ attributes }) => attributes.attributes['user']))).toEqual(new Set(users.filter((user) => sampleShare(user) < 0.5)))
  })

  it('known sources and JSON messages are parsed without a word, unless the tenant wants it otherwise', async () => {
    const { client } = await newTenant('no pipelines')
    const plain = await newTenant('no defaults')
    expect((await put(plain.tenantId, { defaults: false }, 0)).status).toBe(200)
    const events = [{ source: 'nginx', message: '203.0.113.7 - - [04/Oct/2024:13:55:36 +0200] "GET /a HTTP/1.1" 502 23 "-" "curl/8.5.0"' }, { source: 'app', message: '{"level":"warn","msg":"slow","took":3}' }]
    for (const each of [client, plain.client]) await each.searchable(await each.send(JSON.stringify(events)))
    expect((await client.search('@http.status_code:502 status:error')).length).toBe(1)
    expect((await client.search('source:app')).map(({ attributes }) => attributes)).toMatchObject([{ message: 'slow', status: 'warn', attributes: { took: 3 } }])
    expect((await plain.client.search('source:app')).map(({ attributes }) => attributes)).toMatchObject([{ message: '{"level":"warn","msg":"slow","took":3}', attributes: {} }])
  })

  it('a change is used within seconds, can be read again by its version, and does not undo another', async () => {
    const { tenantId, client } = await newTenant('changing')
    expect(await (await ask(tenantId, 'GET')).json()).toEqual({ version: 0, defaults: true, pipelines: [], tables: {} })
    await client.searchable(await client.send('{"message":"before"}'))
    expect((await put(tenantId, { pipelines: [{ name: 'mark', processors: [{ type: 'set', to: '@team', value: 'core' }] }] }, 0)).status).toBe(200)
    await waitFor(async () => {
      await client.searchable(await client.send('{"message":"after"}'))
      return (await client.search('@team:core')).length > 0
    })
    expect((await put(tenantId, { pipelines: [] }, 0)).status).toBe(412)
    expect((await put(tenantId, { pipelines: [] }, 1)).status).toBe(200)
    expect(await (await ask(tenantId, 'GET', '/versions/1')).json()).toMatchObject({ version: 1, pipelines: [{ name: 'mark', enabled: true, filter: '*' }] })
    expect((await ask(tenantId, 'GET', '/versions/3')).status).toBe(404)
    expect((await ask(tenantId, 'PUT', '', { pipelines: [] })).status).toBe(428)
    expect((await ask(tenantId, 'PUT', '', {}, { 'if-match': 'x' })).status).toBe(400)
    for (let version = 2; version < 22; version++) expect((await put(tenantId, { pipelines: [] }, version)).status).toBe(200)
    for (const version of [22, 21, 2]) expect((await ask(tenantId, 'GET', `/versions/${version}`)).status).toBe(200)
    expect((await ask(tenantId, 'GET', '/versions/1')).status).toBe(404)
  })

  it('a dry run shows what events would become, and keeps nothing', async () => {
    const { tenantId, client } = await newTenant('trying')
    await client.searchable(await client.send(JSON.stringify([{ message: 'a=1 mail=x@example.org', service: 'shop', n: 5, tags: ['env:prod'] }, { message: 'noise' }])))
    const document = { pipelines: [{ name: 'try', processors: [{ type: 'parse-logfmt', if: 'service:shop' }, { type: 'redact', secrets: ['email'] }, { type: 'drop', if: 'noise' }] }] }
    const tried = (await (await ask(tenantId, 'POST', '/dry-run', { pipelines: document, filter: { query: '*' } })).json()) as { events: { before: { message: string }; after: unknown; steps: unknown[] }[] }
    const shop = tried.events.find(({ before }) => before.message.startsWith('a=1'))
    expect(shop).toMatchObject({
      before: { message: 'a=1 mail=x@example.org', tags: ['env:prod'], attributes: { n: 5 } }, after: { message: 'a=1 mail=[REDACTED]', service: 'shop', tags: ['env:prod'], attributes: { n: 5, a: 1, mail: '[REDACTED]' } },
      steps: [{ pipeline: 'try', processor: 0, type: 'parse-logfmt', outcome: 'changed' }, { processor: 1, type: 'redact', outcome: 'changed' }],
    })
    expect(tried.events.find(({ before }) => before.message === 'noise')).toMatchObject({ after: null })
    const given = await ask(tenantId, 'POST', '/dry-run', { events: [{ message: '{"level":"error","msg":"x"}' }] })
    expect(await given.json()).toMatchObject({ events: [{ before: { message: '{"level":"error","msg":"x"}' }, after: { message: 'x', status: 'error' } }] })
    expect(await client.search('@a:1')).toEqual([])
    for (const body of [{ events: [] }, { events: [7] }, { limit: 0 }, { filter: { query: '(' } }, { pipelines: { pipelines: [{ name: 'x', processors: [{ type: 'grok', patterns: ['%{NOPE}'] }] }] } }]) {
      expect([(await ask(tenantId, 'POST', '/dry-run', body)).status, body]).toEqual([400, body])
    }
  })

  it('what cannot work is refused with its place, and keys that are not admin\'s are', async () => {
    const { tenantId, client } = await newTenant('wrong')
    const refused = await put(tenantId, { pipelines: [{ name: 'p', processors: [{ type: 'grok', patterns: ['('] }] }] }, 0)
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ type: 'urn:millrace:problem:bad-pipeline', detail: expect.stringContaining('pipelines[0].processors[0].patterns[0]') as unknown })
    expect((await put(tenantId, { tables: Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`t${i}`, { ['k'.repeat(80)]: 'v' }])) }, 0)).status).toBe(400)
    expect((await client.get(`/v1/tenants/${tenantId}/pipelines`)).status).toBe(403)
    expect((await ask('nobody', 'GET')).status).toBe(404)
  })

  it('route events to classes that are kept for fewer days, which are found like all others', async () => {
    const { tenantId, client } = await newTenant('keeping')
    const document = { pipelines: [{ name: 'p', processors: [{ type: 'retention', days: 3, if: 'status:debug' }] }] }
    expect((await put(tenantId, document, 0)).status).toBe(200)
    for (const days of [30, 31]) expect((await put(tenantId, { pipelines: [{ name: 'p', processors: [{ type: 'retention', days }] }] }, 1)).status).toBe(400)
    // A class is used once every reader knows it.
    await systemClock.sleep(CLASS_DELAY_MS)
    await client.searchable(await client.send('{"message":"short","status":"debug"}\n{"message":"long","status":"info"}'))
    expect((await client.search('*')).map(({ attributes }) => attributes.message).sort()).toEqual(['long', 'short'])
    expect((await client.search('short status:debug')).length).toBe(1)
    await millrace.restart()
    expect((await client.search('*')).length).toBe(2)
  }, START_TIMEOUT_MS)

  it('go on after a restart', async () => {
    const { tenantId, client } = await newTenant('restarting')
    await put(tenantId, { pipelines: [{ name: 'p', processors: [{ type: 'redact', patterns: ['s3cret'] }] }] }, 0)
    await millrace.restart()
    await client.searchable(await client.send('{"message":"a s3cret here"}'))
    expect((await client.search('*')).map(({ attributes }) => attributes.message)).toEqual(['a [REDACTED] here'])
  }, START_TIMEOUT_MS)
})

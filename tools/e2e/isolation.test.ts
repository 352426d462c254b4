import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { TestClient } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

/** Of Loki's routes that read: the path, and what to ask of it. */
const LOKI_READS: readonly (readonly [path: string, address: string])[] = [
  ['query_range', 'query_range?query={service_name=~".%2B"}'],
  ['query', 'query?query=sum+by+(service_name,secret)+(count_over_time({service_name=~".%2B"}[24h]))'],
  ['labels', 'labels?'],
  ['label', 'label?'],
  ['label/:name/values', 'label/service_name/values?'],
  ['series', 'series?match[]={}'],
  ['index/stats', 'index/stats?query={}'],
  ['index/volume', 'index/volume?query={}&targetLabels=service_name'],
  ['index/volume_range', 'index/volume_range?query={}&targetLabels=service_name&step=1h'],
  ['detected_labels', 'detected_labels?'],
  ['detected_fields', 'detected_fields?'],
  ['detected_field/:name/values', 'detected_field/secret/values?'],
  ['patterns', 'patterns?query={}'],
  ['format_query', 'format_query?query={}'],
  ['status/buildinfo', 'status/buildinfo?'],
]

/**
 * How each route that a tenant's key opens could show another tenant's events: asks as tenant B for what only tenant A has. A route that is not
 * listed here fails the test below.
 */
const PROBES: Readonly<Record<string, (asker: TestClient, secret: Secret) => Promise<Response>>> = {
  'POST /api/v2/logs/events/search': async (asker) => await asker.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query: '*', from: 'now-1d' }, page: { limit: 1000 } })),
  'GET /api/v2/logs/events': async (asker) => await asker.get('/api/v2/logs/events?filter[query]=*&filter[from]=now-1d&page[limit]=1000'),
  'POST /api/v2/logs/analytics/aggregate': async (asker) => await asker.post('/api/v2/logs/analytics/aggregate', JSON.stringify({ filter: { query: '*', from: 'now-1d' }, compute: [{ aggregation: 'count' }], group_by: [{ facet: 'service' }, { facet: '@secret' }] })),
  'GET /v1/tail': async (asker, { say }) => {
    const leaving = new AbortController()
    const answer = await fetch(`${asker.url}/v1/tail?query=*`, { headers: { 'dd-api-key': asker.key }, signal: leaving.signal })
    let heard = ''
    const listening = (async () => {
      for await (const chunk of answer.body ?? []) heard += Buffer.from(chunk).toString('utf8')
    })().catch(() => undefined)
    await say() // the asker listens meanwhile
    leaving.abort()
    await listening
    return new Response(heard)
  },
  ...Object.fromEntries(LOKI_READS.flatMap(([path, address]) => [
    [`GET /loki/api/v1/${path}`, async (asker: TestClient) => await asker.get(`/loki/api/v1/${address}&since=24h`)],
    [`POST /loki/api/v1/${path}`, async (asker: TestClient) => await asker.post(`/loki/api/v1/${address}`, 'since=24h', { 'content-type': 'application/x-www-form-urlencoded' })],
  ])),
  'GET /loki/api/v1/tail': async (asker, { say }) => {
    const socket = new WebSocket(`${asker.url.replace('http', 'ws')}/loki/api/v1/tail?query={}`, { headers: { 'dd-api-key': asker.key } })
    let heard = ''
    socket.on('message', (data: Buffer) => { heard += data.toString('utf8') })
    await once(socket, 'open')
    await say() // the asker listens meanwhile
    socket.terminate()
    return new Response(heard)
  },
  'GET /v1/facets/:name/values': async (asker) => await asker.get('/v1/facets/service/values?from=2000-01-01T00:00:00Z'),
  'GET /v1/facets': async (asker) => await asker.get('/v1/facets?from=2000-01-01T00:00:00Z'),
  'POST /v1/patterns': async (asker) => await asker.post('/v1/patterns', JSON.stringify({ filter: { from: '2000-01-01T00:00:00Z' } })),
  'GET /v1/usage': async (asker) => await asker.get('/v1/usage?from=2000-01-01T00:00:00Z'),
  'GET /v1/views': async (asker) => await asker.get('/v1/views'),
  'POST /v1/views': async (asker) => await asker.post('/v1/views', JSON.stringify({ name: 'own' })),
  ...Object.fromEntries(['GET', 'PUT', 'DELETE'].map((method) => [
    `${method} /v1/views/:id`,
    async (asker: TestClient, { view }: Secret) => await fetch(`${asker.url}/v1/views/${view}`, { method, headers: { 'dd-api-key': asker.key, 'if-match': '"1"' }, ...(method === 'PUT' ? { body: JSON.stringify({ name: 'taken' }) } : {}) }),
  ])),
  'POST /v1/search': async (asker) => await asker.post('/v1/search', JSON.stringify({ filter: { from: '2000-01-01T00:00:00Z' } })),
  'GET /v1/export': async (asker) => await asker.get('/v1/export?from=2000-01-01T00:00:00Z'),
  'GET /v1/events/:id/context': async (asker, { id, timestamp }) => await asker.get(`/v1/events/${id}/context?timestamp=${timestamp}`),
  'GET /v1/receipts/:receipt': async (asker, { receipt }) => await asker.get(`/v1/receipts/${receipt}`),
  'GET /v1/session': async (asker) => await asker.get('/v1/session'),
  'POST /v1/events': async (asker) => await asker.send(''),
  'POST /_bulk': async (asker) => await asker.post('/_bulk', ''),
  'PUT /_bulk': async (asker) => await fetch(`${asker.url}/_bulk`, { method: 'PUT', headers: { 'dd-api-key': asker.key } }),
  'POST /:index/_bulk': async (asker) => await asker.post('/logs/_bulk', ''),
  'PUT /:index/_bulk': async (asker) => await fetch(`${asker.url}/logs/_bulk`, { method: 'PUT', headers: { 'dd-api-key': asker.key } }),
  'POST /:index/:type/_bulk': async (asker) => await asker.post('/logs/_doc/_bulk', ''),
  'PUT /:index/:type/_bulk': async (asker) => await fetch(`${asker.url}/logs/_doc/_bulk`, { method: 'PUT', headers: { 'dd-api-key': asker.key } }),
  'GET /api/v1/validate': async (asker) => await asker.get('/api/v1/validate'),
  'HEAD /support/flare': async (asker) => await fetch(`${asker.url}/support/flare`, { method: 'HEAD', headers: { 'dd-api-key': asker.key } }),
  'POST /v1/input/:apiKey': async (asker) => await fetch(`${asker.url}/v1/input/${asker.key}`, { method: 'POST' }),
  ...Object.fromEntries([
    '/v1/syslog', '/api/v2/logs', '/v1/input', '/api/v1/input', '/v1/logs', '/otlp/v1/logs', '/loki/api/v1/push', '/api/prom/push', '/services/collector', '/services/collector/event', '/services/collector/event/1.0',
    '/services/collector/raw', '/services/collector/raw/1.0', '/services/collector/ack',
    '/api/v1/series', '/api/v2/series', '/api/beta/sketches', '/api/v1/distribution_points', '/api/v1/check_run', '/api/v2/service_checks', '/api/v2/events', '/intake', '/intake/', '/api/v1/metadata',
    '/api/v2/host_metadata', '/api/v2/agenthealth', '/api/v1/collector', '/api/v1/discovery', '/api/v1/container', '/api/v1/connections', '/api/v1/orchestrator', '/api/v2/proclcycle', '/api/v2/orch', '/api/v2/orchmanif',
  ].map((path) => [`POST ${path}`, async (asker: TestClient) => await asker.post(path, '')])),
}

interface Secret {
  /** Sends it once more, and waits until it is found. */
  say(): Promise<void>
  readonly word: string
  readonly receipt: string
  readonly id: string
  readonly timestamp: string
  /** Of a view that names it. */
  readonly view: string
}

describe('a tenant', () => {
  let millrace: TestSystem
  let asker: TestClient
  let secret: Secret
  beforeAll(async () => {
    millrace = await openTestSystem()
    asker = await millrace.addTenant('asker')
    const word = 'sesame7391'
    const tell = async (): Promise<Response> => {
      const answer = await millrace.send(JSON.stringify({ message: `the word is ${word}`, service: word, secret: word }))
      await millrace.searchable(answer)
      return answer
    }
    const receipt = (await tell()).headers.get('millrace-receipt') ?? ''
    const [event, ...others] = await millrace.search(word)
    expect(others).toEqual([])
    const view = (await (await millrace.post('/v1/views', JSON.stringify({ name: word, query: word }))).json()) as { id: string }
    secret = { word, receipt, id: event?.id ?? '', timestamp: event?.attributes.timestamp ?? '', view: view.id, say: async () => void (await tell()) }
    expect((await millrace.get(`/v1/events/${secret.id}/context?timestamp=${secret.timestamp}`)).status).toBe(200) // its own tenant sees it
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  it('never sees an event of another through any route', async () => {
    const nameOf = ({ method, path }: TestSystem['routes'][number]): string => `${method} ${path}`
    const tenantRoutes = millrace.routes.filter(({ scope }) => scope === 'query' || scope === 'ingest').map(nameOf)
    expect(tenantRoutes.filter((name) => PROBES[name] === undefined)).toEqual([])
    expect(Object.keys(PROBES).filter((name) => !tenantRoutes.includes(name))).toEqual([]) // a probe of a route that is gone proves nothing
    for (const [name, probe] of Object.entries(PROBES)) {
      const answer = await probe(asker, secret)
      expect([name, await answer.text()]).not.toEqual([name, expect.stringContaining(secret.word)])
    }
  })

  it('gets nothing through any route without a key, and nothing with an unknown one', async () => {
    for (const { method, path, scope } of millrace.routes) {
      if (scope === 'public') continue
      const url = millrace.url + path.replaceAll(/:\w+/g, 'x')
      const hasKeyInPath = path.includes(':apiKey')
      expect([path, (await fetch(url, { method })).status]).toEqual([path, hasKeyInPath ? 403 : 401])
      expect([path, (await fetch(url, { method, headers: { 'dd-api-key': 'no-such-key' } })).status]).toEqual([path, 403])
    }
  })

  it('cannot use the cursor of another to read on in its events', async () => {
    await millrace.searchable(await millrace.send(Array.from({ length: 3 }, () => JSON.stringify({ message: `more ${secret.word}` })).join('\n')))
    const question = { filter: { query: '*', from: 'now-1d' }, page: { limit: 1 } }
    const { meta } = (await (await millrace.post('/api/v2/logs/events/search', JSON.stringify(question))).json()) as { meta: { page: { after: string } } }
    const answer = await asker.post('/api/v2/logs/events/search', JSON.stringify({ ...question, page: { limit: 10, cursor: meta.page.after } }))
    expect(await answer.text()).not.toContain(secret.word)
  })

  it('sees no keys, not even its own, and revokes none', async () => {
    const { tenant } = (await (await millrace.get('/v1/session')).json()) as { readonly tenant: string }
    for (const path of [`/v1/tenants/${tenant}`, `/v1/tenants/${tenant}/keys`, '/v1/tenants/asker/keys', '/v1/admin-keys', '/v1/tenants']) expect([path, (await asker.get(path)).status]).toEqual([path, 403])
    for (const path of [`/v1/tenants/${tenant}/keys`, '/v1/admin-keys']) expect([path, (await asker.post(path, '{}')).status]).toEqual([path, 403])
    const ask = async (method: string, path: string, key = millrace.adminKey): Promise<Response> => await fetch(`${millrace.url}${path}`, { method, headers: { authorization: `Bearer ${key}` } })
    const { keys: [mine] } = (await (await ask('GET', `/v1/tenants/${tenant}/keys`)).json()) as { readonly keys: readonly { readonly id: string }[] }
    expect((await ask('DELETE', `/v1/tenants/${tenant}/keys/${mine?.id ?? ''}`, asker.key)).status).toBe(403)
    // An admin who names a key below another tenant has made a mistake.
    for (const path of ['/v1/tenants/asker/keys', '/v1/admin-keys']) expect((await ask('DELETE', `${path}/${mine?.id ?? ''}`)).status).toBe(404)
    expect((await millrace.get('/v1/session')).status).toBe(200)
  })

  it('cannot make tenants, and an admin key cannot read events', async () => {
    expect((await asker.post('/v1/tenants', '{"name":"x"}')).status).toBe(403)
    const answer = await fetch(`${millrace.url}/api/v2/logs/events/search`, { method: 'POST', headers: { authorization: `Bearer ${millrace.adminKey}` }, body: '{}' })
    expect(answer.status).toBe(403)
  })
})

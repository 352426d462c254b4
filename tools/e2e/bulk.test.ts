import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

const NDJSON = { 'content-type': 'application/x-ndjson' }

describe('_bulk', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)
  const bulk = async (lines: readonly (object | string)[], path = '/_bulk'): Promise<Response> =>
    await millrace.post(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n') + '\n', NDJSON)

  it('answers in the exact form that clients search for substrings', async () => {
    const answer = await bulk([{ create: {} }, { message: 'one' }], '/logs/_bulk')
    expect(answer.headers.get('x-elastic-product')).toBe('Elasticsearch')
    expect(await answer.text()).toMatch(/^\{"took":\d+,"errors":false,"items":\[\{"create":\{"_index":"logs","_id":"[^"]+","_version":1,"result":"created","_shards":\{"total":1,"successful":1,"failed":0\},"_seq_no":\d+,"_primary_term":1,"status":201\}\}\]\}$/)
  })

  it('answers each action in order, also those that it refuses', async () => {
    const answer = await bulk([{ index: { _index: 'a' } }, { message: 'bulk kept 1' }, { delete: { _index: 'a', _id: '1' } }, { update: { _index: 'a', _id: '1' } }, { doc: {} }, { create: { _index: 'a' } }, '{"message":', { create: { _index: 'a' } }, { '@timestamp': new Date().toISOString(), message: 'bulk kept 2' }])
    expect(answer.status).toBe(200)
    const { errors, items } = (await answer.json()) as { errors: boolean; items: Record<string, { status: number }>[] }
    expect(errors).toBe(true)
    expect(items.map((item) => Object.entries(item).map(([action, { status }]) => `${action} ${status}`)[0])).toEqual(['index 201', 'delete 400', 'update 400', 'create 400', 'create 201'])
    await millrace.searchable(answer)
    expect((await millrace.search('"bulk kept"')).length).toBe(2)
  })

  it('stores a create with an id once, in whatever body it comes again', async () => {
    await millrace.searchable(await bulk([{ create: { _index: 'a', _id: 'n1' } }, { message: 'named once' }, { create: { _index: 'a', _id: 'n2' } }, { message: 'named once' }]))
    await millrace.searchable(await bulk([{ create: { _index: 'a', _id: 'n2' } }, { message: 'named once' }, { create: { _index: 'b', _id: 'n2' } }, { message: 'named once' }]))
    expect((await millrace.search('"named once"')).length).toBe(3)
  })

  it('stores a document under the id of one that was refused, also in the same request', async () => {
    const create = { create: { _index: 'a', _id: 'mended' } }
    const first = await bulk([create, '{"message":"mended","broken', { create: { _index: 'a', _id: 'mended-2' } }, '{"broken', { create: { _index: 'a', _id: 'mended-2' } }, { message: 'mended' }])
    expect(((await first.json()) as { items: { create: { status: number } }[] }).items.map((item) => item.create.status)).toEqual([400, 400, 201])
    await millrace.searchable(first)
    await millrace.searchable(await bulk([create, { message: 'mended' }]))
    expect((await millrace.search('mended')).length).toBe(2)
  })

  it('takes equal bodies to two indices for two requests', async () => {
    const body = [{ create: {} }, { message: 'two indices', '@timestamp': new Date(Date.now() - 1000).toISOString().replace(/\.\d+/, '.123') }]
    for (const path of ['/one/_bulk', '/two/_bulk', '/one/_bulk']) await millrace.searchable(await bulk(body, path))
    expect((await millrace.search('"two indices"')).length).toBe(2)
  })

  it('stores a whole request once under an Idempotency-Key', async () => {
    const body = `${JSON.stringify({ index: { _index: 'a' } })}\n${JSON.stringify({ message: 'bulk keyed' })}\n`
    for (let i = 0; i < 2; i++) await millrace.searchable(await millrace.post('/_bulk', body, { ...NDJSON, 'idempotency-key': 'bulk-1' }))
    expect((await millrace.search('"bulk keyed"')).length).toBe(1)
  })

  it('takes a request of several parts whole and keeps each event once', async () => {
    const lines = Array.from({ length: 4000 }, (_, i) => [{ index: { _index: 'big' } }, { message: `bulk part ${i}`, filler: 'x'.repeat(400), n: i }]).flat()
    await millrace.searchable(await bulk(lines))
    const answer = await millrace.post('/api/v2/logs/analytics/aggregate', JSON.stringify({ filter: { query: '"bulk part"' }, compute: [{ aggregation: 'count' }, { aggregation: 'cardinality', metric: '@n' }] }))
    expect(await answer.json()).toMatchObject({ data: { buckets: [{ computes: { c0: 4000, c1: 4000 } }] } })
  })

  it('refuses a body whose lines do not pair, whole', async () => {
    const answer = await millrace.post('/_bulk', 'this is no action\n{"message":"x"}\n', NDJSON)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ status: 400, error: { type: 'illegal_argument_exception' } })
  })

  it.each([
    ['GET', '/', { version: { number: expect.stringMatching(/^\d+\.\d+\.\d+$/) }, tagline: 'You Know, for Search' }],
    ['GET', '/_license', { license: { status: 'active', type: 'basic' } }],
    ['GET', '/_cluster/health', { status: 'green' }],
    ['PUT', '/_index_template/filebeat', {}],
    ['PUT', '/_ilm/policy/filebeat', {}],
  ] as const)('answers the handshake %s %s', async (method, path, body) => {
    const answer = await fetch(millrace.url + path, { method, headers: { 'dd-api-key': millrace.key } })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('x-elastic-product')).toBe('Elasticsearch')
    expect(await answer.json()).toMatchObject(body)
  })

  it('shows a browser the page instead of the banner', async () => {
    const answer = await fetch(millrace.url, { headers: { accept: 'text/html,*/*' } })
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})

import { gzipSync, deflateSync, zstdCompressSync } from 'node:zlib'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('events sent to /v1/events', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  it('are found with everything that they said', async () => {
    const timestamp = new Date().toISOString()
    const answer = await millrace.send(JSON.stringify({ timestamp, message: 'first light', level: 'warn', service: 'web', hostname: 'h1', ddtags: 'env:prod,team:core', http: { status_code: 502 }, big: 1e400, list: [1, { a: 2 }], 'a.b': 'dotted', a: { b: 'nested' } }).replace('"big":null', '"big":12345678901234567890123'))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ accepted: 1, rejected: [], rejectedCount: 0 })
    await millrace.searchable(answer)
    const [event, ...others] = await millrace.search('service:web status:warn env:prod @http.status_code:>=500 "first light" -env:dev')
    expect(others).toEqual([])
    expect(event?.attributes).toMatchObject({ timestamp, message: 'first light', status: 'warn', service: 'web', host: 'h1', tags: ['env:prod', 'team:core'], attributes: { http: { status_code: 502 }, list: [1, { a: 2 }], 'a.b': 'dotted', a: { b: 'nested' } } })
  })

  it('keep every digit of a number that no double holds', async () => {
    await millrace.searchable(await millrace.send('{"message":"digits","n":12345678901234567890123,"m":0.1000}'))
    const answer = await millrace.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query: 'digits' } }))
    expect(await answer.text()).toContain('"n":12345678901234567890123')
  })

  it.each([
    ['gzip', (body: string) => gzipSync(body)],
    ['zstd', (body: string) => zstdCompressSync(body)],
    ['deflate', (body: string) => deflateSync(body)],
    ['identity', (body: string) => Buffer.from(body)],
  ])('arrive packed with %s', async (encoding, pack) => {
    const body = Array.from({ length: 3 }, (_, i) => JSON.stringify({ message: `packed ${encoding} ${i}` })).join('\n')
    const answer = await millrace.send(pack(body), { 'content-encoding': encoding })
    expect(await answer.json()).toMatchObject({ accepted: 3 })
    await millrace.searchable(answer)
    expect((await millrace.search(`"packed ${encoding}"`)).length).toBe(3)
  })

  it('are refused one by one, and the others kept', async () => {
    const old = new Date(Date.now() - 400 * 86_400_000).toISOString()
    const early = new Date(Date.now() + 3_600_000).toISOString()
    const answer = await millrace.send(`{"message":"kept one"}\n{"message":\n"no object"\n{"message":"old","timestamp":"${old}"}\n{"message":"early","timestamp":"${early}"}\n{"message":"kept two"}`)
    const { accepted, rejected } = (await answer.json()) as { accepted: number; rejected: { index: number; reason: string }[] }
    expect(accepted).toBe(2)
    expect(rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4])
    expect(rejected[2]?.reason).toMatch(/retention/)
    expect(rejected[3]?.reason).toMatch(/future/)
    await millrace.searchable(answer)
    expect((await millrace.search('kept')).map(({ attributes }) => attributes.message).sort()).toEqual(['kept one', 'kept two'])
  })

  it('are stored once under an Idempotency-Key, whatever happens to the replies', async () => {
    for (let i = 0; i < 3; i++) await millrace.searchable(await millrace.send('{"message":"keyed once"}', { 'idempotency-key': 'k1' }))
    expect((await millrace.search('"keyed once"')).length).toBe(1)
  })

  it('are stored once when an equal body stamps every event finer than a second', async () => {
    const body = JSON.stringify({ message: 'stamped once', timestamp: new Date(Date.now() - 1000).toISOString().replace(/\.\d+/, '.123') })
    for (let i = 0; i < 3; i++) await millrace.searchable(await millrace.send(body))
    expect((await millrace.search('"stamped once"')).length).toBe(1)
  })

  it('are stored as often as they were sent when nothing tells a retry from a repetition', async () => {
    for (let i = 0; i < 2; i++) await millrace.searchable(await millrace.send('{"message":"said twice"}'))
    await millrace.searchable(await millrace.send('{"message":"said twice"}\n{"message":"said twice"}'))
    expect((await millrace.search('"said twice"')).length).toBe(4)
  })

  it('that share a request of the same key with another tenant are not mixed up', async () => {
    const other = await millrace.addTenant('same key')
    await millrace.searchable(await millrace.send('{"message":"mine under a key"}', { 'idempotency-key': 'shared' }))
    await other.searchable(await other.send('{"message":"theirs under a key"}', { 'idempotency-key': 'shared' }))
    expect((await other.search('*')).map(({ attributes }) => attributes.message)).toEqual(['theirs under a key'])
    expect((await millrace.search('"mine under a key"')).length).toBe(1)
  })

  it('are counted, grouped and measured', async () => {
    const at = new Date(Date.now() - 5_000).toISOString()
    const lines = Array.from({ length: 100 }, (_, i) => JSON.stringify({ message: 'measured', timestamp: at, service: i % 4 === 0 ? 'api' : 'web', duration: i + 1, user: `u${i % 10}` }))
    await millrace.searchable(await millrace.send(lines.join('\n')))
    const answer = await millrace.post('/api/v2/logs/analytics/aggregate', JSON.stringify({
      filter: { query: 'measured', from: 'now-15m', to: 'now' },
      compute: [{ aggregation: 'count' }, { aggregation: 'sum', metric: '@duration' }, { aggregation: 'max', metric: '@duration' }, { aggregation: 'avg', metric: '@duration' }, { aggregation: 'cardinality', metric: '@user' }],
      group_by: [{ facet: 'service' }],
    }))
    const { data, meta } = (await answer.json()) as { data: { buckets: unknown[] }; meta: { complete: boolean; complete_until: string } }
    expect(data.buckets).toEqual([
      { by: { service: 'web' }, computes: { c0: 75, c1: 3825, c2: 100, c3: 51, c4: 10 } },
      { by: { service: 'api' }, computes: { c0: 25, c1: 1225, c2: 97, c3: 49, c4: 5 } },
    ])
    expect(meta.complete).toBe(true)
    expect(Date.parse(meta.complete_until)).toBeGreaterThan(Date.now() - 5_000)
  })

  it('come back page by page without a gap or a repetition', async () => {
    const lines = Array.from({ length: 57 }, (_, i) => JSON.stringify({ message: 'paged', timestamp: new Date(Date.now() - (i % 5) * 1000).toISOString(), n: i }))
    await millrace.searchable(await millrace.send(lines.join('\n')))
    const found = await millrace.search('paged', { limit: 10 })
    expect(found.map(({ attributes }) => attributes.attributes['n']).sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 57 }, (_, i) => i))
    const times = found.map(({ attributes }) => attributes.timestamp)
    expect(times).toEqual([...times].sort().reverse())
  })
})

describe('a system that is started again', () => {
  it('still has what it had, and goes on', async () => {
    await using millrace = await openTestSystem()
    await millrace.searchable(await millrace.send('{"message":"before the restart"}'))
    const unflushed = await millrace.send('{"message":"just before the restart"}')
    expect(unflushed.status).toBe(200)
    await millrace.restart()
    await millrace.searchable(await millrace.send('{"message":"after the restart"}'))
    await millrace.searchable(unflushed)
    expect((await millrace.search('restart')).length).toBe(3)
  }, START_TIMEOUT_MS)
})

import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('the query API', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
    const events = Array.from({ length: EVENTS }, (_, i) => JSON.stringify({ message: `event ${i}`, service: SERVICES[i % 7] ?? 'other', ddtags: `env:e${i % 3}`, code: 200 + (i % 4) * 100 }))
    await millrace.searchable(await millrace.send(events.join('\n')))
    await millrace.searchable(await millrace.send(JSON.stringify({ message: '=cmd|"x"', service: 'odd', http: { path: '/a,b' }, n: -5 })))
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const json = async (path: string): Promise<Record<string, unknown>> => (await (await millrace.get(path)).json()) as Record<string, unknown>
  const expectedCounts = (keyOf: (i: number) => string | number): Map<string | number, number> => {
    const counts = new Map<string | number, number>()
    for (let i = 0; i < EVENTS; i++) counts.set(keyOf(i), (counts.get(keyOf(i)) ?? 0) + 1)
    return counts
  }
  const countsOf = ({ values }: Record<string, unknown>): Map<unknown, number> => new Map((values as { value: unknown; count: number }[]).map(({ value, count }) => [value, count]))

  it('counts the values of a facet under a filter', async () => {
    expect(countsOf(await json('/v1/facets/service/values?query=event'))).toEqual(expectedCounts((i) => SERVICES[i % 7] ?? 'other'))
    expect(countsOf(await json('/v1/facets/env/values?query=event'))).toEqual(expectedCounts((i) => `e${i % 3}`))
    expect(countsOf(await json('/v1/facets/@code/values?query=service:web'))).toEqual(new Map([200, 300, 400, 500].map((code) => [code, Array.from({ length: EVENTS }, (_, i) => i).filter((i) => SERVICES[i % 7] === 'web' && 200 + (i % 4) * 100 === code).length])))
  })

  it('completes values by prefix, numbers too, and says when some are left out', async () => {
    expect([...countsOf(await json('/v1/facets/service/values?prefix=we')).keys()].sort()).toEqual(['web', 'weather'].sort())
    expect([...countsOf(await json('/v1/facets/@code/values?prefix=4')).keys()]).toEqual([400])
    expect(await json('/v1/facets/service/values?prefix=we&limit=1')).toMatchObject({ has_more: true, meta: { complete: true } })
    expect(await json('/v1/facets/service/values?prefix=we&limit=2')).toMatchObject({ has_more: false })
  })

  it('exports all events once, over many pages, and says that they are all', async () => {
    const answer = await millrace.get('/v1/export?query=event')
    expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
    const lines = (await answer.text()).trimEnd().split('\n').map((line) => JSON.parse(line) as { id: string; attributes: { message: string } })
    expect(lines.pop()).toMatchObject({ type: 'end', events: EVENTS, complete: true })
    expect(new Set(lines.map(({ attributes }) => attributes.message))).toEqual(new Set(Array.from({ length: EVENTS }, (_, i) => `event ${i}`)))
    expect(lines.map(({ id }) => id)).toEqual((await millrace.search('event')).map(({ id }) => id).reverse())
  })

  it('exports CSV with quotes, and without formulas unless asked', async () => {
    const columns = 'service,message,@http.path,@n,@none,env'
    expect(await (await millrace.get(`/v1/export?format=csv&query=service:odd&columns=${columns}`)).text()).toBe(`${columns}\r\nodd,"'=cmd|""x""","/a,b",-5,,\r\n# complete: 1 events\r\n`)
    expect(await (await millrace.get('/v1/export?format=csv&query=service:odd&columns=message&formulas=keep')).text()).toBe('message\r\n"=cmd|""x"""\r\n# complete: 1 events\r\n')
    expect(await (await millrace.get('/v1/export?format=csv&query=service:nobody')).text()).toBe('timestamp,status,service,host,message\r\n# complete: 0 events\r\n')
  })

  it('streams a search: progress that adds up, the newest events, and an end', async () => {
    const answer = await millrace.post('/v1/search', JSON.stringify({ filter: { query: 'event' }, limit: 50 }))
    type Line = { type: string; fraction: number; histogram: { count: number; status: string; time: string }[]; event: { id: string } }
    const lines = (await answer.text()).trimEnd().split('\n').map((line) => JSON.parse(line) as Line)
    expect(lines.at(-1)).toMatchObject({ type: 'end', events: 50, matched: EVENTS, has_more: true, complete: true })
    const progress = lines.filter(({ type }) => type === 'progress')
    const fractions = progress.map(({ fraction }) => fraction)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
    const points = progress.flatMap(({ histogram }) => histogram)
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(EVENTS)
    expect(new Set(points.map(({ time, status }) => `${time} ${status}`)).size).toBe(points.length)
    expect(lines.filter(({ type }) => type === 'event').map(({ event }) => event.id)).toEqual((await millrace.search('event')).slice(0, 50).map(({ id }) => id))
  })

  it('shows what surrounds an event, by service and host, in the order of searches', async () => {
    const all = [...await millrace.search('service:db')].reverse()
    for (const at of [0, 1, 300, all.length - 1]) {
      const { id, attributes: { timestamp } } = all[at]!
      const answer = (await json(`/v1/events/${id}/context?timestamp=${timestamp}&limit=5`)) as { before: unknown[]; event: unknown; after: unknown[]; meta: unknown }
      expect(answer.before).toEqual(all.slice(Math.max(0, at - 5), at))
      expect(answer.event).toEqual(all[at])
      expect(answer.after).toEqual(all.slice(at + 1, at + 6))
      expect(answer.meta).toMatchObject({ complete: true, has_more_before: at > 5, has_more_after: at < all.length - 6 })
    }
  })

  it('knows no surroundings of an event that is not there', async () => {
    const [event] = await millrace.search('service:odd')
    expect((await millrace.get(`/v1/events/${event?.id}/context?timestamp=2001-01-01T00:00:00Z`)).status).toBe(404)
    expect((await millrace.get(`/v1/events/${event?.id.replace(/\d+$/, '99999')}/context?timestamp=${event?.attributes.timestamp}`)).status).toBe(404)
    expect((await millrace.get(`/v1/events/${event?.id}/context`)).status).toBe(400)
  })

  it.each(['/v1/export?format=xml', '/v1/export?query=(', '/v1/export?format=csv&columns=a,,b', '/v1/export?from=yesterday', '/v1/facets/service/values?limit=0', '/v1/facets/@/values', '/v1/events/none/context?timestamp=2026-01-01T00:00:00Z'])('refuses %s with a reason', async (path) => {
    const answer = await millrace.get(path)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toMatch(/bad-query/)
  })

  it('shows a tenant nothing of another', async () => {
    const other = await millrace.addTenant('others')
    expect(await (await other.get('/v1/facets/service/values')).json()).toMatchObject({ values: [] })
    expect((await (await other.get('/v1/export')).text()).trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toMatchObject([{ type: 'end', events: 0 }])
  })
})

/** More than two pages of an export. */
const EVENTS = 2345
const SERVICES = ['web', 'weather', 'db', 'api', 'web', 'db', 'web']

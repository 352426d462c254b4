import { systemClock } from '@millrace/runtime/system-clock'
import { parseQuery } from '@millrace/query-language/parse-query'
import { printQuery } from '@millrace/query-language/print-query'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, someLeaf, somePlacement, someQuery } from './arbitrary-events.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import { isBefore, naiveMatches, type NaiveEvent } from './naive-search.ts'
import { openQueryEngine } from './open-query-engine.ts'
import type { ListRequest } from './query-engine.ts'

const never = new AbortController().signal
const everything: ListRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], order: 'desc', limit: 1000 }
const engineOver = (ports: MemoryPorts): ReturnType<typeof openQueryEngine> => openQueryEngine({ ...portsOf(ports), clock: systemClock })
const portsOf = ({ catalog, store, index }: MemoryPorts): Pick<MemoryPorts, 'catalog' | 'store' | 'index'> => ({ catalog, store, index })
const order = (a: NaiveEvent, b: NaiveEvent): number => (isBefore(a, b) ? -1 : 1)
const event = (values: Readonly<Record<string, string | number>>, row = 0, timestampNs = DAY_ZERO_NS): NaiveEvent => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs, values: new Map(Object.entries(values)) })

describe('listing events', () => {
  it('finds just what a search says, however the events are spread over fragments', async () => {
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, fc.oneof(someLeaf, someQuery), async (events, placement, filter) => {
      const answer = await engineOver(place(events, placement)).list({ ...everything, order: 'asc', filter }, never)
      const expected = events.filter((candidate) => naiveMatches(filter, candidate)).sort(order)
      expect({ search: printQuery(filter), found: answer.events.map(({ id }) => id) }).toEqual({ search: printQuery(filter), found: expected.map(({ id }) => id) })
      expect(answer).toMatchObject({ complete: true, hasMore: false })
    }), { numRuns: 300 })
  })

  it('gives the same page by page as at once, in both orders and in any time range', async () => {
    const span = fc.tuple(fc.integer({ min: -1, max: 22 }), fc.integer({ min: -1, max: 22 }), fc.constantFrom(0n, 3n))
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, someQuery, fc.constantFrom('asc' as const, 'desc' as const), fc.integer({ min: 1, max: 5 }), span, async (events, placement, filter, direction, limit, [from, to, day]) => {
      const [fromNs, toNs] = [DAY_ZERO_NS + BigInt(from) * 500_000n, DAY_ZERO_NS + day * 86_400_000_000_000n + BigInt(to) * 500_000n]
      const expected = events.filter((candidate) => candidate.timestampNs >= fromNs && candidate.timestampNs < toNs && naiveMatches(filter, candidate)).sort(order)
      if (direction === 'desc') expected.reverse()
      const engine = engineOver(place(events, placement))
      const found: NaiveEvent['id'][] = []
      let request: ListRequest = { ...everything, filter, order: direction, limit, fromNs, toNs }
      for (;;) {
        const { events: page, hasMore } = await engine.list(request, never)
        found.push(...page.map(({ id }) => id))
        expect(hasMore).toBe(found.length < expected.length)
        const last = page.at(-1)
        if (!hasMore || last === undefined) break
        request = { ...request, after: last }
      }
      expect(found).toEqual(expected.map(({ id }) => id))
    }), { numRuns: 300 })
  })

  it('gives the same page by page over fragments of many blocks with Bloom filters', async () => {
    const words = ['disk', 'quota', 'exceeded', 'after', 'retry']
    const events = Array.from({ length: 9000 }, (_, i) =>
      event({ message: `${words[i % 5]} ${words[(i * 7) % 4]} user=${i % 97}`, service: i % 3 === 0 ? 'web' : 'api', trace_id: `t${i % 1000}` }, i, DAY_ZERO_NS + BigInt((i * 7919) % 9000)))
    const ports = new MemoryPorts()
    for (let part = 0; part < 3; part++) ports.addEvents(events.filter((_, i) => i % 3 === part), { asText: true, isSealed: part > 0 })
    const engine = engineOver(ports)
    for (const search of ['"disk quota"', 'service:web disk', 'trace_id:t77', 'trace_id:t77 OR "user 13" -quota', '*isk* NOT service:api', 'absent', '@x:1', 'message:~"user=9[0-9]$"']) {
      const filter = parseQuery(search)
      for (const direction of ['asc', 'desc'] as const) {
        const expected = events.filter((candidate) => naiveMatches(filter, candidate)).sort(order)
        if (direction === 'desc') expected.reverse()
        const found: NaiveEvent['id'][] = []
        let request: ListRequest = { ...everything, filter, order: direction, limit: 450 }
        for (;;) {
          const page = await engine.list(request, never)
          found.push(...page.events.map(({ id }) => id))
          const last = page.events.at(-1)
          if (!page.hasMore || last === undefined) break
          request = { ...request, after: last }
        }
        expect({ search, rows: found.map(({ row }) => row) }).toEqual({ search, rows: expected.map(({ id }) => id.row) })
      }
    }
  })

  it('looks at every fragment that has events of the last moment of a page', async () => {
    const ports = new MemoryPorts()
    for (const row of [1, 2, 0, 5, 4, 3]) ports.addEvents([event({ message: `m${row}` }, row)])
    for (const direction of ['asc', 'desc'] as const) {
      const { events } = await engineOver(ports).list({ ...everything, order: direction, limit: 1 }, never)
      expect(events.map(({ id }) => id.row)).toEqual([direction === 'asc' ? 0 : 5])
    }
  })

  it('stops once no other fragment can have an event of the page', async () => {
    const ports = new MemoryPorts()
    for (let i = 0; i < 20; i++) ports.addEvents([event({ message: `m${i}` }, i, DAY_ZERO_NS + BigInt(i))])
    const { events, hasMore } = await engineOver(ports).list({ ...everything, limit: 2 }, never)
    expect(events.map(({ message }) => message)).toEqual(['m19', 'm18'])
    expect(hasMore).toBe(true)
    const all = new MemoryPorts()
    for (let i = 0; i < 20; i++) all.addEvents([event({ message: `m${i}` }, i, DAY_ZERO_NS + BigInt(i))])
    await engineOver(all).list(everything, never)
    expect(ports.reads).toBeLessThan(all.reads / 4)
  })

  it('skips fragments whose filters or index deny a word, and finds the same without the index', async () => {
    const rows = Array.from({ length: 3000 }, (_, row) => event({ message: `request ${row} served` }, row, DAY_ZERO_NS + BigInt(row)))
    for (const isIndexUp of [true, false]) {
      const ports = new MemoryPorts()
      ports.isIndexUp = isIndexUp
      ports.addEvents(rows, { asText: true })
      ports.addEvents([event({ message: 'disk quota exceeded' }, 5000)], { isSealed: false })
      const engine = engineOver(ports)
      const { events } = await engine.list({ ...everything, filter: parseQuery('"quota exceeded"') }, never)
      expect(events.map(({ message }) => message)).toEqual(['disk quota exceeded'])
      const readsBefore = ports.reads
      expect((await engine.list({ ...everything, filter: parseQuery('absentword') }, never)).events).toEqual([])
      expect(ports.reads - readsBefore).toBeLessThanOrEqual(isIndexUp ? 0 : 1)
    }
  })

  it('puts events together as they came', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([
      {
        ...event({}),
        timestampNs: DAY_ZERO_NS + 123_456_789n,
        values: new Map<string, string | number | boolean | null | { json: string } | { numeral: string }>([
          ['message', 'hello'], ['status', 'info'], ['tags', 'env:prod,canary'], ['trace_id', 'abc'], ['@http.status_code', 500], ['@http.url', 'http://x/"y"'], ['@big', { numeral: '12345678901234567890' }],
          ['@list', { json: '[1, {"a":2}]' }], ['@ok', true], ['@nothing', null], ['@a\\.b.c', 1], ['@p', 1], ['@p.q', 2], ['@p.q.r', 3], ['@__proto__', 'x'],
        ]),
      },
    ])
    const { events: [rendered] } = await engineOver(ports).list(everything, never)
    expect(rendered).toMatchObject({ timestampNs: DAY_ZERO_NS + 123_456_789n, message: 'hello', status: 'info', service: undefined, tags: ['env:prod', 'canary'], traceId: 'abc', id: { generation: 'g1', partition: 0, offset: 0, row: 0 } })
    expect(rendered?.attributesJson).toBe('{"__proto__":"x","a.b":{"c":1},"big":12345678901234567890,"http":{"status_code":500,"url":"http://x/\\"y\\""},"list":[1, {"a":2}],"nothing":null,"ok":true,"p":1,"p.q":2,"p.q.r":3}')
  })

  it('shows a tenant nothing of another', async () => {
    const ports = new MemoryPorts()
    for (const isSealed of [true, false]) ports.addEvents([event({ message: 'secret' })], { tenantId: 'other', isSealed })
    const engine = engineOver(ports)
    expect((await engine.list(everything, never)).events).toEqual([])
    expect((await engine.list({ ...everything, tenantId: 'other' }, never)).events).toHaveLength(2)
  })

  it('says how far each stream was committed', async () => {
    const { positions } = await engineOver(new MemoryPorts()).list(everything, never)
    expect(positions.get('g1/0')?.nextSourceOffset).toBe(7)
  })
})

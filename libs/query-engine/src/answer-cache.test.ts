import { MAX_ENTRY_BYTES, type Cache } from '@millrace/cache/cache'
import { openCache } from '@millrace/cache/open-cache'
import { parseQuery } from '@millrace/query-language/parse-query'
import { systemClock } from '@millrace/runtime/system-clock'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, somePlacement, someQuery } from './arbitrary-events.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import type { NaiveEvent } from './naive-search.ts'
import { openQueryEngine, type QueryEngineOptions } from './open-query-engine.ts'
import type { AggregateRequest, ListRequest, QueryEngine } from './query-engine.ts'

const never = new AbortController().signal
const question = { tenantId: TENANT, kind: 'log' as const, fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: parseQuery('*'), streams: ['g1/0'] }
const list: ListRequest = { ...question, order: 'asc', limit: 100 }
const count: AggregateRequest = { ...question, computes: [{ aggregation: 'count', type: 'total' }], groupBy: [] }
const event = (row: number, values: Readonly<Record<string, string | number>> = { message: `disk ${row}` }): NaiveEvent => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row) * 1000n, values: new Map(Object.entries(values)) })

/** A cache that tells what was asked of it. */
async function openWatchedCache(): Promise<{ readonly cache: Cache; readonly sets: { readonly tenantId: string; readonly key: string; readonly bytes: Uint8Array }[]; hits: number }> {
  const inner = await openCache({ kind: 'process', clock: systemClock })
  const watched = {
    sets: [] as { tenantId: string; key: string; bytes: Uint8Array }[], hits: 0,
    cache: {
      async get(tenantId: string, key: string) {
        const bytes = await inner.get(tenantId, key)
        if (bytes !== undefined) watched.hits++
        return bytes
      },
      async set(tenantId: string, key: string, bytes: Uint8Array, ttlMs: number) {
        watched.sets.push({ tenantId, key, bytes })
        await inner.set(tenantId, key, bytes, ttlMs)
      },
      [Symbol.asyncDispose]: async () => { await inner[Symbol.asyncDispose]() },
    },
  }
  return watched
}

/** With a new reader's cache each time, so that what is not remembered has to be read. */
function engineOver({ catalog, store, index }: MemoryPorts, options: Partial<QueryEngineOptions> = {}): QueryEngine {
  return openQueryEngine({ catalog, store, index, clock: systemClock, ...options })
}

/** The only part of an answer that may differ from run to run. */
const anyCost = { scanMs: expect.any(Number) as unknown }

describe('remembered answers', () => {
  it('are what the engine answers without them, whatever was asked before', async () => {
    const bound = fc.integer({ min: -1, max: 22 }).map((at) => DAY_ZERO_NS + BigInt(at) * 500_000n)
    const ask = fc.record({
      filter: fc.oneof(fc.constant(question.filter), someQuery), fromNs: fc.oneof(fc.constant(0n), bound), toNs: fc.oneof(fc.constant(question.toNs), bound),
      order: fc.constantFrom('asc' as const, 'desc' as const), limit: fc.constantFrom(1, 3, 100),
      groupBy: fc.constantFrom([], [{ facet: 'service', limit: 2 }], [{ facet: '@n', limit: 10, missing: 'none' }]),
      aggregation: fc.constantFrom('count' as const, 'cardinality' as const, 'sum' as const, 'pc90' as const), type: fc.constantFrom('total' as const, 'timeseries' as const),
    })
    let hits = 0
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, fc.array(ask, { minLength: 1, maxLength: 4 }), async (events, placement, asks) => {
      const ports = place(events, { ...placement, isSealed: [true, true, true, true] })
      const watched = await openWatchedCache()
      for (const { filter, fromNs, toNs, order, limit, groupBy, aggregation, type } of [...asks, ...asks]) {
        const listing: ListRequest = { ...question, filter, fromNs, toNs, order, limit }
        expect(await engineOver(ports, watched).list(listing, never)).toEqual({ ...(await engineOver(ports).list(listing, never)), ...anyCost })
        const aggregating: AggregateRequest = { ...question, filter, fromNs, toNs, computes: [{ aggregation, type, metric: '@n', ...(type === 'timeseries' ? { intervalMs: 3 } : {}) }], groupBy }
        expect(await engineOver(ports, watched).aggregate(aggregating, never)).toEqual({ ...(await engineOver(ports).aggregate(aggregating, never)), ...anyCost })
      }
      hits += watched.hits
    }), { numRuns: 150 })
    expect(hits).toBeGreaterThan(300)
  })

  it('cost no reading, also when only the clock has moved on', async () => {
    const ports = new MemoryPorts()
    ports.addEvents(Array.from({ length: 50 }, (_, row) => event(row)))
    const { cache } = await openWatchedCache()
    const first = await engineOver(ports, { cache }).list(list, never)
    const readsBefore = ports.reads
    expect(await engineOver(ports, { cache }).list({ ...list, fromNs: DAY_ZERO_NS - 5n, toNs: DAY_ZERO_NS + 1_000_000n }, never)).toEqual({ ...first, ...anyCost })
    expect(ports.reads).toBe(readsBefore)
    expect((await engineOver(ports, { cache }).list({ ...list, fromNs: DAY_ZERO_NS + 1n }, never)).events).toHaveLength(49)
  })

  it('keep their numbers apart that JSON would not', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([event(0, { '@n': 1 })])
    const { cache } = await openWatchedCache()
    const countAbove = async (value: number): Promise<unknown> =>
      (await engineOver(ports, { cache }).aggregate({ ...count, filter: { type: 'range', facet: { kind: 'attribute', name: 'n' }, min: { value, isInclusive: true }, max: undefined } }, never)).buckets[0]?.computes
    expect([await countAbove(-Infinity), await countAbove(Infinity)]).toEqual([[1], [0]])
  })

  it('take how far the streams are from the fresh plan', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([event(0)])
    const { cache } = await openWatchedCache()
    await engineOver(ports, { cache }).aggregate(count, never)
    const { catalog } = ports
    const later = { epoch: 3, sequence: 0, nextOffset: 9, nextSourceOffset: 42 }
    const { positions, complete } = await engineOver(ports, { cache, catalog: { ...catalog, readPosition: () => Promise.resolve(later) } }).aggregate(count, never)
    expect({ positions, complete }).toEqual({ positions: new Map([['g1/0', later]]), complete: true })
  })

  it('never cross tenants', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([event(0)])
    const watched = await openWatchedCache()
    expect((await engineOver(ports, watched).list(list, never)).events).toHaveLength(1)
    expect((await engineOver(ports, watched).list({ ...list, tenantId: 'other' }, never)).events).toHaveLength(0)
    ports.addEvents([event(1), event(2)], { tenantId: 'other' })
    expect((await engineOver(ports, watched).list({ ...list, tenantId: 'other' }, never)).events).toHaveLength(2)
    expect({ hits: watched.hits, tenants: watched.sets.map(({ tenantId }) => tenantId) }).toEqual({ hits: 0, tenants: [TENANT, 'other'] })
  })

  it('are not used once a seal or a merge changed what there is', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([event(0)])
    const watched = await openWatchedCache()
    const counted = async (): Promise<unknown> => (await engineOver(ports, watched).aggregate(count, never)).buckets[0]?.computes[0]
    expect(await counted()).toBe(1)
    ports.addEvents([event(1)])
    expect(await counted()).toBe(2)
    ports.sealed.splice(0)
    ports.addEvents([event(0), event(1)])
    expect(await counted()).toBe(2)
    expect({ hits: watched.hits, keys: new Set(watched.sets.map(({ key }) => key)).size }).toEqual({ hits: 0, keys: 3 })
  })

  it('are complete ones, over sealed fragments, and not too large', async () => {
    const watched = await openWatchedCache()
    const fresh = new MemoryPorts()
    fresh.addEvents([event(0)], { isSealed: false })
    expect((await engineOver(fresh, watched).list(list, never)).events).toHaveLength(1)
    const torn = new MemoryPorts()
    torn.addEvents([event(0)])
    for (const [key, bytes] of torn.objects) torn.objects.set(key, bytes.subarray(0, 3))
    expect((await engineOver(torn, watched).list(list, never)).complete).toBe(false)
    const long = new MemoryPorts()
    long.addEvents(Array.from({ length: 100 }, (_, row) => event(row, { message: 'long '.repeat(10_000) })))
    expect((await engineOver(long, watched).list(list, never)).events).toHaveLength(100)
    expect(watched.sets).toEqual([])
    const some = new MemoryPorts()
    some.addEvents(Array.from({ length: 100 }, (_, row) => event(row, { message: 'long '.repeat(5_000) })))
    await engineOver(some, watched).list(list, never)
    expect(watched.sets.map(({ bytes }) => bytes.length < MAX_ENTRY_BYTES / 10)).toEqual([true])
  })

  it('that cannot be read are made anew', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([event(0)])
    const watched = await openWatchedCache()
    const first = await engineOver(ports, watched).list(list, never)
    const { tenantId, key } = watched.sets[0] ?? { tenantId: '', key: '' }
    for (const bytes of [Uint8Array.of(), Uint8Array.of(0, 1, 2), Uint8Array.of(1, 40, 181, 47, 253)]) {
      await watched.cache.set(tenantId, key, bytes, 1000)
      expect(await engineOver(ports, watched).list(list, never)).toEqual({ ...first, ...anyCost })
    }
  })
})

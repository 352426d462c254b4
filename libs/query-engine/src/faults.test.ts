import { objectKeyText } from '@millrace/fragment-store/fragment-store'
import { parseQuery } from '@millrace/query-language/parse-query'
import type { Clock } from '@millrace/runtime/clock'
import { systemClock } from '@millrace/runtime/system-clock'
import { DAY_ZERO_NS } from './arbitrary-events.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import type { NaiveEvent } from './naive-search.ts'
import { openQueryEngine, type QueryEngineOptions } from './open-query-engine.ts'
import { QueryCancelledError, type AggregateRequest, type ListRequest } from './query-engine.ts'

const never = new AbortController().signal
const question = { tenantId: TENANT, kind: 'log' as const, fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: parseQuery('disk'), streams: ['g1/0'] }
const list: ListRequest = { ...question, order: 'desc', limit: 10 }
const count: AggregateRequest = { ...question, computes: [{ aggregation: 'count', type: 'total' }], groupBy: [] }
const event = (row: number): NaiveEvent => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row), values: new Map([['message', `disk ${row} full`]]) })

function engineOver({ catalog, store, index }: MemoryPorts, options: Partial<QueryEngineOptions> = {}): ReturnType<typeof openQueryEngine> {
  return openQueryEngine({ catalog, store, index, clock: systemClock, ...options })
}

/** A clock that moves by a second whenever it is asked. */
function hastyClock(): Clock {
  let nowMs = 0
  return { nowMs: () => 0, monotonicMs: () => (nowMs += 1000), sleep: () => Promise.resolve() }
}

function threeFragments(): { readonly ports: MemoryPorts; readonly keys: readonly string[] } {
  const ports = new MemoryPorts()
  return { ports, keys: [0, 1, 2].map((row) => objectKeyText(ports.addEvents([event(row)]))) }
}

describe('a query over what cannot all be read', () => {
  it('says that a damaged fragment is missing, and answers the rest', async () => {
    const { ports, keys: [, damaged = ''] } = threeFragments()
    const bytes = ports.objects.get(damaged)
    for (let at = 5; at < (bytes?.length ?? 0); at += 3) {
      const torn = Uint8Array.from(bytes ?? [])
      torn[at] = (torn[at] ?? 0) ^ 0x55
      ports.objects.set(damaged, torn)
      const answer = await engineOver(ports).list(list, never)
      // A byte that the question does not need may be damaged without harm.
      if (answer.complete) expect(answer.events).toHaveLength(3)
      else expect({ events: answer.events.map(({ message }) => message), reasons: answer.missing.map(({ reason }) => reason) }).toEqual({ events: ['disk 2 full', 'disk 0 full'], reasons: ['unreadable'] })
    }
    ports.objects.set(damaged, new Uint8Array(bytes?.length ?? 0))
    const { buckets, complete, missing } = await engineOver(ports).aggregate(count, never)
    expect({ buckets, complete, reasons: missing.map(({ reason }) => reason) }).toEqual({ buckets: [{ by: {}, computes: [2] }], complete: false, reasons: ['unreadable'] })
  })

  it('plans again when an object was merged away, and then is complete', async () => {
    const { ports, keys: [gone = ''] } = threeFragments()
    const { catalog } = ports
    let plans = 0
    const engine = engineOver(ports, {
      catalog: {
        ...catalog,
        readSealed: async (...args: Parameters<typeof catalog.readSealed>) => {
          const rows = await catalog.readSealed(...args)
          if (++plans === 1) return rows
          // The second plan names the merged object in the old one's place.
          const merged = ports.sealed.find(({ object }) => object.endsWith('3'))
          return rows.filter(({ object }) => object !== gone && object !== merged?.object).concat(merged ?? [])
        },
      },
    })
    ports.addEvents([event(0)])
    const hidden = ports.sealed.pop()
    ports.objects.delete(gone)
    const planned = engine.aggregate(count, never)
    if (hidden !== undefined) ports.sealed.push(hidden)
    expect(await planned).toMatchObject({ complete: true, buckets: [{ computes: [3] }] })
    expect(plans).toBe(2)
  })

  it('says that an object is lost when the second plan names it, too', async () => {
    const { ports, keys: [gone = ''] } = threeFragments()
    ports.objects.delete(gone)
    const answer = await engineOver(ports).list(list, never)
    expect({ found: answer.events.length, complete: answer.complete, reasons: answer.missing.map(({ reason }) => reason) }).toEqual({ found: 2, complete: false, reasons: ['unreadable'] })
  })

  it('stops when its time is up, and says so', async () => {
    const { ports } = threeFragments()
    const engine = engineOver(ports, { clock: hastyClock(), limits: { timeMs: 3500 } })
    const answer = await engine.aggregate(count, never)
    expect({ complete: answer.complete, reasons: answer.missing.map(({ reason }) => reason) }).toEqual({ complete: false, reasons: ['time-budget'] })
    const listed = await engine.list(list, never)
    expect(listed).toMatchObject({ complete: false, hasMore: true, missing: [{ reason: 'time-budget' }] })
  })

  it('stops when it has read enough, and says so', async () => {
    const { ports } = threeFragments()
    const answer = await engineOver(ports, { limits: { readBytes: 60 } }).list(list, never)
    expect(answer).toMatchObject({ complete: false, hasMore: true, missing: [{ reason: 'byte-budget' }] })
  })

  it('stops soon after it is cancelled', async () => {
    const { ports } = threeFragments()
    const controller = new AbortController()
    const { store } = ports
    let reads = 0
    const engine = engineOver(ports, {
      store: {
        ...store,
        read: async (...args: Parameters<typeof store.read>) => {
          reads++
          controller.abort()
          return await store.read(...args)
        },
      },
    })
    await expect(engine.aggregate(count, controller.signal)).rejects.toThrow(QueryCancelledError)
    expect(reads).toBeLessThan(6)
    await expect(engine.list(list, controller.signal)).rejects.toThrow(QueryCancelledError)
  })

  it('keeps no more decoded than its cache may hold, and answers the same', async () => {
    const { ports } = threeFragments()
    const engine = engineOver(ports, { cacheBytes: 300 })
    for (let i = 0; i < 3; i++) expect(await engine.aggregate(count, never)).toMatchObject({ buckets: [{ computes: [3] }] })
    const readsWithout = ports.reads
    const cached = engineOver(ports)
    await cached.aggregate(count, never)
    const readsOnce = ports.reads
    await cached.aggregate(count, never)
    expect(ports.reads).toBe(readsOnce)
    expect(readsWithout).toBeGreaterThan((readsOnce - readsWithout) * 2)
  })
})

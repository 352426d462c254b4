import { systemClock } from '@millrace/runtime/system-clock'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, somePlacement } from './arbitrary-events.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import type { NaiveEvent } from './naive-search.ts'
import { openQueryEngine } from './open-query-engine.ts'
import type { UsageRequest } from './query-engine.ts'

const never = new AbortController().signal
const DAY_NS = 86_400_000_000_000n
const everything: UsageRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'] }
const engineOver = ({ catalog, store, index }: MemoryPorts): ReturnType<typeof openQueryEngine> => openQueryEngine({ catalog, store, index, clock: systemClock })

describe('usage', () => {
  it('counts every stored event once, by day and service, and all bytes of the fragments', async () => {
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, async (events, placement) => {
      const ports = place(events, placement)
      const { days, complete } = await engineOver(ports).usage(everything, never)
      expect(complete).toBe(true)
      const expected = Map.groupBy(events, ({ timestampNs }) => timestampNs / DAY_NS * DAY_NS)
      expect(days.map(({ dayNs, events: count }) => [dayNs, count])).toEqual([...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([dayNs, members]) => [dayNs, members.length]))
      for (const { dayNs, bytes, services } of days) {
        const members = Map.groupBy(expected.get(dayNs) ?? [], ({ values }) => (values.get('service') ?? '') as string)
        expect(new Map(services.map(({ service, events: count }) => [service, count]))).toEqual(new Map([...members].map(([service, own]) => [service, own.length])))
        expect(Math.abs(services.reduce((sum, own) => sum + own.bytes, 0) - bytes)).toBeLessThanOrEqual(services.length)
      }
      const stored = [...ports.objects.values()].reduce((sum, object) => sum + object.length - 5, 0) // five bytes stand before each fragment
      expect(days.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(stored)
    }), { numRuns: 150 })
  })

  it('still counts a fragment that cannot be read with its day, and says that its services are missing', async () => {
    const ports = new MemoryPorts()
    const event: NaiveEvent = { id: { generation: 'g1', partition: 0, offset: 0, row: 0 }, timestampNs: DAY_ZERO_NS, values: new Map([['service', 'web']]) }
    ports.addEvents([event])
    for (const [key, bytes] of ports.objects) ports.objects.set(key, new Uint8Array(bytes.length))
    const answer = await engineOver(ports).usage(everything, never)
    expect(answer).toMatchObject({ days: [{ dayNs: DAY_ZERO_NS, events: 1, services: [] }], complete: false, missing: [{ reason: 'unreadable' }] })
  })
})

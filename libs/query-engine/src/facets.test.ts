import type { PlainValue } from '@millrace/fragment/plain-rows'
import { systemClock } from '@millrace/runtime/system-clock'
import { parseQuery } from '@millrace/query-language/parse-query'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, somePlacement, someQuery } from './arbitrary-events.ts'
import { MAX_FACET_NAMES } from './facet-names.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import { naiveMatches, type NaiveEvent } from './naive-search.ts'
import { openQueryEngine } from './open-query-engine.ts'
import type { FacetsRequest } from './query-engine.ts'

const never = new AbortController().signal
const everything: FacetsRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], limit: 1000 }
const engineOver = ({ catalog, store, index }: MemoryPorts): ReturnType<typeof openQueryEngine> => openQueryEngine({ catalog, store, index, clock: systemClock })
const event = (values: NaiveEvent['values'], row = 0): NaiveEvent => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row), values })
const RESERVED = ['message', 'status', 'service', 'host', 'source', 'tags', 'trace_id', 'span_id']

describe('facets', () => {
  it('are those that looking at every event gives, with their events', async () => {
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, fc.oneof(fc.constant(parseQuery('*')), someQuery), fc.boolean(), async (events, placement, filter, isWhole) => {
      const request: FacetsRequest = { ...everything, filter, ...(isWhole ? {} : { fromNs: DAY_ZERO_NS + 2_000_000n, toNs: DAY_ZERO_NS + 8_000_000n }) }
      const { facets, complete, hasMore } = await engineOver(place(events, placement)).facets(request, never)
      const matching = events.filter((candidate) => candidate.timestampNs >= request.fromNs && candidate.timestampNs < request.toNs && naiveMatches(filter, candidate))
      expect({ complete, hasMore }).toEqual({ complete: true, hasMore: false })
      expect(new Map(facets.map(({ name, events: count }) => [name, count]))).toEqual(naiveFacets(matching))
      const others = facets.filter(({ name }) => !RESERVED.includes(name)).map(({ events: count }) => count)
      expect(others).toEqual([...others].sort((a, b) => b - a))
      expect(facets.map(({ name }) => name).slice(0, facets.length - others.length)).toEqual(RESERVED.filter((name) => facets.some((facet) => facet.name === name)))
    }), { numRuns: 300 })
  })

  it('of everything need the footers and the tags only', async () => {
    const ports = new MemoryPorts()
    ports.addEvents(Array.from({ length: 5000 }, (_, row) => event(new Map<string, string | number>([['message', `line ${row}`], ['@n', row], ['tags', `env:e${row % 3}`]]), row)))
    const { facets } = await engineOver(ports).facets(everything, never)
    expect(facets).toEqual([
      { name: 'message', type: 'string', events: 5000 }, { name: 'tags', type: 'string', events: 5000 }, { name: '@n', type: 'number', events: 5000 }, { name: 'env', type: 'string', events: 5000 },
    ])
    expect(ports.reads).toBeLessThanOrEqual(3)
  })

  it('have the type of most of their values', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([{ json: '[1]' }, { json: '[2]' }, 5].map((value, row) => event(new Map<string, PlainValue>([['@a', value], ['@b', row > 0]]), row)))
    expect((await engineOver(ports).facets(everything, never)).facets).toEqual([{ name: '@a', type: 'array', events: 3 }, { name: '@b', type: 'boolean', events: 3 }])
  })

  it('are bounded in number, and say so', async () => {
    const ports = new MemoryPorts()
    for (let part = 0; part < 3; part++) ports.addEvents([event(new Map(Array.from({ length: 4000 }, (_, i) => [`@k${part}.${i}`, 1])), part)])
    const answer = await engineOver(ports).facets({ ...everything, limit: 20_000 }, never)
    expect({ names: answer.facets.length, complete: answer.complete, reasons: answer.missing.map(({ reason }) => reason) }).toEqual({ names: MAX_FACET_NAMES, complete: false, reasons: ['group-budget'] })
    expect((await engineOver(ports).facets({ ...everything, limit: 10 }, never))).toMatchObject({ facets: { length: 10 }, hasMore: true })
  })
})

function naiveFacets(events: readonly NaiveEvent[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { values } of events) {
    const names = new Set<string>()
    for (const [name, value] of values) {
      if (name !== 'tags') names.add(name)
      else for (const tag of String(value).split(',')) if (tag !== '') names.add('tags').add(tag.replace(/:.*/s, ''))
    }
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

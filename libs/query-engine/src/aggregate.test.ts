import { facetOf } from '@millrace/query-language/facet'
import { parseQuery } from '@millrace/query-language/parse-query'
import { systemClock } from '@millrace/runtime/system-clock'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, somePlacement, someQuery } from './arbitrary-events.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import { naiveMatches, naiveNumbers, naiveValues, type NaiveEvent } from './naive-search.ts'
import { openQueryEngine } from './open-query-engine.ts'
import { BadPatternError, type AggregateAnswer, type AggregateRequest, type Aggregation, type GroupBy } from './query-engine.ts'

const never = new AbortController().signal
const everything: AggregateRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], computes: [{ aggregation: 'count', type: 'total' }], groupBy: [] }
const engineOver = ({ catalog, store, index }: MemoryPorts): ReturnType<typeof openQueryEngine> => openQueryEngine({ catalog, store, index, clock: systemClock })
const event = (values: Readonly<Record<string, string | number>>, row = 0, timestampNs = DAY_ZERO_NS): NaiveEvent => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs, values: new Map(Object.entries(values)) })

describe('aggregating events', () => {
  it('gives what counting by hand gives', async () => {
    const metric = fc.constantFrom('@n', '@a', '@a.b', 'service', 'env', 'tags', '@absent')
    const aggregation = fc.constantFrom<Aggregation>('count', 'cardinality', 'pc75', 'pc99', 'median', 'sum', 'min', 'max', 'avg')
    const compute = fc.record({ aggregation, metric, type: fc.constantFrom('total' as const, 'total' as const, 'timeseries' as const), intervalMs: fc.constantFrom(1, 3, 86_400_000) })
    const plainCount = fc.constantFrom({ aggregation: 'count' as const, type: 'total' as const })
    const groupBy = fc.record<GroupBy>({
      facet: fc.constantFrom('service', 'status', '@n', '@a', 'env', 'tags', '@absent'),
      limit: fc.constantFrom(1, 2, 100),
      prefix: fc.constantFrom('w', 'a', '5', 'env:', ''),
      missing: fc.constantFrom('none', -7),
      histogram: fc.constantFrom({ interval: 2.5, min: 0, max: 10 }),
      sort: fc.oneof(
        fc.record({ type: fc.constant('alphabetical' as const), order: fc.constantFrom('asc' as const, 'desc' as const) }),
        fc.record({ type: fc.constant('measure' as const), order: fc.constantFrom('asc' as const, 'desc' as const), aggregation: fc.constantFrom<Aggregation>('cardinality', 'max', 'pc90'), metric: fc.constantFrom('@n', '@a') }),
      ),
    }, { requiredKeys: ['facet', 'limit'] })
    const computes = fc.oneof(fc.array(fc.oneof(compute, plainCount), { minLength: 1, maxLength: 3 }), fc.tuple(plainCount))
    const groups = fc.array(groupBy, { maxLength: 2 }).filter((list) => new Set(list.map(({ facet }) => facet)).size === list.length)
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, fc.oneof(fc.constant(parseQuery('*')), someQuery), computes, groups, fc.boolean(), async (events, placement, filter, of, by, isWhole) => {
      const request: AggregateRequest = { ...everything, filter, computes: of, groupBy: by, ...(isWhole ? {} : { fromNs: DAY_ZERO_NS + 2_000_000n, toNs: DAY_ZERO_NS + 8_000_000n }) }
      const answer = await engineOver(place(events, placement)).aggregate(request, never)
      expect(answer).toMatchObject({ complete: true, missing: [] })
      expect(rounded(answer.buckets)).toEqual(rounded(naiveBuckets(request, events)))
    }), { numRuns: 400 })
  })

  it('counts whole fragments by their headers, without reading a column', async () => {
    const ports = new MemoryPorts()
    ports.addEvents(Array.from({ length: 5000 }, (_, row) => event({ service: row % 3 === 0 ? 'web' : 'api', message: `line ${row} ${(row * 7919).toString(36)}` }, row, DAY_ZERO_NS + BigInt(row))), { asText: false })
    const engine = engineOver(ports)
    const { buckets } = await engine.aggregate({ ...everything, groupBy: [{ facet: 'service', limit: 10 }] }, never)
    expect(buckets).toEqual([{ by: { service: 'api' }, computes: [3333] }, { by: { service: 'web' }, computes: [1667] }])
    expect(ports.reads).toBeLessThanOrEqual(3) // the footer, and the dictionary
  })

  it('counts an event once in a histogram\'s bucket that several of its values fall into', async () => {
    const ports = new MemoryPorts()
    ports.addEvents([{ ...event({}), values: new Map([['@n', { json: '[1,2,7]' }]]) }])
    const { buckets } = await engineOver(ports).aggregate({ ...everything, groupBy: [{ facet: '@n', limit: 10, histogram: { interval: 5, min: 0, max: 10 } }] }, never)
    expect(buckets).toEqual([{ by: { '@n': 0 }, computes: [1] }, { by: { '@n': 5 }, computes: [1] }])
  })

  it('stops making groups at a limit, and says so', async () => {
    const ports = new MemoryPorts()
    for (let part = 0; part < 2; part++) ports.addEvents(Array.from({ length: 60_000 }, (_, row) => event({ '@id': row + part * 60_000 }, row)))
    const { buckets, complete, missing } = await engineOver(ports).aggregate({ ...everything, groupBy: [{ facet: '@id', limit: 200_000 }] }, never)
    expect(buckets).toHaveLength(100_000)
    expect({ complete, reasons: missing.map(({ reason }) => reason) }).toEqual({ complete: false, reasons: ['group-budget'] })
  })

  it('finds values by prefix however rare they are', async () => {
    const ports = new MemoryPorts()
    ports.addEvents(Array.from({ length: 30_000 }, (_, row) => event({ '@id': `id${row >> 1}` }, row)))
    ports.addEvents([event({ '@id': 'rare' }, 50_000)])
    expect((await engineOver(ports).aggregate({ ...everything, groupBy: [{ facet: '@id', limit: 2, prefix: 'ra' }] }, never)).buckets).toEqual([{ by: { '@id': 'rare' }, computes: [1] }])
  })

  it('answers one bucket when nothing is grouped, even when nothing matches', async () => {
    const { buckets } = await engineOver(new MemoryPorts()).aggregate({ ...everything, computes: [{ aggregation: 'count', type: 'total' }, { aggregation: 'avg', metric: '@n', type: 'total' }] }, never)
    expect(buckets).toEqual([{ by: {}, computes: [0, null] }])
  })

  it('refuses what is no regular expression and no facet', async () => {
    const engine = engineOver(new MemoryPorts())
    await expect(engine.aggregate({ ...everything, filter: parseQuery('a:~"("') }, never)).rejects.toThrow(BadPatternError)
    await expect(engine.aggregate({ ...everything, groupBy: [{ facet: '@', limit: 1 }] }, never)).rejects.toThrow(BadPatternError)
  })
})

type Bucket = AggregateAnswer['buckets'][number]
type Member = NaiveEvent
type Key = string | number

/** Sums depend on their order in the last digits. */
function rounded(buckets: readonly Bucket[]): unknown {
  return JSON.parse(JSON.stringify(buckets, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(12)) : value)))
}

function naiveBuckets(request: AggregateRequest, events: readonly NaiveEvent[]): readonly Bucket[] {
  const matching = events.filter((candidate) => candidate.timestampNs >= request.fromNs && candidate.timestampNs < request.toNs && naiveMatches(request.filter, candidate))
  const buckets: Bucket[] = []
  const walk = (depth: number, members: readonly Member[], by: Readonly<Record<string, Key>>): void => {
    const group = request.groupBy[depth]
    if (group === undefined) {
      if (members.length > 0 || depth === 0) buckets.push({ by, computes: request.computes.map((compute) => naiveCompute(compute, members)) })
      return
    }
    const children = new Map<Key, Member[]>()
    for (const member of members) for (const key of new Set(keysOf(group, member))) children.set(key, [...(children.get(key) ?? []), member])
    const [first] = request.computes
    const sort = group.sort ?? (first?.type === 'total' ? { type: 'measure' as const, order: 'desc' as const, aggregation: first.aggregation, ...(first.metric === undefined ? {} : { metric: first.metric }) } : { type: 'measure' as const, order: 'desc' as const, aggregation: 'count' as const })
    // An outer group is measured by the events in the buckets below it, each as often as it is in one.
    const measured = (members: readonly Member[]): number | null => {
      if (sort.type === 'alphabetical') return null
      const repeated = members.flatMap((member) => request.groupBy.slice(depth + 1).reduce<Member[]>((list, inner) => list.flatMap((item) => [...new Set(keysOf(inner, item))].map(() => item)), [member]))
      return naiveTotal(sort.aggregation, sort.metric, repeated)
    }
    const entries = [...children].map(([key, list]) => ({ key, list, value: measured(list) })).filter(({ list }) => list.some((member) => request.groupBy.slice(depth + 1).every((inner) => keysOf(inner, member).length > 0)))
    const sign = sort.order === 'asc' ? 1 : -1
    entries.sort((a, b) => {
      if (sort.type === 'alphabetical') return sign * compareKeys(a.key, b.key)
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null) || compareKeys(a.key, b.key)
      return sign * (a.value - b.value) || compareKeys(a.key, b.key)
    })
    for (const { key, list } of entries.slice(0, group.limit)) walk(depth + 1, list, { ...by, [group.facet]: key })
  }
  walk(0, matching, {})
  return buckets
}

function keysOf({ facet, missing, histogram, prefix = '' }: GroupBy, member: Member): readonly Key[] {
  const own = keysIn(facet, member)
  if (own.length === 0) return missing === undefined ? [] : [missing]
  const keys = own.filter((key) => String(key).startsWith(prefix))
  if (histogram === undefined) return keys
  return keys.flatMap((key) => {
    const value = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(String(key)) ? Number(key) : NaN
    return value >= histogram.min && value < histogram.max ? [histogram.min + Math.floor((value - histogram.min) / histogram.interval) * histogram.interval] : []
  })
}

/** A number is a key of its own kind when a double prints as it was written. */
function keysIn(facet: string, member: Member): readonly Key[] {
  return naiveValues(facetOf(facet), member).map(({ text, isNumber }) => (isNumber && String(Number(text)) === text ? Number(text) : text))
}

function compareKeys(a: Key, b: Key): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

function naiveCompute({ aggregation, metric, type, intervalMs = 1 }: AggregateRequest['computes'][number], members: readonly Member[]): Bucket['computes'][number] {
  if (type === 'total') return naiveTotal(aggregation, metric, members)
  const points = new Map<number, Member[]>()
  for (const member of members) {
    const timeMs = Number(member.timestampNs / 1_000_000n / BigInt(intervalMs)) * intervalMs
    points.set(timeMs, [...(points.get(timeMs) ?? []), member])
  }
  return [...points].sort(([a], [b]) => a - b).flatMap(([timeMs, list]) => {
    const value = naiveTotal(aggregation, metric, list)
    return value === null ? [] : [{ timeMs, value }]
  })
}

function naiveTotal(aggregation: Aggregation, metric: string | undefined, members: readonly Member[]): number | null {
  if (aggregation === 'count') return metric === undefined ? members.length : members.filter((member) => naiveMatches({ type: 'exists', facet: facetOf(metric) }, member)).length
  if (metric === undefined) return null
  if (aggregation === 'cardinality') return new Set(members.flatMap((member) => keysIn(metric, member))).size
  const numbers = members.flatMap((member) => naiveNumbers(facetOf(metric), member)).sort((a, b) => a - b)
  if (numbers.length === 0) return null
  const sum = numbers.reduce((a, b) => a + b, 0)
  const quantile = { median: 0.5, pc75: 0.75, pc90: 0.9, pc95: 0.95, pc98: 0.98, pc99: 0.99 }
  switch (aggregation) {
    case 'sum':
      return sum
    case 'avg':
      return sum / numbers.length
    case 'min':
      return numbers[0] ?? null
    case 'max':
      return numbers.at(-1) ?? null
    default:
      return numbers[Math.floor(quantile[aggregation] * (numbers.length - 1))] ?? null
  }
}

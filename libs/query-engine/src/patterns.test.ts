import { systemClock } from '@millrace/runtime/system-clock'
import { parseQuery } from '@millrace/query-language/parse-query'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, somePlacement, someQuery } from './arbitrary-events.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import { naiveMatches, type NaiveEvent } from './naive-search.ts'
import { openQueryEngine, type QueryEngineOptions } from './open-query-engine.ts'
import { messagePattern } from './patterns/message-pattern.ts'
import type { PatternsRequest } from './query-engine.ts'

const never = new AbortController().signal
const everything: PatternsRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], limit: 1000 }
const engineOver = ({ catalog, store, index }: MemoryPorts, options: Partial<QueryEngineOptions> = {}): ReturnType<typeof openQueryEngine> => openQueryEngine({ catalog, store, index, clock: systemClock, ...options })
const event = (message: string, row: number): NaiveEvent => ({ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row), values: new Map([['message', message]]) })

describe('patterns', () => {
  it('are those of every matching message, with their events and the newest as an example', async () => {
    await fc.assert(fc.asyncProperty(someEvents, somePlacement, fc.oneof(fc.constant(parseQuery('*')), someQuery), fc.boolean(), fc.constantFrom(1, 3, 1000), async (events, placement, filter, isWhole, limit) => {
      const request: PatternsRequest = { ...everything, filter, limit, ...(isWhole ? {} : { fromNs: DAY_ZERO_NS + 2_000_000n, toNs: DAY_ZERO_NS + 8_000_000n }) }
      const answer = await engineOver(place(events, placement)).patterns(request, never)
      const matching = events.filter((candidate) => candidate.timestampNs >= request.fromNs && candidate.timestampNs < request.toNs && naiveMatches(filter, candidate))
      expectPatterns(answer, matching, limit)
    }), { numRuns: 300 })
  })

  it('are the same where messages are stored as templates', async () => {
    const some = fc.constantFrom<(row: number) => string>(
      (row) => String(row * 7919), (row) => (row / 8).toFixed(2), (row) => `10.0.${row % 256}.1`, (row) => `${row}-4`, () => 'deadbeef', (row) => `x${row}`, () => 'abcd',
      (row) => `6ba7b810-9dad-11d1-80b4-${String(row).padStart(12, '0')}`, (row) => `00000000-1111-2222-3333-${String(row).padStart(12, '4')}`, (row) => String(row + 10_000_000),
    )
    const template = fc.array(fc.oneof(fc.constantFrom('took ', ' ms', '-dead-', '-', ':', ' a', 'GET /', ' été '), fc.constant(undefined)), { minLength: 1, maxLength: 9 })
    await fc.assert(fc.asyncProperty(fc.array(template, { minLength: 1, maxLength: 4 }), fc.array(some, { minLength: 1, maxLength: 30 }), fc.constantFrom('*', 'took', '7'), async (templates, values, search) => {
      let next = 0
      const events = Array.from({ length: 600 }, (_, row) => event(templates[row % templates.length]!.map((part) => part ?? values[next++ % values.length]!(row)).join(''), row))
      const ports = new MemoryPorts()
      ports.addEvents(events, { asText: true })
      const filter = parseQuery(search)
      expectPatterns(await engineOver(ports).patterns({ ...everything, filter }, never), events.filter((candidate) => naiveMatches(filter, candidate)), 1000)
    }), { numRuns: 60 })
  })

  it('are the templates of a column where only numbers vary', async () => {
    const ports = new MemoryPorts()
    ports.addEvents(Array.from({ length: 20_000 }, (_, row) => event(`GET /users/${(row * 7919) % 10_007} took ${((row * 31) % 997) / 10} ms`, row)), { asText: true })
    const answer = await engineOver(ports).patterns({ ...everything, limit: 10 }, never)
    expect(answer.patterns.map(({ pattern, events }) => ({ pattern, events }))).toEqual([{ pattern: 'GET /users/* took * ms', events: 20_000 }])
    expect(answer.patterns[0]?.example?.id.row).toBe(19_999)
  })

  it('are bounded in number: the rarest are forgotten, and the answer says how much the others may lack', async () => {
    const letters = (n: number): string => n.toString().replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)]!)
    let forgot = 0
    // Squares make some patterns frequent and many rare.
    await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.nat(9).map((n) => n * n), { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 6 }), async (fragments) => {
      const ports = new MemoryPorts()
      const truth = new Map<string, number>()
      for (const [part, kinds] of fragments.entries()) {
        for (const kind of kinds) truth.set(letters(kind), (truth.get(letters(kind)) ?? 0) + 1)
        ports.addEvents(kinds.map((kind, row) => event(letters(kind), part * 1000 + row)), { isSealed: part % 2 === 0 })
      }
      const answer = await engineOver(ports, { maxPatterns: 4 }).patterns({ ...everything, limit: 10 }, never)
      expect(answer.patterns.reduce((sum, { events }) => sum + events, answer.otherEvents)).toBe(fragments.flat().length)
      const [missing] = answer.missing
      const maxLost = Number(/up to (\d+) events more/.exec(missing?.detail ?? '')?.[1] ?? 0)
      expect(answer).toMatchObject({ complete: maxLost === 0, missing: maxLost === 0 ? [] : [{ reason: 'group-budget' }] })
      const found = new Map(answer.patterns.map(({ pattern, events }) => [pattern, events]))
      for (const [pattern, events] of truth) {
        expect(found.get(pattern) ?? 0).toBeLessThanOrEqual(events)
        expect(events - (found.get(pattern) ?? 0)).toBeLessThanOrEqual(maxLost)
      }
      if (maxLost > 0) forgot++
    }), { numRuns: 200 })
    expect(forgot).toBeGreaterThan(50)
  })
})

function expectPatterns(answer: Awaited<ReturnType<ReturnType<typeof openQueryEngine>['patterns']>>, matching: readonly NaiveEvent[], limit: number): void {
  const groups = new Map<string, NaiveEvent[]>()
  for (const candidate of matching) {
    const message = candidate.values.get('message')
    if (message === undefined) continue
    const pattern = messagePattern(typeof message === 'object' && message !== null ? ('json' in message ? message.json : message.numeral) : String(message))
    groups.set(pattern, [...(groups.get(pattern) ?? []), candidate])
  }
  const expected = [...groups].sort(([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1)).slice(0, limit)
  expect(answer).toMatchObject({ complete: true, hasMore: groups.size > limit })
  expect(answer.patterns.map(({ pattern, events }) => [pattern, events])).toEqual(expected.map(([pattern, members]) => [pattern, members.length]))
  expect(answer.otherEvents).toBe(matching.length - expected.reduce((sum, [, members]) => sum + members.length, 0))
  for (const [index, [, members]] of expected.entries()) {
    const example = answer.patterns[index]?.example
    const newest = members.reduce((last, { timestampNs }) => (timestampNs > last ? timestampNs : last), 0n)
    expect(members.filter(({ timestampNs }) => timestampNs === newest).map(({ id }) => id)).toContainEqual(example?.id)
  }
}

import { boundsOf } from './expected-answer.ts'
import type { RequestFacts } from './request-facts.ts'

const facts = (stampMs: number | undefined, sentMs: number, end: RequestFacts['end']): RequestFacts => ({
  tenant: 0, sent: { request: 0, tenant: 0, kind: 'stamped', first: 0, count: 10, stampMs, sentMs, key: undefined }, matching: new Uint16Array(), byService: new Uint16Array(), byStatus: new Uint16Array(), gone: new Set<number>(), end,
})
const moment = { fromMs: 1000, toMs: 5000, completeUntilMs: 4000, answeredMs: 5100 }
const bounds = (request: RequestFacts): ReturnType<typeof boundsOf> => boundsOf([request], moment, ({ sent }) => sent.count)

describe('what an answer must lie between', () => {
  it('counts what was acknowledged before complete_until and lies in the range', () => {
    expect(bounds(facts(3000, 3000, { state: 'acked', atMs: 3100 }))).toEqual({ least: 10, most: 10 })
  })

  it('allows what was acknowledged later, not yet, or lies across the border', () => {
    expect(bounds(facts(4500, 4500, { state: 'acked', atMs: 4600 }))).toEqual({ least: 0, most: 10 })
    expect(bounds(facts(4900, 4900, undefined))).toEqual({ least: 0, most: 10 })
    expect(bounds(facts(1003, 1003, { state: 'acked', atMs: 1010 }))).toEqual({ least: 0, most: 10 })
    expect(bounds(facts(undefined, 995, { state: 'acked', atMs: 1010 }))).toEqual({ least: 0, most: 10 })
  })

  it('allows nothing that was refused, lies outside or was sent after the answer', () => {
    expect(bounds(facts(3000, 3000, { state: 'refused', atMs: 3100 })).most).toBe(0)
    expect(bounds(facts(900, 900, { state: 'acked', atMs: 950 })).most).toBe(0)
    expect(bounds(facts(undefined, 5200, undefined)).most).toBe(0)
  })
})

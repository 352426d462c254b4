import { pageStateOf, searchOfPageState, type PageState } from './page-state.ts'
import { parseTime, rangeLabel, rangeOfText, rangeText, resolveRange } from './time-range.ts'

describe('the address', () => {
  it('holds the whole state', () => {
    const state: PageState = {
      query: 'a&b=c #d', range: { from: 'now-1h', to: 'now' }, tab: 'patterns', isLive: true, event: { id: 'x-0-1-2', timestamp: '2026-11-26T13:00:00.123456789Z' }, columns: ['@a\\.b', 'env'],
    }
    expect(pageStateOf(searchOfPageState(state))).toEqual(state)
  })

  it('may say nothing, or nonsense', () => {
    const usual: PageState = { query: '', range: { from: 'now-15m', to: 'now' }, tab: 'events', isLive: false, event: undefined, columns: [] }
    for (const search of ['', '?', '?tab=x&live=2&event=~&column=']) expect(pageStateOf(search)).toEqual(usual)
    expect(pageStateOf(`?${'column=a&'.repeat(50)}`).columns).toHaveLength(8)
  })
})

describe('a time range', () => {
  const nowMs = Date.UTC(2026, 10, 26, 12)

  it('is read from what people and addresses write', () => {
    expect(parseTime('now', nowMs)).toBe(nowMs)
    expect(parseTime(' now-15m ', nowMs)).toBe(nowMs - 900_000)
    expect(parseTime('2026-11-26T11:00:00Z', nowMs)).toBe(nowMs - 3_600_000)
    expect(parseTime(String(nowMs), nowMs)).toBe(nowMs)
    expect(parseTime('2026-11-26 11:00', nowMs)).toBe(new Date(2026, 10, 26, 11).getTime())
    for (const text of ['', 'yesterday', 'now-', 'now-5x', 'nowhere', '12', '2026-99-99']) expect(parseTime(text, nowMs)).toBeUndefined()
  })

  it('must begin before it ends', () => {
    expect(resolveRange({ from: 'now-1h', to: 'now' }, nowMs)).toEqual({ fromMs: nowMs - 3_600_000, toMs: nowMs })
    expect(resolveRange({ from: 'now', to: 'now-1h' }, nowMs)).toBeUndefined()
    expect(resolveRange({ from: 'x', to: 'now' }, nowMs)).toBeUndefined()
  })

  it('is kept by a view as a short text', () => {
    for (const range of [{ from: 'now-15m', to: 'now' }, { from: '2026-11-26T11:00:00.000Z', to: '2026-11-26T12:00:00.000Z' }, { from: 'now-2h', to: 'now-1h' }]) expect(rangeOfText(rangeText(range))).toEqual(range)
    expect(rangeText({ from: 'now-15m', to: 'now' })).toBe('15m')
    expect(rangeLabel({ from: 'now-15m', to: 'now' })).toBe('Past 15 minutes')
  })
})

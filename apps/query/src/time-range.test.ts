import { parseIntervalMs, parseQueryTime } from './time-range.ts'

const NOW_MS = 1_790_000_000_000

describe('a time of a query', () => {
  it.each([
    ['now', 1_790_000_000_000_000_000n],
    ['now-15m', 1_789_999_100_000_000_000n],
    ['now-1d', 1_789_913_600_000_000_000n],
    ['1790000000000', 1_790_000_000_000_000_000n],
    [1_790_000_000_000, 1_790_000_000_000_000_000n],
    ['2026-09-21T14:13:20Z', 1_790_000_000_000_000_000n],
    ['2026-09-21T16:13:20.000000001+02:00', 1_790_000_000_000_000_001n],
  ])('%s is understood', (text, expected) => {
    expect(parseQueryTime(text, NOW_MS)).toBe(expected)
  })

  it.each(['', 'yesterday', 'now-', 'now-5', 'now+1h', 'now-1q', {}, null, NaN])('%j is refused', (value) => {
    expect(parseQueryTime(value, NOW_MS)).toBeUndefined()
  })
})

describe('an interval', () => {
  it.each([['5m', 300_000], ['1d', 86_400_000], ['250ms', 250], [60_000, 60_000]])('%s is understood', (value, expected) => {
    expect(parseIntervalMs(value)).toBe(expected)
  })

  it.each(['0m', 'm', '5', '-5m', 1.5, -1])('%j is refused', (value) => {
    expect(parseIntervalMs(value)).toBeUndefined()
  })
})

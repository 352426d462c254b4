import { comparePairs, median, type Pair } from './compare-pairs.ts'
import type { QuietWindow } from './quiet-tenant.ts'

const window = (ackP99: number, queryP99: number): QuietWindow => ({
  ackMs: { count: 100, p50: ackP99 / 2, p99: ackP99 }, queryMs: { count: 100, p50: queryP99 / 2, p99: queryP99 }, failures: 0, firstFailure: undefined, ownDelayMs: 1,
})
const pair = (without: QuietWindow, withNoise: QuietWindow): Pair => ({ without, with: withNoise })

describe('comparing pairs', () => {
  it('takes the median of each pair\'s own ratio, so that a slow half hour of the machine counts for nothing', () => {
    const pairs = [pair(window(10, 20), window(11, 30)), pair(window(100, 200), window(115, 320)), pair(window(10, 20), window(40, 20))]
    expect(comparePairs(pairs, 'ackMs', 'p99')).toEqual({ withoutMs: 10, withMs: 40, ratio: 1.15, ratios: [1.1, 1.15, 4] })
    expect(comparePairs(pairs, 'queryMs', 'p50').ratio).toBe(1.5)
  })

  it('takes the larger of two in the middle', () => {
    expect(median([3, 1])).toBe(3)
    expect(median([])).toBeNaN()
  })
})

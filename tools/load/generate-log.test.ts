import fc from 'fast-check'
import { logLine, logSource, timeOfLog } from './generate-log.ts'

describe('generated logs', () => {
  it('are the same for the same seed and number, in whatever order they are asked for', () => {
    fc.assert(
      fc.property(fc.integer(), fc.uniqueArray(fc.nat({ max: 3_000_000_000 }), { minLength: 1, maxLength: 20 }), (seed, numbers) => {
        const forward = logSource(seed)
        const backward = logSource(seed)
        const expected = new Map(numbers.map((n) => [n, forward(n)]))
        for (const n of numbers.toReversed()) expect(backward(n)).toEqual(expected.get(n))
      }),
      { numRuns: 30 },
    )
  })

  it('have the distributions that the figures of other systems were measured with', () => {
    const source = logSource(1)
    const logs = Array.from({ length: 50_000 }, (_, n) => source(n))
    const share = (matches: (log: (typeof logs)[number]) => boolean): number => logs.filter(matches).length / logs.length
    expect(share(({ status }) => status === 'error')).toBeCloseTo(0.05, 2)
    expect(share(({ service }) => service === 'checkout')).toBeCloseTo(0.278, 1)
    expect(new Set(logs.map(({ traceId }) => traceId)).size / logs.length).toBeCloseTo(0.8, 1)
    expect(logs.reduce((sum, log) => sum + logLine(log, '2026-11-22T10:00:00.000Z').length + 1, 0) / logs.length).toBeCloseTo(455.5, -1)
    for (const log of logs.slice(0, 1000)) expect(JSON.parse(logLine(log, 'x'))).toMatchObject({ message: log.message, duration_ms: Number(log.durationMs) })
  })

  it('keep their times inside the span', () => {
    const span = { baseMs: 1_000_000, spanMs: 3_600_000, count: 1000 }
    for (let n = 0; n < 1000; n++) {
      const time = timeOfLog(7, n, span)
      expect(time >= span.baseMs && time < span.baseMs + span.spanMs).toBe(true)
    }
  })
})

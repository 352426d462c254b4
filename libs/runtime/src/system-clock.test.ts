import { systemClock } from './system-clock.ts'

describe('the system clock', () => {
  it('gives wall time and a monotonic time that goes forward by what was slept', async () => {
    expect(Math.abs(systemClock.nowMs() - new Date().getTime())).toBeLessThan(1000)
    const before = systemClock.monotonicMs()
    await systemClock.sleep(20)
    expect(systemClock.monotonicMs() - before).toBeGreaterThanOrEqual(19)
  })

  it('ends a sleep at once when its signal aborts, or has aborted, and never rejects', async () => {
    const stop = new AbortController()
    const before = systemClock.monotonicMs()
    const sleeping = systemClock.sleep(60_000, stop.signal)
    stop.abort(new Error('a reason of the caller'))
    await sleeping
    await systemClock.sleep(60_000, stop.signal)
    expect(systemClock.monotonicMs() - before).toBeLessThan(10_000)
  })
})

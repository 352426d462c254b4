import fc from 'fast-check'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { systemClock } from '@millrace/runtime/system-clock'
import { describeLimits } from './limits.conformance.ts'
import { openLimits } from './open-limits.ts'

describeLimits('process', async () => ({ limits: await openLimits({ kind: 'process', clock: systemClock }), clock: systemClock }))

describe('the limits of a process', () => {
  it('never give more than the burst and what was regained, and always give what they promised', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ waitMs: fc.nat(2000), amount: fc.integer({ min: 1, max: 20 }) }), { maxLength: 50 }), async (steps) => {
        const clock = new ManualClock()
        await using limits = await openLimits({ kind: 'process', clock })
        const rate = { perSecond: 7, burst: 20 }
        let taken = 0
        for (const { waitMs, amount } of steps) {
          await clock.advance(waitMs)
          const answer = await limits.take('t', 'b', rate, amount)
          if (!answer.isTaken) {
            await clock.advance(answer.retryAfterMs)
            expect((await limits.take('t', 'b', rate, amount)).isTaken).toBe(true)
          }
          taken += amount
          expect(taken).toBeLessThanOrEqual(rate.burst + (clock.monotonicMs() * rate.perSecond) / 1000 + 0.001)
        }
      }),
    )
  })

  it('remember a bounded number of buckets, the most recently used ones', async () => {
    const clock = new ManualClock()
    await using limits = await openLimits({ kind: 'process', clock, maxBuckets: 2 })
    const once = { perSecond: 1, burst: 1 }
    const take = async (tenant: string): Promise<boolean> => (await limits.take(tenant, 'b', once, 1)).isTaken
    expect([await take('a'), await take('b'), await take('a'), await take('c')]).toEqual([true, true, false, true])
    expect([await take('a'), await take('b')]).toEqual([false, true])
  })
})

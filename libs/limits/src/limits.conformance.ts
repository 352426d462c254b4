import type { Clock } from '@millrace/runtime/clock'
import type { Limits } from './limits.ts'

/** The contract of {@link Limits}, run by every adapter's own test file. `open` gives limits with full buckets and the clock that they see. */
export function describeLimits(name: string, open: () => Promise<{ readonly limits: Limits; readonly clock: Clock }>): void {
  describe(`${name} keeps the Limits contract`, () => {
    const rate = { perSecond: 10, burst: 5 }

    it('gives the burst at once, then refuses and says when to come again', async () => {
      const { limits, clock } = await open()
      await using closing = limits
      for (let i = 0; i < 5; i++) expect(await closing.take('t', 'requests', rate, 1)).toEqual({ isTaken: true, retryAfterMs: 0 })
      const refused = await limits.take('t', 'requests', rate, 2)
      expect(refused.isTaken).toBe(false)
      expect(refused.retryAfterMs).toBeGreaterThan(0)
      expect(refused.retryAfterMs).toBeLessThanOrEqual(200)
      await clock.sleep(refused.retryAfterMs)
      expect((await limits.take('t', 'requests', rate, 2)).isTaken).toBe(true)
    })

    it('takes nothing when it refuses', async () => {
      const { limits } = await open()
      await using closing = limits
      expect((await closing.take('t', 'requests', { perSecond: 0.001, burst: 5 }, 3)).isTaken).toBe(true)
      expect((await limits.take('t', 'requests', { perSecond: 0.001, burst: 5 }, 3)).isTaken).toBe(false)
      expect((await limits.take('t', 'requests', { perSecond: 0.001, burst: 5 }, 2)).isTaken).toBe(true)
    })

    it('takes an amount above the burst from a full bucket only, and makes the next ones wait for the debt', async () => {
      const { limits } = await open()
      await using closing = limits
      const slow = { perSecond: 1, burst: 5 }
      expect((await closing.take('t', 'bytes', slow, 50)).isTaken).toBe(true)
      const refused = await limits.take('t', 'bytes', slow, 1)
      expect(refused.isTaken).toBe(false)
      expect(refused.retryAfterMs).toBeGreaterThan(40_000)
      expect(refused.retryAfterMs).toBeLessThanOrEqual(46_000)
      await limits.take('t', 'other', slow, 1)
      expect((await limits.take('t', 'other', slow, 50)).isTaken).toBe(false)
    })

    it('counts each tenant and each bucket on its own', async () => {
      const { limits } = await open()
      await using closing = limits
      const once = { perSecond: 0.001, burst: 1 }
      for (const [tenant, bucket] of [['a', 'requests'], ['a', 'bytes'], ['b', 'requests']] as const) {
        expect((await closing.take(tenant, bucket, once, 1)).isTaken).toBe(true)
        expect((await limits.take(tenant, bucket, once, 1)).isTaken).toBe(false)
      }
    })
  })
}

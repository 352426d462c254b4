import { Redis } from 'ioredis'
import { openBreakableProxy } from '@millrace/redis/breakable-proxy'
import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { describeLimits } from './limits.conformance.ts'
import type { Limits } from './limits.ts'
import { openLimits } from './open-limits.ts'

/** A busy test machine is late now and then; whether Redis decides must not depend on it. */
const PATIENT_MS = 2_000

async function open(address: string, { prefix = somePrefix(), maxWaitMs = PATIENT_MS } = {}): Promise<Limits> {
  return await openLimits({ kind: 'redis', address, prefix, maxWaitMs, clock: systemClock, random: systemRandom, log: createLog('silent') })
}

const run = `test-${systemRandom.text(12)}:`
const somePrefix = (): string => `${run}${systemRandom.text(6)}:`
const slow = { perSecond: 0.001, burst: 5 }

async function until(holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come about within 15 s')
    await systemClock.sleep(10)
  }
}

describeOn('redis', 'limits in Redis', (address) => {
  afterAll(async () => {
    const redis = new Redis(`redis://${address}`)
    for await (const keys of redis.scanStream({ match: `${run}*`, count: 1000 })) if ((keys as string[]).length > 0) await redis.del(keys as string[])
    redis.disconnect()
  })

  describeLimits('Redis', async () => ({ limits: await open(address), clock: systemClock }))

  it('are shared by all processes, and live no longer than it takes to fill a bucket', async () => {
    const prefix = somePrefix()
    await using one = await open(address, { prefix })
    await using other = await open(address, { prefix })
    const redis = new Redis(`redis://${address}`)
    try {
      expect((await one.take('t', 'requests', slow, 3)).isTaken).toBe(true)
      expect((await other.take('t', 'requests', slow, 3)).isTaken).toBe(false)
      expect((await other.take('t', 'requests', slow, 2)).isTaken).toBe(true)
      await one.debit('t', 'requests', slow, 5)
      expect((await other.take('t', 'requests', slow, 1)).retryAfterMs).toBeGreaterThan(5_999_000)
      const ttlMs = await redis.pttl(`${prefix}limits:{t}:requests`)
      expect(ttlMs).toBeGreaterThan(9_990_000)
      expect(ttlMs).toBeLessThanOrEqual(10_000_001)
    } finally {
      redis.disconnect()
    }
  })

  it('teach Redis the script when it has forgotten it, and go on with the same bucket', async () => {
    await using limits = await open(address)
    const redis = new Redis(`redis://${address}`)
    try {
      expect((await limits.take('t', 'requests', { perSecond: 0.1, burst: 5 }, 3)).isTaken).toBe(true)
      await redis.script('FLUSH')
      expect((await limits.take('t', 'requests', { perSecond: 0.1, burst: 5 }, 3)).isTaken).toBe(false)
      expect((await limits.take('t', 'requests', { perSecond: 0.1, burst: 5 }, 2)).isTaken).toBe(true)
    } finally {
      redis.disconnect()
    }
  })

  it('never fail nor wait while Redis is cut off: buckets of the process decide, and those of Redis again when it is back', async () => {
    const prefix = somePrefix()
    await using proxy = await openBreakableProxy(address)
    await using limits = await open(proxy.address, { prefix })
    await using elsewhere = await open(address, { prefix })
    const rate = { perSecond: 0.01, burst: 10 }
    // Another process takes all but one; this one has seen one.
    expect((await elsewhere.take('t', 'requests', rate, 8)).isTaken).toBe(true)
    expect((await limits.take('t', 'requests', rate, 1)).isTaken).toBe(true)
    expect((await limits.take('t', 'requests', rate, 3)).isTaken).toBe(false)
    proxy.cut()
    const startedMs = performance.now()
    const taken = await Promise.all(Array.from({ length: 100 }, async () => (await limits.take('t', 'requests', rate, 1)).isTaken))
    expect(performance.now() - startedMs).toBeLessThan(200)
    // What was taken through Redis counts: the burst is not granted anew.
    expect(taken.filter((isTaken) => isTaken)).toHaveLength(9)
    await limits.debit('t', 'requests', rate, 1)
    proxy.restore()
    await until(async () => {
      const tenantId = systemRandom.text(8)
      await limits.take(tenantId, 'requests', rate, 1)
      return !(await elsewhere.take(tenantId, 'requests', rate, 10)).isTaken
    })
  })

  it('lose a short wait or two on a Redis that stopped answering, not one per request', async () => {
    await using proxy = await openBreakableProxy(address)
    await using limits = await open(proxy.address, { maxWaitMs: 500 })
    await limits.take('t', 'requests', slow, 1)
    proxy.stall()
    const startedMs = performance.now()
    for (let i = 0; i < 100; i++) await limits.take('t', 'requests', slow, 1)
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  })
})

describe('limits in a Redis that was never there', () => {
  it('are those of the process', async () => {
    await using limits = await open('127.0.0.1:1')
    for (let i = 0; i < 5; i++) expect(await limits.take('t', 'requests', slow, 1)).toEqual({ isTaken: true, retryAfterMs: 0 })
    expect((await limits.take('t', 'requests', slow, 1)).isTaken).toBe(false)
  })
})

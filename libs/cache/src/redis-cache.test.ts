import { Redis } from 'ioredis'
import { openBreakableProxy } from '@millrace/redis/breakable-proxy'
import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { describeCache } from './cache.conformance.ts'
import type { Cache } from './cache.ts'
import { openCache } from './open-cache.ts'

/** A busy test machine is late now and then. */
const PATIENT_MS = 2_000
const run = `test-${systemRandom.text(12)}:`
const somePrefix = (): string => `${run}${systemRandom.text(6)}:`
const hourMs = 3_600_000

async function open(address: string, { prefix = somePrefix(), maxWaitMs = PATIENT_MS } = {}): Promise<Cache> {
  return await openCache({ kind: 'redis', address, prefix, maxWaitMs, clock: systemClock, random: systemRandom, log: createLog('silent') })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come about within 15 s')
    await systemClock.sleep(10)
  }
}

describeOn('redis', 'a cache in Redis', (address) => {
  afterAll(async () => {
    const redis = new Redis(`redis://${address}`)
    for await (const keys of redis.scanStream({ match: `${run}*`, count: 1000 })) if ((keys as string[]).length > 0) await redis.del(keys as string[])
    redis.disconnect()
  })

  describeCache('Redis', async () => ({ cache: await open(address), clock: systemClock }))

  it('is shared by all processes with the same prefix', async () => {
    const prefix = somePrefix()
    await using one = await open(address, { prefix })
    await using other = await open(address, { prefix })
    await using stranger = await open(address)
    await one.set('t', 'k', Uint8Array.of(7), hourMs)
    expect([...((await other.get('t', 'k')) ?? [])]).toEqual([7])
    expect(await stranger.get('t', 'k')).toBeUndefined()
  })

  it('is empty while Redis is cut off or silent, and then what it was', async () => {
    await using proxy = await openBreakableProxy(address)
    await using cache = await open(proxy.address, { maxWaitMs: 500 })
    await cache.set('t', 'k', Uint8Array.of(7), hourMs)
    for (const fail of ['cut', 'stall'] as const) {
      proxy[fail]()
      const startedMs = performance.now()
      for (let i = 0; i < 50; i++) {
        expect(await cache.get('t', 'k')).toBeUndefined()
        await cache.set('t', 'lost', Uint8Array.of(8), hourMs)
      }
      expect(performance.now() - startedMs).toBeLessThan(2_000)
      proxy.restore()
      await until(async () => (await cache.get('t', 'k')) !== undefined)
    }
  })
})

describe('a cache in a Redis that was never there', () => {
  it('is empty', async () => {
    await using cache = await open('127.0.0.1:1')
    await cache.set('t', 'k', Uint8Array.of(7), hourMs)
    expect(await cache.get('t', 'k')).toBeUndefined()
  })
})

import { openBreakableProxy } from '@millrace/redis/breakable-proxy'
import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { openTail } from './open-tail.ts'
import { describeTail } from './tail.conformance.ts'
import { TailUnavailableError, type Tail, type TailItem } from './tail.ts'

const never = new AbortController().signal
const somePrefix = (): string => `test-${systemRandom.text(12)}[*]:`

async function open(address: string, prefix = somePrefix()): Promise<Tail> {
  return await openTail({ kind: 'redis', address, prefix, clock: systemClock, random: systemRandom, log: createLog('silent') })
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come about within 15 s')
    await systemClock.sleep(10)
  }
}

const publish = (tail: Tail, offset: number): void => { tail.publish('t', { stream: 'g1/0', offset, bytes: Uint8Array.of(1) }) }

describeOn('redis', 'a tail over Redis', (address) => {
  describeTail('Redis', async () => {
    const prefix = somePrefix()
    return { router: await open(address, prefix), watcher: await open(address, prefix) }
  })

  for (const fail of ['cut', 'stall'] as const) {
    it(`tells a gap when a listener's connection is ${fail === 'cut' ? 'cut' : 'silent'}, listens again by itself, and takes nobody new meanwhile`, async () => {
      const prefix = somePrefix()
      await using proxy = await openBreakableProxy(address)
      await using router = await open(address, prefix)
      await using watcher = await open(proxy.address, prefix)
      const items: TailItem[] = []
      const listening = (async () => {
        for await (const item of await watcher.subscribe('t', never)) items.push(item)
      })()
      await until(() => router.hasSubscribers('t'))
      publish(router, 1)
      await until(() => items.length === 1)
      proxy[fail]()
      publish(router, 2)
      await until(() => items.length === 2)
      await expect(watcher.subscribe('t', never)).rejects.toThrow(TailUnavailableError)
      proxy.restore()
      let offset = 2
      await until(() => {
        publish(router, ++offset)
        return items.length > 2
      })
      expect(items.slice(0, 2)).toMatchObject([{ fragment: { offset: 1 }, hasGapBefore: false }, { fragment: undefined, hasGapBefore: true }])
      expect(items[2]).toMatchObject({ droppedBefore: 0, hasGapBefore: false })
      expect(items[2]?.fragment?.offset).toBeGreaterThan(2)
      await using late = await open(address, prefix)
      expect(late.hasSubscribers('t')).toBe(false)
      await until(() => late.hasSubscribers('t'))
      await (await watcher.subscribe('t', never))[Symbol.asyncIterator]().return?.()
      await watcher[Symbol.asyncDispose]()
      await listening
    })
  }

  it('counts what could not be published, and tells it with the next', async () => {
    const prefix = somePrefix()
    await using proxy = await openBreakableProxy(address)
    await using router = await open(proxy.address, prefix)
    await using watcher = await open(address, prefix)
    const items = (await watcher.subscribe('t', never))[Symbol.asyncIterator]()
    await until(() => router.hasSubscribers('t'))
    publish(router, 1)
    expect((await items.next()).value).toMatchObject({ fragment: { offset: 1 }, droppedBefore: 0 })
    proxy.cut()
    let published = 0
    await until(() => {
      publish(router, 2)
      return ++published === 20
    })
    expect(router.hasSubscribers('t')).toBe(true)
    proxy.restore()
    const next = items.next()
    let arrived: TailItem | undefined
    next.then(({ value }) => { arrived = value }, () => undefined)
    await until(() => {
      if (arrived === undefined) published++
      publish(router, 3)
      return arrived !== undefined
    })
    expect(arrived?.droppedBefore).toBeGreaterThanOrEqual(20)
    expect(arrived?.droppedBefore).toBeLessThan(published)
  })
})

describe('a tail over a Redis that was never there', () => {
  it('publishes to nobody, and says to listeners that it is unavailable', async () => {
    await using tail = await open('127.0.0.1:1')
    expect(tail.hasSubscribers('t')).toBe(false)
    publish(tail, 1)
    await expect(tail.subscribe('t', never)).rejects.toThrow(TailUnavailableError)
  })
})

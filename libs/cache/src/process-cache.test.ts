import { ManualClock } from '@millrace/simulator/manual-clock'
import { systemClock } from '@millrace/runtime/system-clock'
import { describeCache } from './cache.conformance.ts'
import { openCache } from './open-cache.ts'

describeCache('process', async () => ({ cache: await openCache({ kind: 'process', clock: systemClock }), clock: systemClock }))

describe('the cache of a process', () => {
  it('holds so many bytes, those of the most recently used entries', async () => {
    await using cache = await openCache({ kind: 'process', clock: new ManualClock(), maxBytes: 25_000 })
    const has = async (key: string): Promise<boolean> => (await cache.get('t', key)) !== undefined
    for (const key of ['a', 'b']) await cache.set('t', key, new Uint8Array(10_000), 1000)
    expect(await has('a')).toBe(true)
    await cache.set('t', 'c', new Uint8Array(10_000), 1000)
    expect([await has('a'), await has('b'), await has('c')]).toEqual([true, false, true])
    await cache.set('t', 'a', new Uint8Array(1), 1000) // replaced: its bytes are free
    await cache.set('t', 'd', new Uint8Array(10_000), 1000)
    expect([await has('a'), await has('c'), await has('d')]).toEqual([true, true, true])
    await cache.set('t', 'huge', new Uint8Array(30_000), 1000)
    expect([await has('huge'), await has('a')]).toEqual([false, true])
  })

  it('counts what empty entries take as well', async () => {
    await using cache = await openCache({ kind: 'process', clock: new ManualClock(), maxBytes: 25_000 })
    for (let i = 0; i < 1000; i++) await cache.set('t', `k${i}`, new Uint8Array(), 1000)
    const held = await Promise.all(Array.from({ length: 1000 }, async (_, i) => await cache.get('t', `k${i}`)))
    expect(held.filter((bytes) => bytes !== undefined).length).toBeLessThan(125)
    expect(held.at(-1)).toBeDefined()
  })
})

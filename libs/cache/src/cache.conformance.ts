import type { Clock } from '@millrace/runtime/clock'
import { MAX_ENTRY_BYTES, MAX_KEY_CHARACTERS, type Cache } from './cache.ts'

/** The contract of {@link Cache}, run by every adapter's own test file. `open` gives an empty cache with room for a few entries of the largest size, and the clock that it sees. */
export function describeCache(name: string, open: () => Promise<{ readonly cache: Cache; readonly clock: Clock }>): void {
  describe(`${name} keeps the Cache contract`, () => {
    const hourMs = 3_600_000
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)

    it('gives back what was set last, byte for byte', async () => {
      const { cache } = await open()
      await using closing = cache
      expect(await closing.get('t', 'k')).toBeUndefined()
      await cache.set('t', 'k', bytes, hourMs)
      expect(Buffer.from((await cache.get('t', 'k')) ?? [])).toEqual(Buffer.from(bytes))
      await cache.set('t', 'k', new Uint8Array(), hourMs)
      expect(await cache.get('t', 'k')).toHaveLength(0)
      const longKey = 'é'.repeat(MAX_KEY_CHARACTERS)
      await cache.set('t', longKey, bytes, hourMs)
      expect(await cache.get('t', longKey)).toHaveLength(256)
    })

    it('shares no memory with its callers', async () => {
      const { cache } = await open()
      await using closing = cache
      const mine = Buffer.from('abc')
      await closing.set('t', 'k', mine, hourMs)
      mine.fill(0)
      ;(await cache.get('t', 'k'))?.fill(1)
      expect(Buffer.from((await cache.get('t', 'k')) ?? []).toString()).toBe('abc')
    })

    it('keeps tenants and keys apart, whatever is in a key', async () => {
      const { cache } = await open()
      await using closing = cache
      const places = [['a', 'k'], ['b', 'k'], ['a', 'b/k'], ['a-b', 'k'], ['a', 'K'], ['a', '}:k'], ['a', '{b}:k']] as const
      for (const [index, [tenant, key]] of places.entries()) await closing.set(tenant, key, Uint8Array.of(index), hourMs)
      for (const [index, [tenant, key]] of places.entries()) expect([...((await cache.get(tenant, key)) ?? [])]).toEqual([index])
      expect(await cache.get('b', 'b/k')).toBeUndefined()
    })

    it('forgets after the time to live', async () => {
      const { cache, clock } = await open()
      await using closing = cache
      await closing.set('t', 'short', bytes, 20)
      await cache.set('t', 'long', bytes, hourMs)
      await clock.sleep(30)
      expect(await cache.get('t', 'short')).toBeUndefined()
      expect(await cache.get('t', 'long')).toBeDefined()
    })

    it('keeps the largest entry, and nothing under the key of one that is larger', async () => {
      const { cache } = await open()
      await using closing = cache
      await closing.set('t', 'k', new Uint8Array(MAX_ENTRY_BYTES), hourMs)
      expect(await cache.get('t', 'k')).toHaveLength(MAX_ENTRY_BYTES)
      await cache.set('t', 'k', new Uint8Array(MAX_ENTRY_BYTES + 1), hourMs)
      expect(await cache.get('t', 'k')).toBeUndefined()
    })
  })
}

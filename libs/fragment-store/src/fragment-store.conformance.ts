import fc from 'fast-check'
import { ObjectConflictError, objectKeyText, StoreUnavailableError, type FragmentStore, type ObjectKey } from './fragment-store.ts'

/** The contract of {@link FragmentStore}, run by every adapter's own test file. `open` gives a new, empty store. */
export function describeFragmentStore(name: string, open: () => Promise<FragmentStore>): void {
  describe(`${name} keeps the FragmentStore contract`, () => {
    it('answers any range of what was put', async () => {
      await using store = await open()
      let sequence = 0
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 5000 }), fc.nat(), fc.nat(), async (bytes, a, b) => {
          const key = keyOf({ sequence: ++sequence })
          await store.put(key, bytes)
          const [start = 0, end = 0] = [a % (bytes.length + 1), b % (bytes.length + 1)].sort((x, y) => x - y)
          expect(Buffer.from((await store.read(key, start, end)) ?? []).equals(bytes.subarray(start, end))).toBe(true)
        }),
        { numRuns: 30 },
      )
    })

    it('answers undefined for what was never stored, and for what was removed', async () => {
      await using store = await open()
      expect(await store.read(keyOf(), 0, 1)).toBeUndefined()
      await store.put(keyOf(), Uint8Array.of(1))
      expect(await store.read(keyOf(), 0, 1)).toEqual(Uint8Array.of(1))
      await store.remove(keyOf())
      expect(await store.read(keyOf(), 0, 1)).toBeUndefined()
    })

    it('removes an absent object without an error', async () => {
      await using store = await open()
      await store.remove(keyOf())
      await store.put(keyOf(), Uint8Array.of(1))
      await store.remove(keyOf())
      await store.remove(keyOf())
    })

    it('takes the same bytes again, also at the same time', async () => {
      await using store = await open()
      const bytes = new Uint8Array(100_000).fill(7)
      await Promise.all([store.put(keyOf(), bytes), store.put(keyOf(), bytes), store.put(keyOf(), bytes)])
      await store.put(keyOf(), bytes)
      expect(await store.read(keyOf(), 99_999, 100_000)).toEqual(Uint8Array.of(7))
    })

    it('refuses other bytes under the same key and keeps the first', async () => {
      await using store = await open()
      await store.put(keyOf(), Uint8Array.of(1, 2, 3))
      for (const other of [Uint8Array.of(1, 2, 4), Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3, 4)]) await expect(store.put(keyOf(), other)).rejects.toThrow(ObjectConflictError)
      expect(await store.read(keyOf(), 0, 3)).toEqual(Uint8Array.of(1, 2, 3))
    })

    it('calls an object that is shorter than the range damaged', async () => {
      await using store = await open()
      await store.put(keyOf(), Uint8Array.of(1, 2, 3))
      await expect(store.read(keyOf(), 2, 4)).rejects.toThrow(StoreUnavailableError)
    })

    it('leaves the caller the buffers of both directions', async () => {
      await using store = await open()
      const bytes = Uint8Array.of(1, 2, 3)
      await store.put(keyOf(), bytes)
      bytes.fill(9)
      const answer = await store.read(keyOf(), 0, 3)
      answer?.fill(8)
      expect(await store.read(keyOf(), 0, 3)).toEqual(Uint8Array.of(1, 2, 3))
    })

    it('tells apart kinds, epochs, sequences, attempts and streams', async () => {
      await using store = await open()
      const keys = [keyOf(), keyOf({ kind: 'sealed' }), keyOf({ kind: 'merged' }), keyOf({ epoch: 2 }), keyOf({ sequence: 2 }), keyOf({ attempt: 'b'.repeat(12) }), keyOf({ stream: 'g1/1' }), keyOf({ stream: 'g2/0' })]
      for (const [i, key] of keys.entries()) await store.put(key, Uint8Array.of(i))
      for (const [i, key] of keys.entries()) expect(await store.read(key, 0, 1)).toEqual(Uint8Array.of(i))
    })

    it('lists the keys of one stream', async () => {
      await using store = await open()
      const keys = [keyOf(), keyOf({ kind: 'sealed' }), keyOf({ sequence: 12 })]
      for (const key of [...keys, keyOf({ stream: 'g1/1' }), keyOf({ stream: 'g1/10' })]) await store.put(key, Uint8Array.of(1))
      const listed = await keysOf(store, 'g1/0')
      expect(new Set(listed.map((key) => JSON.stringify(key)))).toEqual(new Set(keys.map((key) => JSON.stringify(key))))
      expect(await keysOf(store, 'g9/0')).toEqual([])
    })

    it('lists no object that was removed, and all of many others', async () => {
      await using store = await open()
      const keys = Array.from({ length: 40 }, (_, i) => keyOf({ sequence: i * 100, kind: i % 2 === 0 ? 'pack' : 'sealed' }))
      for (const key of keys) await store.put(key, Uint8Array.of(1))
      for (const key of keys.slice(0, 20)) await store.remove(key)
      expect((await keysOf(store, 'g1/0')).map(objectKeyText).sort()).toEqual(keys.slice(20).map(objectKeyText).sort())
    })

    it('answers ranges of an object of several megabytes', async () => {
      await using store = await open()
      const bytes = new Uint8Array(3 * 1024 * 1024 + 7).map((_, i) => (i >>> 8) ^ (i * 31))
      await store.put(keyOf(), bytes)
      for (const [start, end] of [[0, bytes.length], [bytes.length - 1, bytes.length], [1024 * 1024 - 3, 1024 * 1024 + 3], [700_000, 2_500_000], [bytes.length, bytes.length]] as const) {
        expect(Buffer.compare((await store.read(keyOf(), start, end)) ?? Buffer.of(0), bytes.subarray(start, end))).toBe(0)
      }
      await expect(store.read(keyOf(), 0, bytes.length + 1)).rejects.toThrow(StoreUnavailableError)
    })

    it('answers reads that meet a removal with all bytes or with none', async () => {
      await using store = await open()
      await store.put(keyOf(), new Uint8Array(1000).fill(5))
      const answers = await Promise.all([...Array.from({ length: 20 }, () => store.read(keyOf(), 0, 1000)), store.remove(keyOf()), ...Array.from({ length: 20 }, () => store.read(keyOf(), 0, 1000))])
      for (const answer of answers) if (answer !== undefined) expect(answer).toEqual(new Uint8Array(1000).fill(5))
      expect(await store.read(keyOf(), 0, 1000)).toBeUndefined()
    })

    it('refuses everything once it is closed', async () => {
      const store = await open()
      await store[Symbol.asyncDispose]()
      await expect(store.put(keyOf(), Uint8Array.of(1))).rejects.toThrow(StoreUnavailableError)
      await expect(store.read(keyOf(), 0, 1)).rejects.toThrow(StoreUnavailableError)
    })
  })
}

export function keyOf(part: Partial<ObjectKey> = {}): ObjectKey {
  return { stream: 'g1/0', kind: 'pack', epoch: 1, sequence: 1, attempt: 'a'.repeat(12), ...part }
}

async function keysOf(store: FragmentStore, stream: string): Promise<ObjectKey[]> {
  const keys: ObjectKey[] = []
  for await (const key of store.list(stream)) keys.push(key)
  return keys
}

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { openRoad } from '@millrace/cassandra/blockable-road'
import { useTestKeyspace } from '@millrace/cassandra/test-keyspace'
import { systemClock } from '@millrace/runtime/system-clock'
import { describeOn } from '@millrace/simulator/describe-on'
import { BUCKET_REST_MS, BUCKET_SEQUENCES } from './cassandra-object-keys.ts'
import { PART_BYTES, ROW_BYTES } from './cassandra-object-layout.ts'
import { describeFragmentStore, keyOf } from './fragment-store.conformance.ts'
import { ObjectConflictError, objectKeyText, StoreUnavailableError, type FragmentStore, type ObjectKey } from './fragment-store.ts'
import { migrateFragmentStore } from './migrate-fragment-store.ts'
import { openFragmentStore } from './open-fragment-store.ts'

describeOn('cassandra', 'the fragment store', (address) => {
  const keyspace = useTestKeyspace(address, migrateFragmentStore)
  const { options } = keyspace
  const tables = ['pack_bytes', 'sealed_bytes', 'object_heads', 'object_keys'] as const

  const open = async (): Promise<FragmentStore> => await openFragmentStore({ kind: 'cassandra', ...options })
  /** The contract's tests share the tables: what the last one left is removed, which is faster than new tables. */
  const openEmpty = async (): Promise<FragmentStore> => {
    const store = await open()
    for (const stream of ['g1/0', 'g1/1', 'g1/10', 'g2/0']) for await (const key of store.list(stream)) await store.remove(key)
    return store
  }
  const rowsIn = async (table: (typeof tables)[number]): Promise<number> => (await keyspace.session.execute(`SELECT * FROM ${table}`, [], { isIdempotent: true })).length

  /** Each test has a stream of its own. */
  let streams = 0
  const newKey = (part: Partial<ObjectKey> = {}): ObjectKey => keyOf({ stream: `own/${++streams}`, ...part })
  const listed = async (store: FragmentStore, stream: string): Promise<string[]> => {
    const keys: string[] = []
    for await (const key of store.list(stream)) keys.push(objectKeyText(key))
    return keys.sort()
  }

  describeFragmentStore('cassandra', openEmpty)

  it('answers any range of 8 MB', async () => {
    await using store = await open()
    const key = newKey({ kind: 'sealed' })
    const bytes = randomBytes(8 * PART_BYTES + 12_345)
    await store.put(key, bytes)
    const near = fc.integer({ min: -2, max: 2 })
    const edge = fc.tuple(fc.nat(Math.floor(bytes.length / ROW_BYTES)), near).map(([row, off]) => Math.min(bytes.length, Math.max(0, row * ROW_BYTES + off)))
    const place = fc.oneof(edge, fc.nat(bytes.length))
    await fc.assert(
      fc.asyncProperty(place, place, async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        expect(Buffer.compare((await store.read(key, start, end)) ?? Buffer.of(), bytes.subarray(start, end))).toBe(0)
      }),
      { numRuns: 40, examples: [[0, bytes.length], [bytes.length - 1, bytes.length], [PART_BYTES - 1, PART_BYTES + 1]] },
    )
  }, 60_000)

  it('does not answer an object whose put was cut, lists it, and takes it again or removes it', async () => {
    await using store = await open()
    const bytes = randomBytes(3 * PART_BYTES)
    for (const end of ['put again', 'removed']) {
      const key = newKey()
      await store.put(key, bytes)
      await keyspace.session.conditional([{ cql: 'DELETE FROM object_heads WHERE object = ? IF EXISTS', parameters: [objectKeyText(key)] }])
      await using other = await open()
      expect(await other.read(key, 0, 10)).toBeUndefined()
      expect(await listed(other, key.stream)).toEqual([objectKeyText(key)])
      if (end === 'put again') {
        await other.put(key, bytes)
        expect(Buffer.compare((await other.read(key, 0, bytes.length)) ?? Buffer.of(), bytes)).toBe(0)
        await other.remove(key)
      } else await other.remove(key)
      expect(await listed(other, key.stream)).toEqual([])
      expect(await rowsOf(key)).toBe(0)
    }
  }, 60_000)

  it('takes other bytes after a put that was cut, and removes the bytes of both', async () => {
    await using store = await open()
    const key = newKey()
    await store.put(key, Uint8Array.of(1, 2, 3))
    await keyspace.session.conditional([{ cql: 'DELETE FROM object_heads WHERE object = ? IF EXISTS', parameters: [objectKeyText(key)] }])
    await store.put(key, Uint8Array.of(4, 5))
    expect(await store.read(key, 0, 2)).toEqual(Uint8Array.of(4, 5))
    expect(await listed(store, key.stream)).toEqual([objectKeyText(key)])
    expect(await rowsOf(key)).toBe(2)
    await store.remove(key)
    expect(await rowsOf(key)).toBe(0)
    expect(await listed(store, key.stream)).toEqual([])
  })

  it('keeps one of two contents that are put at the same time, and nothing of the other', async () => {
    await using one = await open()
    await using two = await open()
    const key = newKey()
    const outcomes = await Promise.allSettled([one.put(key, new Uint8Array(ROW_BYTES + 1).fill(1)), two.put(key, new Uint8Array(ROW_BYTES + 1).fill(2))])
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toMatchObject([{ reason: expect.any(ObjectConflictError) as unknown }])
    const winner = outcomes[0].status === 'fulfilled' ? 1 : 2
    expect(await one.read(key, ROW_BYTES, ROW_BYTES + 1)).toEqual(Uint8Array.of(winner))
    expect(await rowsOf(key)).toBe(2)
  })

  it('tells an object that another process removed from one that lost bytes', async () => {
    await using reader = await open()
    await using remover = await open()
    const [removed, damaged] = [newKey(), newKey()]
    for (const key of [removed, damaged]) {
      await remover.put(key, new Uint8Array(2 * PART_BYTES))
      expect((await reader.read(key, 0, 1))?.length).toBe(1)
    }
    await remover.remove(removed)
    await keyspace.session.execute('DELETE FROM pack_bytes WHERE object = ? AND content = ? AND part = ?', [objectKeyText(damaged), await contentOf(damaged), 1], { isIdempotent: true })
    expect(await reader.read(removed, 0, 1)).toBeUndefined()
    expect((await reader.read(damaged, 0, PART_BYTES))?.length).toBe(PART_BYTES)
    await expect(reader.read(damaged, 0, PART_BYTES + 1)).rejects.toThrow(StoreUnavailableError)
  })

  it('reads of a large object only the rows that a range touches', async () => {
    await using store = await open()
    const key = newKey()
    await store.put(key, new Uint8Array(2 * PART_BYTES).fill(3))
    const content = await contentOf(key)
    for (const [part, row] of [[0, 0], [0, 1], [0, 3], [1, 0]]) await keyspace.session.execute('DELETE FROM pack_bytes WHERE object = ? AND content = ? AND part = ? AND row = ?', [objectKeyText(key), content, part, row], { isIdempotent: true })
    expect(await store.read(key, 2 * ROW_BYTES, 3 * ROW_BYTES)).toEqual(new Uint8Array(ROW_BYTES).fill(3))
    await expect(store.read(key, 2 * ROW_BYTES - 1, 3 * ROW_BYTES)).rejects.toThrow(StoreUnavailableError)
  })

  it('lists over buckets, and forgets those that are empty and rested', async () => {
    let aheadMs = 0
    await using store = await openFragmentStore({ kind: 'cassandra', ...options, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs } })
    const stream = newKey().stream
    const keys = [0, BUCKET_SEQUENCES - 1, BUCKET_SEQUENCES, 1e14].map((sequence) => keyOf({ stream, sequence }))
    for (const key of keys) await store.put(key, Uint8Array.of(1))
    expect(await listed(store, stream)).toEqual(keys.map(objectKeyText).sort())
    const buckets = async (): Promise<number> => (await keyspace.session.execute('SELECT bucket FROM object_buckets WHERE stream = ?', [stream], { isIdempotent: true })).length
    for (const key of keys.slice(1)) await store.remove(key)
    expect(await listed(store, stream)).toEqual(keys.slice(0, 1).map(objectKeyText))
    expect(await buckets()).toBe(3)
    aheadMs = 2 * BUCKET_REST_MS
    expect(await listed(store, stream)).toEqual(keys.slice(0, 1).map(objectKeyText))
    expect(await buckets()).toBe(1)
    await store.put(keyOf({ stream, sequence: BUCKET_SEQUENCES + 1 }), Uint8Array.of(1))
    expect(await listed(store, stream)).toHaveLength(2)
  })

  it('leaves nothing behind when everything was removed', async () => {
    await using store = await open()
    const counts = async (): Promise<number[]> => await Promise.all(tables.map(rowsIn))
    const before = await counts()
    const keys = [newKey(), newKey({ kind: 'sealed' }), newKey({ kind: 'merged' })]
    for (const key of keys) await store.put(key, new Uint8Array(PART_BYTES + 1))
    expect((await counts()).map((count, i) => count - (before[i] ?? 0))).toEqual([5, 10, 3, 3])
    for (const key of keys) await store.remove(key)
    expect(await counts()).toEqual(before)
  })

  it('refuses to open on an address where nothing listens', async () => {
    await expect(openFragmentStore({ kind: 'cassandra', ...options, contactPoints: ['127.0.0.1:1'] })).rejects.toThrow(StoreUnavailableError)
  })

  it('reports an engine that freezes or breaks away within seconds, and takes the same put again afterwards', async () => {
    await using road = await openRoad(address)
    await using store = await openFragmentStore({ kind: 'cassandra', ...options, contactPoints: [road.address] })
    const bytes = randomBytes(2 * PART_BYTES)
    const kept = newKey()
    await store.put(kept, bytes)
    for (const block of ['isFrozen', 'isClosed'] as const) {
      const key = newKey()
      const start = performance.now()
      const interrupted = store.put(key, bytes).catch((error: unknown) => error)
      await road.passed()
      road[block] = true
      expect(await interrupted).toBeInstanceOf(StoreUnavailableError)
      await expect(store.read(kept, 0, 1)).rejects.toThrow(StoreUnavailableError)
      await expect(store.remove(kept)).rejects.toThrow(StoreUnavailableError)
      await expect(listed(store, kept.stream)).rejects.toThrow(StoreUnavailableError)
      expect(performance.now() - start).toBeLessThan(30_000)
      road[block] = false
      while (await store.put(key, bytes).then(() => false, () => true)) await systemClock.sleep(200)
      expect(Buffer.compare((await store.read(key, 0, bytes.length)) ?? Buffer.of(), bytes)).toBe(0)
    }
  }, 90_000)

  async function rowsOf(key: ObjectKey): Promise<number> {
    return (await keyspace.session.execute('SELECT row FROM pack_bytes WHERE object = ? ALLOW FILTERING', [objectKeyText(key)], { isIdempotent: true })).length
  }

  async function contentOf(key: ObjectKey): Promise<unknown> {
    return (await keyspace.session.execute('SELECT content FROM object_heads WHERE object = ?', [objectKeyText(key)], { isIdempotent: true }))[0]?.['content']
  }
})

import fc from 'fast-check'
import { CrashDisk } from '@millrace/simulator/crash-disk'
import { createSeededRandom, integerBelow } from '@millrace/simulator/seeded-random'
import { describeFragmentStore, keyOf } from './fragment-store.conformance.ts'
import { StoreUnavailableError, type FragmentStore, type ObjectKey } from './fragment-store.ts'
import { openFragmentStore } from './open-fragment-store.ts'

const open = async (disk: CrashDisk): Promise<FragmentStore> => await openFragmentStore({ kind: 'disk', root: '/store', disk, role: 'owner' })

describeFragmentStore('disk in memory', async () => await open(new CrashDisk({ random: createSeededRandom(1) })))

describe('the fragment store on a disk that loses power', () => {
  it('has every object whose put resolved, whole, and of the others all or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(fc.record({ operations: fc.integer({ min: 1, max: 150 }), isPowerLost: fc.boolean() }), { minLength: 1, maxLength: 4 }), async (seed, lives) => {
        const random = createSeededRandom(seed)
        const attempted = new Map<ObjectKey, Uint8Array>()
        const stored = new Set<ObjectKey>()
        const removed = new Set<ObjectKey>()
        let disk = new CrashDisk({ random })
        for (const { operations, isPowerLost } of lives) {
          disk.losePowerAfter(operations)
          try {
            await using store = await open(disk)
            await Promise.all([0, 1, 2].map(async () => {
              for (let i = 0; i < 10; i++) {
                const key = keyOf({ stream: `g1/${integerBelow(random, 3)}`, sequence: attempted.size })
                const bytes = random.bytes(1 + integerBelow(random, 2000))
                attempted.set(key, bytes)
                await store.put(key, bytes)
                stored.add(key)
                if (random.fraction() < 0.2) {
                  removed.add(key)
                  await store.remove(key)
                }
              }
            }))
          } catch (error) {
            if (!(error instanceof StoreUnavailableError) && !(error instanceof Error && 'code' in error && error.code === 'EIO') && !(error instanceof SuppressedError)) throw error
          }
          disk = isPowerLost ? disk.crash() : disk.endProcess()
        }
        await using store = await open(disk)
        for (const [key, bytes] of attempted) {
          const found = await store.read(key, 0, bytes.length).catch((error: unknown) => {
            // What was never acknowledged may be anything, as nothing names it.
            if (stored.has(key) || !(error instanceof StoreUnavailableError)) throw error
            return undefined
          })
          if (stored.has(key) && !removed.has(key)) expect(found).toEqual(bytes)
          else if (found !== undefined) expect(found).toEqual(bytes)
        }
        // A start has removed what crashes left half written.
        for (const folder of await disk.list('/store')) for (const name of await disk.list(`/store/${folder}`)) expect(name).not.toContain('partial')
      }),
      { numRuns: 60 },
    )
  })

  it.each(['open', 'write', 'sync', 'link', 'syncDirectory', 'makeDirectory'] as const)('refuses a put whose %s failed, and stores the same object when it is put again', async (operation) => {
    const disk = new CrashDisk({ random: createSeededRandom(1) })
    await using store = await open(disk)
    disk.fail(operation)
    await expect(store.put(keyOf(), Uint8Array.of(1, 2, 3))).rejects.toThrow(StoreUnavailableError)
    await store.put(keyOf(), Uint8Array.of(1, 2, 3))
    await using again = await open(disk.crash())
    expect(await again.read(keyOf(), 0, 3)).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('refuses a put on a full disk and leaves nothing behind', async () => {
    const disk = new CrashDisk({ random: createSeededRandom(1), capacityBytes: 100 })
    await using store = await open(disk)
    await expect(store.put(keyOf(), new Uint8Array(101))).rejects.toThrow(StoreUnavailableError)
    expect(await store.read(keyOf(), 0, 1)).toBeUndefined()
    await store.put(keyOf(), new Uint8Array(100))
  })
})

import { mkdtemp, readdir, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Disk } from '@millrace/runtime/disk'
import { systemDisk } from '@millrace/runtime/system-disk'
import { describeFragmentStore, keyOf } from './fragment-store.conformance.ts'
import { StoreUnavailableError, type FragmentStore } from './fragment-store.ts'
import { openFragmentStore } from './open-fragment-store.ts'

const newRoot = async (): Promise<string> => await mkdtemp(join(tmpdir(), 'fragments-'))
const open = async (root: string, disk: Disk = systemDisk): Promise<FragmentStore> => await openFragmentStore({ kind: 'disk', root, disk, role: 'owner' })

describeFragmentStore('disk', async () => await open(await newRoot()))

describe('the fragment store on disk', () => {
  it('has its objects after it was opened again, and no partial files', async () => {
    const root = await newRoot()
    {
      await using store = await open(root)
      await store.put(keyOf(), Uint8Array.of(1, 2))
    }
    await writeFile(join(root, 'g1-0', 'pack-1-2-zzzzzzzzzzzz.1.partial'), 'half')
    await using store = await open(root)
    expect(await store.read(keyOf(), 0, 2)).toEqual(Uint8Array.of(1, 2))
    expect(await readdir(join(root, 'g1-0'))).toEqual(['pack-1-1-aaaaaaaaaaaa'])
  })

  it('calls a file that lost its end damaged', async () => {
    const root = await newRoot()
    await using store = await open(root)
    await store.put(keyOf(), new Uint8Array(100))
    await truncate(join(root, 'g1-0', 'pack-1-1-aaaaaaaaaaaa'), 60)
    expect((await store.read(keyOf(), 0, 60))?.length).toBe(60)
    await expect(store.read(keyOf(), 0, 61)).rejects.toThrow(StoreUnavailableError)
  })

  it('keeps a bounded number of files open and reads all of them', async () => {
    let opened = 0
    let mostOpened = 0
    const disk: Disk = {
      ...systemDisk,
      async open(path, options) {
        const file = await systemDisk.open(path, options)
        mostOpened = Math.max(mostOpened, ++opened)
        return {
          size: () => file.size(), read: (target, position) => file.read(target, position), truncate: (size) => file.truncate(size),
          write: (parts, position) => file.write(parts, position), dataSync: () => file.dataSync(),
          close: () => (opened--, file.close()),
        }
      },
    }
    {
      await using store = await open(await newRoot(), disk)
      for (let sequence = 0; sequence < 300; sequence++) await store.put(keyOf({ sequence }), Uint8Array.of(sequence % 256))
      for (let round = 0; round < 2; round++) for (let sequence = 0; sequence < 300; sequence++) expect(await store.read(keyOf({ sequence }), 0, 1)).toEqual(Uint8Array.of(sequence % 256))
      expect(opened).toBe(128)
    }
    expect(mostOpened).toBeLessThan(140)
    expect(opened).toBe(0)
  })

  it('opens a file once for reads that follow each other', async () => {
    const paths: string[] = []
    const disk: Disk = { ...systemDisk, open: (path, options) => (paths.push(path), systemDisk.open(path, options)) }
    await using store = await open(await newRoot(), disk)
    await store.put(keyOf(), new Uint8Array(100))
    paths.length = 0
    await Promise.all([store.read(keyOf(), 0, 10), store.read(keyOf(), 10, 20)])
    await store.read(keyOf(), 20, 30)
    expect(paths).toHaveLength(1)
  })

  it('reports a fault of the disk as its own error, and a later put of the same object succeeds', async () => {
    let isBroken = true
    const disk: Disk = { ...systemDisk, syncDirectory: (path) => (isBroken ? Promise.reject(new Error('EIO')) : systemDisk.syncDirectory(path)) }
    await using store = await open(await newRoot(), disk)
    await expect(store.put(keyOf(), Uint8Array.of(1))).rejects.toThrow(StoreUnavailableError)
    isBroken = false
    await store.put(keyOf(), Uint8Array.of(1))
    expect(await store.read(keyOf(), 0, 1)).toEqual(Uint8Array.of(1))
  })
})

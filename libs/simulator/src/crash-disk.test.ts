import { describeDisk } from '@millrace/runtime/disk.conformance'
import type { Disk } from '@millrace/runtime/disk'
import { CrashDisk } from './crash-disk.ts'
import { createSeededRandom } from './seeded-random.ts'

const newDisk = (seed = 1, capacityBytes?: number): CrashDisk => new CrashDisk({ random: createSeededRandom(seed), ...(capacityBytes === undefined ? {} : { capacityBytes }) })

describeDisk('the crash disk', async () => {
  const disk = newDisk()
  await disk.makeDirectory('/root')
  return { disk, root: '/root' }
})

describe('the crash disk', () => {
  const SEEDS = Array.from({ length: 300 }, (_, seed) => seed)

  async function write(disk: Disk, path: string, bytes: Uint8Array, position = 0): Promise<void> {
    const file = await disk.open(path, { create: true })
    await file.write([bytes], position)
    await file.close()
  }
  async function sync(disk: Disk, path: string): Promise<void> {
    const file = await disk.open(path, { create: false })
    await file.dataSync()
    await file.close()
  }
  async function read(disk: Disk, path: string): Promise<string | undefined> {
    if (!(await disk.list('/')).includes(path.slice(1))) return undefined
    const file = await disk.open(path, { create: false })
    const bytes = Buffer.alloc(await file.size())
    await file.read(bytes, 0)
    return bytes.toString('latin1')
  }
  const outcomes = async (prepare: (disk: CrashDisk) => Promise<void>): Promise<Set<string | undefined>> => {
    const found = new Set<string | undefined>()
    for (const seed of SEEDS) {
      const disk = newDisk(seed)
      await prepare(disk)
      found.add(await read(disk.crash(), '/f'))
    }
    return found
  }

  it('keeps what was synced, bytes and name', async () => {
    expect(await outcomes(async (disk) => {
      await write(disk, '/f', Buffer.from('abc'))
      await sync(disk, '/f')
      await disk.syncDirectory('/')
    })).toEqual(new Set(['abc']))
  })

  it('keeps or loses a name whose folder was not synced', async () => {
    expect(await outcomes(async (disk) => {
      await write(disk, '/f', Buffer.from('abc'))
      await sync(disk, '/f')
    })).toEqual(new Set(['abc', undefined]))
  })

  it('keeps bytes that were not synced whole, up to any byte, or not at all', async () => {
    expect(await outcomes(async (disk) => {
      await write(disk, '/f', Buffer.from('ab'))
      await sync(disk, '/f')
      await disk.syncDirectory('/')
      await write(disk, '/f', Buffer.from('cde'), 2)
    })).toEqual(new Set(['ab', 'abc', 'abcd', 'abcde']))
  })

  it('may keep a later sector of a write without an earlier one', async () => {
    const found = await outcomes(async (disk) => {
      await write(disk, '/f', Buffer.alloc(0))
      await disk.syncDirectory('/')
      await write(disk, '/f', Buffer.alloc(1024, 'x'))
    })
    expect(found).toContain('\0'.repeat(512) + 'x'.repeat(512))
  })

  it('brings back or forgets a removed name until its folder is synced', async () => {
    const prepare = async (disk: CrashDisk): Promise<void> => {
      await write(disk, '/f', Buffer.from('abc'))
      await sync(disk, '/f')
      await disk.syncDirectory('/')
      await disk.remove('/f')
    }
    expect(await outcomes(prepare)).toEqual(new Set(['abc', undefined]))
    expect(await outcomes(async (disk) => (await prepare(disk), disk.syncDirectory('/')))).toEqual(new Set([undefined]))
  })

  it('does not make durable at a later sync what an earlier one failed to', async () => {
    const found = await outcomes(async (disk) => {
      await write(disk, '/f', Buffer.from('a'))
      await disk.syncDirectory('/')
      disk.fail('sync')
      await expect(sync(disk, '/f')).rejects.toMatchObject({ code: 'EIO' })
      await sync(disk, '/f')
    })
    expect(found).toEqual(new Set(['', 'a']))
  })

  it('refuses every operation after a crash, also of files that were open', async () => {
    const disk = newDisk()
    const file = await disk.open('/f', { create: true })
    disk.crash()
    for (const operation of [file.size(), file.write([Uint8Array.of(1)], 0), file.dataSync(), disk.list('/'), disk.open('/f', { create: true })]) await expect(operation).rejects.toMatchObject({ code: 'EIO' })
  })

  it('shows the next process what the last one did not sync, and may still lose it', async () => {
    const found = await outcomes(async (disk) => {
      await write(disk, '/f', Buffer.from('a'))
      await disk.syncDirectory('/')
      const next = disk.endProcess()
      await expect(disk.list('/')).rejects.toMatchObject({ code: 'EIO' })
      expect(await read(next, '/f')).toBe('a')
    })
    expect(found).toEqual(new Set(['', 'a']))
  })

  it('loses power at the operation that it was told', async () => {
    const disk = newDisk()
    await disk.list('/')
    disk.losePowerAfter(2)
    const file = await disk.open('/f', { create: true })
    await expect(file.write([Uint8Array.of(1)], 0)).rejects.toMatchObject({ code: 'EIO' })
    await expect(disk.list('/')).rejects.toMatchObject({ code: 'EIO' })
    expect(['', '\u0001', undefined]).toContain(await read(disk.crash(), '/f'))
  })

  it('fails the n-th operation of a kind', async () => {
    const disk = newDisk()
    disk.fail('link', 2, 'EMLINK')
    await write(disk, '/f', Buffer.from('a'))
    await disk.link('/f', '/g')
    await expect(disk.link('/f', '/h')).rejects.toMatchObject({ code: 'EMLINK' })
    await disk.link('/f', '/h')
  })

  it('is full at its capacity and has room again after a removal', async () => {
    const disk = newDisk(1, 10)
    await write(disk, '/f', Buffer.from('1234567'))
    await expect(write(disk, '/g', Buffer.from('12345'))).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(await read(disk, '/g')).toBe('123')
    await write(disk, '/f', Buffer.from('7654321'))
    await disk.remove('/f')
    await write(disk, '/g', Buffer.from('1234567890'))
  })
})

import { mkdtemp, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import type { Disk } from '@millrace/runtime/disk'
import { describeBus, readValues } from './bus.conformance.ts'
import { BusCorruptError, BusFullError, BusUnavailableError, type Bus } from './bus.ts'
import { openBus } from './open-bus.ts'

const newRoot = async (): Promise<string> => await mkdtemp(join(tmpdir(), 'bus-'))
const open = async (root: string, options: { disk?: Disk; maxDiskBytes?: number; onTornTail?: (bytes: number) => void } = {}): Promise<Bus> =>
  await openBus({ kind: 'embedded', root, disk: systemDisk, clock: systemClock, ...options })

describeBus('embedded', async () => await open(await newRoot()))

describe('the embedded bus', () => {
  async function filled(count: number): Promise<{ root: string; path: string }> {
    const root = await newRoot()
    await using bus = await open(root)
    await bus.createTopic('t', { partitions: 1 })
    for (let value = 1; value <= count; value++) await bus.append('t', 0, Uint8Array.of(value, 7, 7, 7))
    const [name] = (await readdir(root)).sort().slice(-1)
    return { root, path: join(root, name ?? '') }
  }

  it('has every record and goes on counting after it was opened again', async () => {
    const { root } = await filled(3)
    await using bus = await open(root)
    expect(await readValues(bus, 0, 3)).toEqual([1, 2, 3])
    expect(await bus.append('t', 0, Uint8Array.of(4))).toBe(3)
  })

  /** Without the zeros behind the last record. */
  const contentOf = async (path: string): Promise<Buffer> => {
    const bytes = await readFile(path)
    return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1)
  }

  it('cuts a last record that was written in part, at every byte of it', async () => {
    const { root, path } = await filled(3)
    const whole = await contentOf(path)
    const before = (await contentOf((await filled(2)).path)).length
    for (let end = before + 1; end < whole.length; end++) {
      await writeFile(path, whole)
      await truncate(path, end)
      const cuts: number[] = []
      await using bus = await open(root, { onTornTail: (bytes) => cuts.push(bytes) })
      expect(cuts).toHaveLength(1)
      expect(cuts[0]).toBeLessThanOrEqual(end - before) // zeros at the end of what is left look like those behind it
      expect(await readValues(bus, 0, 2)).toEqual([1, 2])
      expect(await bus.endOffset('t', 0)).toBe(2)
    }
  })

  it('refuses to open over damage below acknowledged records', async () => {
    const { root, path } = await filled(3)
    const bytes = await readFile(path)
    const first = (await contentOf((await filled(0)).path)).length
    bytes[first + 12]! ^= 1
    await writeFile(path, bytes)
    await expect(open(root)).rejects.toThrow(BusCorruptError)
  })

  it('acknowledges only after the sync that covers the record', async () => {
    const order: string[] = []
    const disk: Disk = {
      ...systemDisk,
      async open(path, options) {
        const file = await systemDisk.open(path, options)
        return {
          size: () => file.size(), read: (target, position) => file.read(target, position), truncate: (size) => file.truncate(size), close: () => file.close(),
          async write(parts, position) {
            await file.write(parts, position)
            order.push('write')
          },
          async dataSync() {
            await file.dataSync()
            order.push('sync')
          },
        }
      },
    }
    await using bus = await open(await newRoot(), { disk })
    await bus.createTopic('t', { partitions: 1 })
    order.length = 0
    await bus.append('t', 0, Uint8Array.of(1)).then(() => order.push('ack'))
    expect(order).toEqual(['write', 'sync', 'ack'])
  })

  it('appends nothing more after a sync failed, and says so to who asks for its end', async () => {
    let isBroken = false
    const disk: Disk = {
      ...systemDisk,
      async open(path, options) {
        const file = await systemDisk.open(path, options)
        return {
          size: () => file.size(), read: (target, position) => file.read(target, position), truncate: (size) => file.truncate(size), close: () => file.close(),
          write: (parts, position) => file.write(parts, position),
          dataSync: () => (isBroken ? Promise.reject(new Error('EIO')) : file.dataSync()),
        }
      },
    }
    await using bus = await open(await newRoot(), { disk })
    await bus.createTopic('t', { partitions: 1 })
    isBroken = true
    await expect(bus.append('t', 0, Uint8Array.of(1))).rejects.toThrow(BusUnavailableError)
    isBroken = false
    await expect(bus.append('t', 0, Uint8Array.of(2))).rejects.toThrow(BusUnavailableError)
    await expect(bus.endOffset('t', 0)).rejects.toThrow(BusUnavailableError)
  })

  it('refuses appends over its disk budget and keeps what it has', async () => {
    await using bus = await open(await newRoot(), { maxDiskBytes: 2000 })
    await bus.createTopic('t', { partitions: 1 })
    await bus.append('t', 0, Uint8Array.of(1))
    await expect(bus.append('t', 0, new Uint8Array(4000))).rejects.toThrow(BusFullError)
    expect(await readValues(bus, 0, 1)).toEqual([1])
  })
})

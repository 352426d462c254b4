import { BusUnavailableError, MAX_BUS_RECORD_BYTES, MAX_READ_AHEAD_BYTES, OffsetTrimmedError, TopicConflictError, type Bus, type BusRecord } from './bus.ts'

/** The contract of {@link Bus}, run by every adapter's own test file. `open` gives a new, empty bus. */
export function describeBus(name: string, open: () => Promise<Bus>): void {
  describe(`${name} keeps the Bus contract`, () => {
    it('gives gapless offsets from 0 to each partition on its own', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 2 })
      const offsets = await Promise.all([0, 1, 0, 0, 1].map((partition, i) => bus.append('t', partition, Uint8Array.of(i))))
      expect(offsets).toEqual([0, 0, 1, 2, 1])
      expect([await bus.endOffset('t', 0), await bus.endOffset('t', 1)]).toEqual([3, 2])
    })

    it('delivers records in order, from any offset, also those appended while it waits', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      for (const value of [1, 2, 3]) await bus.append('t', 0, Uint8Array.of(value))
      const reading = readValues(bus, 1, 4)
      await bus.append('t', 0, Uint8Array.of(4))
      await bus.append('t', 0, Uint8Array.of(5))
      expect(await reading).toEqual([2, 3, 4, 5])
    })

    it('keeps the order of appends that nobody waited for', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 2 })
      const count = 5_000
      const offsets = await Promise.all(Array.from({ length: count }, (_, i) => bus.append('t', i % 2, numbered(i >> 1))))
      expect(offsets).toEqual(Array.from({ length: count }, (_, i) => i >> 1))
      const records = await readRecords(bus, { offset: 0, count: count / 2 })
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: count / 2 }, (_, i) => i))
      expect(records.map(({ value }) => Buffer.from(value).readUInt32LE())).toEqual(Array.from({ length: count / 2 }, (_, i) => i))
    })

    it('counts every append that was acknowledged before in the end offset', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      for (let i = 0; i < 20; i++) {
        const before = bus.endOffset('t', 0) // one that is on its way must not answer for the next
        const offset = await bus.append('t', 0, numbered(i))
        expect(await bus.endOffset('t', 0)).toBe(offset + 1)
        expect(await before).toBeLessThanOrEqual(offset + 1)
      }
    })

    it('keeps records of the largest size, and refuses larger and empty ones', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      const largest = Buffer.from(Uint8Array.from({ length: MAX_BUS_RECORD_BYTES }, (_, i) => i * 31))
      await Promise.all([0, 1, 2].map(() => bus.append('t', 0, largest)))
      for (const { value } of await readRecords(bus, { offset: 0, count: 3 })) expect(largest.equals(value)).toBe(true)
      await expect(async () => { await bus.append('t', 0, new Uint8Array(MAX_BUS_RECORD_BYTES + 1)) }).rejects.toThrow('a record has')
      await expect(async () => { await bus.append('t', 0, new Uint8Array()) }).rejects.toThrow('a record has')
      expect(await bus.endOffset('t', 0)).toBe(3)
    })

    it('gives a reader that takes its time everything in order, and lets it keep what it got', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      const size = 500_000
      const count = Math.ceil((3 * MAX_READ_AHEAD_BYTES) / size)
      for (let i = 0; i < count; i++) await bus.append('t', 0, Buffer.alloc(size, i))
      const records = await readRecords(bus, { offset: 0, count, pauseMs: 20 })
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: count }, (_, i) => i))
      for (const { offset, value } of records) expect(Buffer.alloc(size, offset).equals(value)).toBe(true)
    })

    it('waits for an offset that is beyond the end', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      await bus.append('t', 0, numbered(0))
      const reading = readRecords(bus, { offset: 3, count: 1 })
      for (let i = 1; i <= 3; i++) await bus.append('t', 0, numbered(i))
      expect((await reading).map(({ offset, value }) => [offset, Buffer.from(value).readUInt32LE()])).toEqual([[3, 3]])
    })

    it('begins again where a second read of an assignment says, and ends a read that waits when it stops', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      for (let i = 0; i < 5; i++) await bus.append('t', 0, numbered(i))
      const stop = new AbortController()
      const seen: number[][] = []
      await bus.consume({ topic: 't', group: 'g', signal: stop.signal }, async ({ read }) => {
        for (const from of [2, 0]) {
          const run: number[] = []
          seen.push(run)
          for await (const group of read(from)) {
            run.push(...group.map(({ offset }) => offset))
            if ((run.at(-1) ?? 0) >= 4) break
          }
        }
        setTimeout(() => { stop.abort() }, 10)
        for await (const group of read(5)) seen.push(group.map(({ offset }) => offset))
      })
      expect(seen).toEqual([[2, 3, 4], [0, 1, 2, 3, 4]])
    })

    it('gives the partitions of a member that ends to the one that is left', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 2 })
      const leaving = new AbortController()
      const staying = new AbortController()
      const working = new Set<number>()
      const first = bus.consume({ topic: 't', group: 'g', signal: leaving.signal }, async ({ read }) => {
        for await (const group of read(0)) void group
      })
      const second = bus.consume({ topic: 't', group: 'g', signal: staying.signal }, async ({ partition, read }) => {
        for await (const group of read(0)) if (group.length > 0) working.add(partition)
        working.delete(partition)
      })
      leaving.abort()
      await first
      await Promise.all([0, 1].map((partition) => bus.append('t', partition, numbered(partition))))
      await until(() => working.size === 2)
      staying.abort()
      await second
      expect(working.size).toBe(0)
    })

    it('lets two groups read the same partition', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      for (let i = 0; i < 3; i++) await bus.append('t', 0, numbered(i))
      const [one, other] = await Promise.all([readRecords(bus, { offset: 0, count: 3, group: 'one' }), readRecords(bus, { offset: 1, count: 2, group: 'other' })])
      expect([one.length, other.length]).toEqual([3, 2])
    })

    it('leaves the caller its buffer once an append is acknowledged', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      const buffer = Uint8Array.of(7)
      await bus.append('t', 0, buffer)
      buffer[0] = 9
      expect(await readValues(bus, 0, 1)).toEqual([7])
    })

    it('accepts a topic that exists and refuses another partition count', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 2 })
      await bus.createTopic('t', { partitions: 2 })
      await expect(bus.createTopic('t', { partitions: 3 })).rejects.toThrow(TopicConflictError)
    })

    it('refuses to read what may have been trimmed', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      for (const value of [1, 2, 3]) await bus.append('t', 0, Uint8Array.of(value))
      await bus.trim('t', 0, 2)
      const start = await bus.startOffset('t', 0)
      expect(start).toBeLessThanOrEqual(2)
      if (start > 0) await expect(readValues(bus, start - 1, 1)).rejects.toThrow(OffsetTrimmedError)
      expect(await readValues(bus, 2, 1)).toEqual([3])
    })

    it('ends the other works and rejects when one throws', async () => {
      await using bus = await open()
      await bus.createTopic('t', { partitions: 2 })
      const consuming = bus.consume({ topic: 't', group: 'g', signal: new AbortController().signal }, async ({ partition, read }) => {
        if (partition === 0) throw new Error('work failed')
        for await (const group of read(0)) void group
      })
      await expect(consuming).rejects.toThrow('work failed')
    })

    it('refuses appends after it was closed', async () => {
      const bus = await open()
      await bus.createTopic('t', { partitions: 1 })
      await bus[Symbol.asyncDispose]()
      await expect(bus.append('t', 0, Uint8Array.of(1))).rejects.toThrow(BusUnavailableError)
    })
  })
}

/** First byte of `count` records from `offset` on, of partition 0 of the topic `t`. */
export async function readValues(bus: Bus, offset: number, count: number): Promise<number[]> {
  return (await readRecords(bus, { offset, count })).map(({ value }) => value[0] ?? -1)
}

/** `count` records of partition 0 of the topic `t`, with a pause after each group. */
async function readRecords(bus: Bus, { offset, count, pauseMs = 0, group = 'g' }: { readonly offset: number; readonly count: number; readonly pauseMs?: number; readonly group?: string }): Promise<BusRecord[]> {
  const records: BusRecord[] = []
  const stop = new AbortController()
  await bus.consume({ topic: 't', group, signal: stop.signal }, async ({ partition, read }) => {
    if (partition !== 0) return
    for await (const found of read(offset + records.length)) {
      records.push(...found)
      if (records.length >= count) break
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    if (records.length >= count) stop.abort()
  })
  return records.slice(0, count)
}

/** Brokers take seconds to move partitions, most of all on a machine that runs them, too. @throws after a minute. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const startMs = performance.now()
  while (!(await condition())) {
    if (performance.now() - startMs > 60_000) throw new Error(`waited in vain for ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function numbered(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

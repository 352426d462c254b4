import { BusUnavailableError, OffsetTrimmedError, TopicConflictError, type Bus } from './bus.ts'

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
  const values: number[] = []
  const stop = new AbortController()
  await bus.consume({ topic: 't', group: 'g', signal: stop.signal }, async ({ partition, read }) => {
    if (partition !== 0) return
    for await (const group of read(offset)) {
      values.push(...group.map(({ value }) => value[0] ?? -1))
      if (values.length >= count) break
    }
    stop.abort()
  })
  return values.slice(0, count)
}

import fc from 'fast-check'
import { CrashDisk } from '@millrace/simulator/crash-disk'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { createSeededRandom, integerBelow } from '@millrace/simulator/seeded-random'
import type { Random } from '@millrace/runtime/random'
import { BusCorruptError, BusFullError, BusUnavailableError, MAX_BUS_RECORD_BYTES, type Bus, type BusRecord } from './bus.ts'
import { openBus } from './open-bus.ts'
import { decodeLogRecord } from './segment-format.ts'

const TOPICS = { t: 3, u: 2 } as const
const PARTITIONS = Object.entries(TOPICS).flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => ({ topic, partition })))
const open = async (disk: CrashDisk, options: { segmentBytes?: number } = {}): Promise<Bus> =>
  await openBus({ kind: 'embedded', root: '/bus', disk, clock: new ManualClock(), segmentBytes: 2000, ...options })

/** The first process ends at a sync that fails, the second sees its bytes and loses power. */
const FAILED_SYNC_THEN_POWER_LOSS: [number, { operations: number; isPowerLost: boolean }[]] = [0, [{ operations: 37, isPowerLost: false }, { operations: 14, isPowerLost: true }]]

describe('the embedded bus on a disk that loses power', () => {
  it('has every acknowledged record once, at its offset and unchanged, whatever was going on when the power went or the process ended', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(fc.record({ operations: fc.integer({ min: 1, max: 120 }), isPowerLost: fc.boolean() }), { minLength: 1, maxLength: 6 }), async (seed, lives) => {
        const random = createSeededRandom(seed)
        const model = new Model()
        let disk = new CrashDisk({ random })
        for (const { operations, isPowerLost } of lives) {
          disk.losePowerAfter(operations)
          await live(disk, model, random)
          disk = isPowerLost ? disk.crash() : disk.endProcess()
        }
        await using bus = await openWithTopics(disk)
        await model.check(bus)
      }),
      { numRuns: 80, examples: [FAILED_SYNC_THEN_POWER_LOSS] },
    )
  })

  it('reports damage to any byte that later records prove to be acknowledged, and never opens without it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (seed, place, mask) => {
        const random = createSeededRandom(seed)
        const disk = new CrashDisk({ random })
        {
          await using bus = await openWithTopics(disk)
          for (let i = 0; i < 30; i++) await bus.append('t', i % 3, random.bytes(1 + integerBelow(random, 300)))
        }
        const segments = (await disk.list('/bus')).filter((name) => name.endsWith('.segment')).sort()
        const name = segments[place % segments.length] ?? ''
        const file = await disk.open(`/bus/${name}`, { create: false })
        const bytes = Buffer.alloc(await file.size())
        await file.read(bytes, 0)
        const ends: number[] = []
        for (let found = decodeLogRecord(bytes, 0); found !== undefined; found = decodeLogRecord(bytes, ends.at(-1) ?? 0)) ends.push((ends.at(-1) ?? 0) + found.bytes)
        // The last group of the last segment could as well be a write that was never acknowledged.
        const provenEnd = (name === segments.at(-1) ? ends.at(-2) : ends.at(-1)) ?? 0
        const position = Math.floor(place / segments.length) % provenEnd
        await file.write([Uint8Array.of((bytes[position] ?? 0) ^ mask)], position)
        await expect(open(disk)).rejects.toThrow(BusCorruptError)
      }),
      { numRuns: 60 },
    )
  })

  it('reports a segment that is missing between others', async () => {
    const disk = new CrashDisk({ random: createSeededRandom(1) })
    {
      await using bus = await openWithTopics(disk)
      for (let i = 0; i < 30; i++) await bus.append('t', 0, new Uint8Array(500).fill(1))
    }
    const segments = [...(await disk.list('/bus'))].sort()
    await disk.remove(`/bus/${segments[3]}`)
    await expect(open(disk)).rejects.toThrow(BusCorruptError)
  })

  it('reports damage that appears while it runs to the reader', async () => {
    const disk = new CrashDisk({ random: createSeededRandom(1) })
    {
      await using bus = await openWithTopics(disk)
      for (let i = 0; i < 3; i++) await bus.append('t', 0, new Uint8Array(100).fill(1))
    }
    await using bus = await openWithTopics(disk)
    const name = [...(await disk.list('/bus'))].sort().at(-1)
    const file = await disk.open(`/bus/${name}`, { create: false })
    await file.write([Uint8Array.of(9)], (await file.size()) - 2000 + 5 * 40 + 60)
    await expect(readAll(bus, 't', 0, 0)).rejects.toThrow(BusCorruptError)
  })

  it('removes whole segments once all of their records are trimmed, and goes on counting without them after a crash', async () => {
    const disk = new CrashDisk({ random: createSeededRandom(2) })
    {
      await using bus = await openWithTopics(disk)
      await bus.append('t', 1, Uint8Array.of(1))
      for (let i = 0; i < 20; i++) await bus.append('t', 0, new Uint8Array(500).fill(i + 1))
      await bus.trim('t', 0, 20)
      expect((await disk.list('/bus')).length).toBeGreaterThan(3) // t/1 still needs the oldest
      await bus.trim('t', 1, 1)
      expect(await disk.list('/bus')).toHaveLength(1)
      await bus.append('u', 0, Uint8Array.of(1))
    }
    await using bus = await openWithTopics(disk.crash())
    expect(await Promise.all(PARTITIONS.map(({ topic, partition }) => bus.endOffset(topic, partition)))).toEqual([20, 1, 0, 1, 0])
    expect(await bus.append('t', 0, Uint8Array.of(1))).toBe(20)
    expect(await bus.append('t', 1, Uint8Array.of(1))).toBe(1)
  })

  it('opens after a crash in the midst of removing many segments', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const disk = new CrashDisk({ random: createSeededRandom(seed) })
      const bus = await openWithTopics(disk)
      for (let i = 0; i < 20; i++) await bus.append('t', 0, new Uint8Array(700).fill(i + 1))
      disk.losePowerAfter(1 + (seed % 16))
      await bus.trim('t', 0, 18).catch(() => undefined)
      await using again = await openWithTopics(disk.crash())
      expect(await again.endOffset('t', 0)).toBe(20)
      expect((await readAll(again, 't', 0, 18)).map(({ value }) => value[0])).toEqual([19, 20])
    }
  })

  it('refuses while the disk is full, loses nothing, and goes on without a restart when there is room', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1500, max: 6000 }), async (seed, capacity) => {
        const random = createSeededRandom(seed)
        const model = new Model()
        const disk = new CrashDisk({ random })
        {
          // Zeros written ahead would be most of what these small records take.
          await using bus = await openWithTopics(disk)
          disk.setCapacity(capacity + (await used(disk)))
          for (let i = 0; i < 4 || model.failures.length === 0; i++) await Promise.all(Array.from({ length: 8 }, () => model.append(bus, random)))
          expect(model.failures.every((error) => error instanceof BusFullError)).toBe(true)
          disk.setCapacity(Infinity)
          model.failures.length = 0
          await Promise.all(Array.from({ length: 8 }, () => model.append(bus, random)))
          expect(model.failures).toEqual([])
          await model.check(bus)
        }
        await using again = await openWithTopics(disk.crash())
        await model.check(again)
      }),
      { numRuns: 30 },
    )
  })

  it.each(['write', 'sync', 'link', 'syncDirectory'] as const)('appends nothing more after a failed %s, and has every acknowledged record when it is opened again', async (operation) => {
    for (let count = 1; count <= 6; count++) {
      const random = createSeededRandom(count)
      const model = new Model()
      const disk = new CrashDisk({ random })
      const bus = await openWithTopics(disk)
      disk.fail(operation, count)
      for (let i = 0; i < 40; i++) await Promise.all(Array.from({ length: 3 }, () => model.append(bus, random)))
      expect(model.failures.length).toBeGreaterThan(0)
      expect(model.failures.every((error) => error instanceof BusUnavailableError)).toBe(true)
      await bus[Symbol.asyncDispose]()
      await using again = await openWithTopics(count % 2 === 0 ? disk.crash() : disk.endProcess())
      await model.check(again)
    }
  })

  it('makes topics while others append', async () => {
    const random = createSeededRandom(3)
    const model = new Model()
    const disk = new CrashDisk({ random })
    {
      await using bus = await openWithTopics(disk)
      const appending = Array.from({ length: 20 }, () => model.append(bus, random))
      await Promise.all([...appending, bus.createTopic('v', { partitions: 2 }), bus.createTopic('v', { partitions: 2 }), bus.createTopic('w', { partitions: 1 })])
      expect(model.failures).toEqual([])
    }
    await using again = await openWithTopics(disk.crash())
    await model.check(again)
    await again.createTopic('v', { partitions: 2 })
  })

  it('refuses a producer that is faster than the disk, counting what is on its way', async () => {
    await using bus = await open(new CrashDisk({ random: createSeededRandom(4) }), { segmentBytes: 64 * 1024 * 1024 })
    await bus.createTopic('t', { partitions: 1 })
    const record = new Uint8Array(MAX_BUS_RECORD_BYTES).fill(1)
    const appends: Promise<unknown>[] = []
    for (let round = 0; round < 4; round++) {
      for (let i = 0; i < 20; i++) appends.push(bus.append('t', 0, record).catch((error: unknown) => error))
      await Promise.resolve()
    }
    const outcomes = await Promise.all(appends)
    expect(outcomes.filter((outcome) => outcome instanceof BusFullError).length).toBeGreaterThanOrEqual(16)
    expect(outcomes.filter((outcome) => typeof outcome === 'number')).toEqual(Array.from({ length: 64 }, (_, i) => i))
    expect(await bus.append('t', 0, record)).toBe(64)
  })
})

async function openWithTopics(disk: CrashDisk): Promise<Bus> {
  const bus = await open(disk)
  for (const [topic, partitions] of Object.entries(TOPICS)) await bus.createTopic(topic, { partitions })
  return bus
}

/** One process: opens, checks, appends and trims from several sides until the power goes. */
async function live(disk: CrashDisk, model: Model, random: Random): Promise<void> {
  let bus: Bus
  try {
    bus = await openWithTopics(disk)
    await model.check(bus)
  } catch (error) {
    if (error instanceof BusCorruptError || !isOff(error)) throw error
    return
  }
  const work = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      if (random.fraction() < 0.15) await model.trim(bus, random)
      else await model.append(bus, random)
    }
  }
  await Promise.all([work(), work(), work(), work()])
  try {
    await bus[Symbol.asyncDispose]()
  } catch (error) {
    if (!isOff(error)) throw error
  }
}

function isOff(error: unknown): boolean {
  return error instanceof BusUnavailableError || (error instanceof Error && 'code' in error && error.code === 'EIO')
}

/** What must be in the log. */
class Model {
  readonly failures: unknown[] = []
  /** By partition and offset: acknowledged, or seen after a start, which makes it as good as acknowledged. */
  readonly #known = new Map<string, Map<number, string>>()
  /** By partition. */
  readonly #trimmed = new Map<string, number>()
  readonly #attempted = new Set<string>()

  async append(bus: Bus, random: Random): Promise<void> {
    const { topic, partition } = PARTITIONS[integerBelow(random, PARTITIONS.length)] ?? PARTITIONS[0]!
    const text = `${random.text(12)}${random.text(integerBelow(random, 400))}`
    this.#attempted.add(text)
    try {
      this.#knownOf(topic, partition).set(await bus.append(topic, partition, Buffer.from(text)), text)
    } catch (error) {
      this.failures.push(error)
    }
  }

  async trim(bus: Bus, random: Random): Promise<void> {
    const { topic, partition } = PARTITIONS[integerBelow(random, PARTITIONS.length)] ?? PARTITIONS[0]!
    // A bus that has failed does not tell its end.
    const offset = integerBelow(random, (await bus.endOffset(topic, partition).catch(() => 0)) + 1)
    const name = `${topic}/${partition}`
    this.#trimmed.set(name, Math.max(offset, this.#trimmed.get(name) ?? 0))
    await bus.trim(topic, partition, offset).catch((error: unknown) => {
      expect(error).toBeInstanceOf(BusUnavailableError)
    })
  }

  async check(bus: Bus): Promise<void> {
    const seen = new Set<string>()
    for (const { topic, partition } of PARTITIONS) {
      const known = this.#knownOf(topic, partition)
      const [start, end] = [await bus.startOffset(topic, partition), await bus.endOffset(topic, partition)]
      expect(start).toBeLessThanOrEqual(this.#trimmed.get(`${topic}/${partition}`) ?? 0)
      expect(end).toBeGreaterThan(Math.max(-1, ...known.keys()))
      const records = await readAll(bus, topic, partition, start)
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: end - start }, (_, i) => start + i))
      for (const { offset, value } of records) {
        const text = Buffer.from(value).toString()
        expect(this.#attempted).toContain(text)
        expect(seen).not.toContain(text)
        seen.add(text)
        expect(known.get(offset) ?? text).toBe(text)
        known.set(offset, text)
      }
    }
  }

  #knownOf(topic: string, partition: number): Map<number, string> {
    const known = this.#known.get(`${topic}/${partition}`) ?? new Map<number, string>()
    this.#known.set(`${topic}/${partition}`, known)
    return known
  }
}

async function readAll(bus: Bus, topic: string, partition: number, from: number): Promise<BusRecord[]> {
  const records: BusRecord[] = []
  const end = await bus.endOffset(topic, partition)
  const stop = new AbortController()
  await bus.consume({ topic, group: 'g', signal: stop.signal }, async (assignment) => {
    if (assignment.partition !== partition) return
    if (from < end) for await (const group of assignment.read(from)) {
      records.push(...group)
      if ((records.at(-1)?.offset ?? end) >= end - 1) break
    }
    stop.abort()
  })
  return records
}

async function used(disk: CrashDisk): Promise<number> {
  let bytes = 0
  for (const name of await disk.list('/bus')) {
    const file = await disk.open(`/bus/${name}`, { create: false })
    bytes += await file.size()
    await file.close()
  }
  return bytes
}

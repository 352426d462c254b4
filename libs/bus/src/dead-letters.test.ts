import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { BusFullError, BusUnavailableError, MAX_BUS_RECORD_BYTES, type Bus } from './bus.ts'
import { decodeDeadLetter, encodeDeadLetter } from './dead-letter.ts'
import { deadLetterCursorText, parseDeadLetterCursor, type DeadLetterCursor } from './dead-letter-cursor.ts'
import { deadLetterIdText, parseDeadLetterId } from './dead-letter-id.ts'
import { createDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.ts'
import { openEmbeddedBus } from './embedded-bus.ts'
import { createKafkaClient } from './kafka-client.ts'
import { openBus } from './open-bus.ts'
import { splitBus } from './split-bus.ts'
import { topicsOf } from './topics.ts'

const topics = topicsOf({ generation: 'g1', partitions: 3 })
const never = new AbortController().signal
const idOf = ({ id }: DeadLetter): string => deadLetterIdText(id)

describe('dead letters', () => {
  let folder: string
  let bus: Bus
  let letters: DeadLetters
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dead-letters-'))
    let nowMs = systemClock.nowMs()
    bus = await openEmbeddedBus({ root: folder, disk: systemDisk, clock: { ...systemClock, nowMs: () => nowMs++ } })
    for (const topic of [topics.batches, topics.deadLetters]) await bus.createTopic(topic, { partitions: topics.partitions })
    letters = createDeadLetters({ bus, topics, clock: systemClock, random: systemRandom })
  })
  afterEach(async () => {
    await bus[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const keep = async (partition: number, value: Uint8Array = Uint8Array.of(1, 2, 3), topic = topics.batches): Promise<number> =>
    await bus.append(topics.deadLetters, partition, encodeDeadLetter({ topic, partition, offset: 7, reason: 'it fails its checksum' }, value))
  const pages = async (question: Parameters<DeadLetters['list']>[0]): Promise<readonly (readonly string[])[]> => {
    const all: (readonly string[])[] = []
    for (let after: DeadLetterCursor | undefined; ;) {
      const page = await letters.list({ ...question, after }, idOf, never)
      all.push(page.letters)
      if (page.next === undefined) return all
      after = parseDeadLetterCursor(deadLetterCursorText(page.next))
      expect(after).toEqual(page.next)
    }
  }

  it('are listed over all partitions by the time they were kept, in pages that hold each once', async () => {
    const kept: string[] = []
    for (const partition of [0, 2, 2, 0, 1, 2, 2]) kept.push(deadLetterIdText({ partition, offset: await keep(partition) }))
    const newest = await pages({ order: 'newest', limit: 3 })
    expect(newest.map((page) => page.length)).toEqual([3, 3, 1])
    expect(newest.flat()).toEqual([...kept].reverse())
    expect((await pages({ order: 'oldest', limit: 2 })).flat()).toEqual(kept)
    expect((await pages({ order: 'newest', limit: 3, partition: 2 })).flat()).toEqual(['2-3', '2-2', '2-1', '2-0'])
    expect(await pages({ order: 'newest', limit: 3, partition: 9 })).toEqual([[]])
  })

  it('are none where none was kept', async () => {
    expect(await pages({ order: 'oldest', limit: 3 })).toEqual([[]])
  })

  it('tell why and where from, and show a record that is no letter as it is', async () => {
    await keep(1)
    const foreign = Buffer.from('{"not":"ours"}')
    await bus.append(topics.deadLetters, 1, foreign)
    const letter = await letters.read({ partition: 1, offset: 0 }, never)
    expect(letter?.head).toEqual({ topic: topics.batches, partition: 1, offset: 7, reason: 'it fails its checksum', cutBytes: 0 })
    expect(letter?.value).toEqual(Buffer.of(1, 2, 3))
    expect(Math.abs((letter?.keptMs ?? 0) - Date.now())).toBeLessThan(60_000)
    expect(await letters.read({ partition: 1, offset: 1 }, never)).toMatchObject({ head: undefined, value: foreign })
    expect([await letters.read({ partition: 1, offset: 2 }, never), await letters.read({ partition: 3, offset: 0 }, never)]).toEqual([undefined, undefined])
    expect(await letters.replay([{ partition: 1, offset: 1 }], never)).toMatchObject([{ outcome: 'refused' }])
  })

  it('are appended again to the batches of their partition, each once, in their order', async () => {
    for (const n of [1, 2, 3]) await keep(2, Uint8Array.of(n), n === 2 ? topicsOf({ generation: 'g1', partitions: 3 }).routed : topics.batches)
    await keep(0, new Uint8Array(MAX_BUS_RECORD_BYTES).fill(9))
    const outcomes = await letters.replay([3, 0, 2, 0, 1].map((offset) => ({ partition: 2, offset })).concat([{ partition: 0, offset: 0 }]), never)
    expect(outcomes.map(({ id, outcome }) => [deadLetterIdText(id), outcome])).toEqual([['2-3', 'absent'], ['2-0', 'replayed'], ['2-2', 'replayed'], ['2-1', 'replayed'], ['0-0', 'refused']])
    expect(outcomes[2]).toMatchObject({ partition: 2, offset: 2 })
    expect(await valuesOf(topics.batches, 2, 3)).toEqual([1, 2, 3])
    expect(await bus.endOffset(topics.batches, 0)).toBe(0)
    expect(await letters.read({ partition: 2, offset: 1 }, never)).toBeDefined()
  })

  it('tell which replays the log has not taken', async () => {
    for (const n of [1, 2]) await keep(0, Uint8Array.of(n))
    const full: Bus = {
      ...splitBus(bus, '', bus),
      append: async (topic, partition, value) => {
        if (value[0] === 1) throw new BusFullError('the disk is full')
        return await bus.append(topic, partition, value)
      },
    }
    const outcomes = await createDeadLetters({ bus: full, topics, clock: systemClock, random: systemRandom }).replay([0, 1].map((offset) => ({ partition: 0, offset })), never)
    expect(outcomes).toMatchObject([{ outcome: 'failed', reason: 'the disk is full' }, { outcome: 'replayed', offset: 0 }])
  })

  it('stay until they are discarded, from the oldest of a partition on', async () => {
    for (let n = 0; n < 3; n++) await keep(1)
    expect([await letters.discardThrough({ partition: 1, offset: 3 }), await letters.discardThrough({ partition: 5, offset: 0 })]).toEqual([false, false])
    expect(await letters.discardThrough({ partition: 1, offset: 1 })).toBe(true)
    expect((await pages({ order: 'newest', limit: 5 })).flat()).toEqual(['1-2'])
    expect([await letters.read({ partition: 1, offset: 1 }, never), await letters.discardThrough({ partition: 1, offset: 1 })]).toEqual([undefined, false])
  })

  it('are not read for ever when a partition is not assigned', async () => {
    await keep(0)
    await keep(1)
    const stuck: Bus = { ...splitBus(bus, '', bus), consume: async (options, work) => await bus.consume(options, async (assignment) => (assignment.partition === 1 ? undefined : await work(assignment))) }
    const impatient = { ...systemClock, sleep: async (ms: number, signal?: AbortSignal) => await systemClock.sleep(ms / 100, signal) }
    const waiting: Bus = { ...stuck, consume: async (options, work) => await Promise.all([stuck.consume(options, work), aborted(options.signal)]).then(() => undefined) }
    await expect(createDeadLetters({ bus: waiting, topics, clock: impatient, random: systemRandom }).list({ order: 'newest', limit: 5 }, idOf, never)).rejects.toThrow(BusUnavailableError)
  })

  const valuesOf = async (topic: string, partition: number, count: number): Promise<readonly number[]> => {
    const values: number[] = []
    await bus.consume({ topic, group: 'test', signal: never }, async (assignment) => {
      if (assignment.partition !== partition) return
      for await (const group of assignment.read(0)) {
        values.push(...group.map(({ value }) => value[0] ?? -1))
        if (values.length >= count) return
      }
    })
    return values
  }
})

describeOn('kafka', 'dead letters', (address) => {
  const log = createLog('silent')
  const own = topicsOf({ generation: randomBytes(6).toString('hex'), partitions: 2 })

  afterAll(async () => {
    const admin = createKafkaClient({ brokers: [address], clientId: 'test', log }, { requestTimeoutMs: 10_000, retries: 3 }).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [own.batches, own.deadLetters] })
    await admin.disconnect()
  })

  it('are listed, shown, replayed and discarded', async () => {
    await using bus = await openBus({ kind: 'kafka', brokers: [address], clientId: 'test', clock: systemClock, log, replicationFactor: 1, minInsyncReplicas: 1 })
    for (const topic of [own.batches, own.deadLetters]) await bus.createTopic(topic, { partitions: 2 })
    const letters = createDeadLetters({ bus, topics: own, clock: systemClock, random: systemRandom })
    for (let n = 0; n < 5; n++) await bus.append(own.deadLetters, n % 2, encodeDeadLetter({ topic: own.routed, partition: n % 2, offset: n, reason: 'r' }, Uint8Array.of(n)))
    const first = await letters.list({ order: 'newest', limit: 3 }, idOf, never)
    const second = await letters.list({ order: 'newest', limit: 3, after: first.next }, idOf, never)
    expect([[...first.letters, ...second.letters].sort(), second.next]).toEqual([['0-0', '0-1', '0-2', '1-0', '1-1'], undefined])
    expect((await letters.read({ partition: 1, offset: 1 }, never))?.value).toEqual(Buffer.of(3))
    const outcomes = await letters.replay([{ partition: 0, offset: 2 }, { partition: 0, offset: 0 }, { partition: 1, offset: 9 }], never)
    expect(outcomes.map(({ id, outcome }) => [deadLetterIdText(id), outcome])).toEqual([['0-2', 'replayed'], ['0-0', 'replayed'], ['1-9', 'absent']])
    expect([await bus.endOffset(own.batches, 0), outcomes[0]]).toMatchObject([2, { partition: 0, offset: 1 }])
    expect(await letters.discardThrough({ partition: 0, offset: 1 })).toBe(true)
    while ((await bus.startOffset(own.deadLetters, 0)) < 2) await systemClock.sleep(50) // Kafka deletes in its own time
    expect((await letters.list({ order: 'oldest', limit: 9, partition: 0 }, idOf, never)).letters).toEqual(['0-2'])
  }, 60_000)
})

describe('texts of dead letters', () => {
  it('are read back, and nothing else is', () => {
    expect(parseDeadLetterId('3-120')).toEqual({ partition: 3, offset: 120 })
    for (const text of ['', '3', '3-', '-1-2', '03-1', '3-01', '3-1 ', '3-99999999999999999', 'a-1']) expect(parseDeadLetterId(text)).toBeUndefined()
    for (const text of ['', 'newest', 'latest.0-1', 'newest.0-1.0-2', 'newest.0-x', 'oldest.0-1.', `newest.${'0'.repeat(20_000)}`]) expect(parseDeadLetterCursor(text)).toBeUndefined()
  })

  it('are refused as letters when the head is not whole', () => {
    const letter = Buffer.from(encodeDeadLetter({ topic: 't', partition: 0, offset: 1, reason: 'r' }, Uint8Array.of(5)))
    expect(decodeDeadLetter(letter).value).toEqual(Buffer.of(5))
    const withoutReason = Buffer.concat([Buffer.of(2, 0, 0, 0), Buffer.from('{}')])
    for (const bytes of [Buffer.of(1), letter.subarray(0, 20), withoutReason, Buffer.concat([Buffer.of(1, 0, 0, 0), Buffer.from('x')])]) expect(() => decodeDeadLetter(bytes)).toThrow(RangeError)
  })
})

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => {
    signal.addEventListener('abort', resolve)
  })
}

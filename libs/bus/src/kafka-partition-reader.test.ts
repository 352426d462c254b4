import { createLog } from '@millrace/telemetry/log'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { BusCorruptError, MAX_READ_AHEAD_BYTES, OffsetTrimmedError, type BusRecord } from './bus.ts'
import { FETCH_BYTES, IDLE_CHECK_MS, KafkaPartitionReader } from './kafka-partition-reader.ts'

const turn = async (): Promise<void> => { await new Promise((resolve) => setImmediate(resolve)) }

const record = (offset: number, bytes = 1): BusRecord => ({ offset, value: new Uint8Array(bytes), appendedMs: 0 })

function openReader(bounds = { start: 0, end: 1000 }): { readonly reader: KafkaPartitionReader; readonly clock: ManualClock; readonly stop: AbortController; readonly calls: string[]; readonly bounds: { start: number; end: number } } {
  const clock = new ManualClock()
  const stop = new AbortController()
  const calls: string[] = []
  const fetch = { seek: (offset: number) => { calls.push(`seek ${offset}`) }, pause: () => { calls.push('pause') }, resume: () => { calls.push('resume') } }
  const reader = new KafkaPartitionReader({ name: 't/0', signal: stop.signal, fetch, bounds: () => Promise.resolve({ ...bounds }), clock, log: createLog('silent') })
  return { reader, clock, stop, calls, bounds }
}

describe('a reader of a Kafka partition', () => {
  it('begins with a seek and gives what is delivered from there on, once', async () => {
    const { reader, calls } = openReader()
    const read = reader.read(5)
    const first = read.next()
    await turn()
    expect(calls).toEqual(['pause', 'seek 5', 'resume'])
    reader.deliver([record(3), record(4), record(5), record(6)])
    expect((await first).value).toEqual([record(5), record(6)])
    reader.deliver([record(6), record(7)])
    expect((await read.next()).value).toEqual([record(7)])
  })

  it('holds no more than the limit while nobody takes it, and goes on after', async () => {
    const { reader, calls } = openReader()
    const read = reader.read(0)
    const first = read.next()
    await turn()
    let delivered = 0
    while (calls.at(-1) !== 'pause') reader.deliver([record(delivered++, FETCH_BYTES)])
    expect((delivered + 1) * FETCH_BYTES).toBeLessThanOrEqual(MAX_READ_AHEAD_BYTES) // one fetch may still come in
    reader.deliver([record(delivered++, FETCH_BYTES)])
    await first
    for (let taken = 1; taken < delivered; taken++) expect((await read.next()).value?.map((found: BusRecord) => found.offset)).toEqual([taken])
    expect(calls.at(-1)).toBe('resume')
  })

  it('fetches again what is missing, and takes it for damage when it stays away', async () => {
    const { reader, calls } = openReader()
    const read = reader.read(0)
    const first = read.next()
    await turn()
    reader.deliver([record(0), record(2)])
    expect((await first).value).toEqual([record(0)])
    const second = read.next()
    await turn()
    expect(calls.slice(-2)).toEqual(['seek 1', 'resume'])
    reader.deliver([record(1)])
    expect((await second).value).toEqual([record(1)])
    const third = read.next()
    third.catch(() => undefined)
    for (let i = 0; i < 2; i++) {
      reader.deliver([record(7)])
      await turn()
    }
    await expect(third).rejects.toThrow(BusCorruptError)
  })

  it('says that what it was to read is trimmed, at the start, on the way and while nothing comes', async () => {
    const atStart = openReader({ start: 10, end: 20 })
    await expect(atStart.reader.read(9).next()).rejects.toThrow(OffsetTrimmedError)

    const onTheWay = openReader()
    const next = onTheWay.reader.read(0).next()
    next.catch(() => undefined)
    await turn()
    onTheWay.bounds.start = 5
    onTheWay.reader.deliver([record(5)])
    await expect(next).rejects.toThrow(OffsetTrimmedError)

    const idle = openReader({ start: 0, end: 0 })
    const waiting = idle.reader.read(0).next()
    waiting.catch(() => undefined)
    await turn()
    Object.assign(idle.bounds, { start: 3, end: 3 })
    await idle.clock.advance(IDLE_CHECK_MS)
    await expect(waiting).rejects.toThrow(OffsetTrimmedError)
  })

  it('fetches again when the log has more and nothing comes', async () => {
    const { reader, clock, calls } = openReader({ start: 0, end: 3 })
    const next = reader.read(0).next()
    await turn()
    calls.length = 0
    await clock.advance(IDLE_CHECK_MS)
    expect(calls).toEqual(['seek 0', 'resume'])
    reader.deliver([record(0)])
    expect((await next).value).toEqual([record(0)])
  })

  it('ends the read before when a new one begins, and every read with the assignment', async () => {
    const { reader, stop } = openReader()
    const old = reader.read(0).next()
    await turn()
    const read = reader.read(2)
    const next = read.next()
    expect((await old).done).toBe(true)
    await turn()
    reader.deliver([record(2)])
    expect((await next).value).toEqual([record(2)])
    const last = read.next()
    stop.abort()
    expect((await last).done).toBe(true)
  })
})

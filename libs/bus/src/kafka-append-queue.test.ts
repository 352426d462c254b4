import { createLog } from '@millrace/telemetry/log'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { BusFullError, BusUnavailableError } from './bus.ts'
import { APPEND_DEADLINE_MS, DOWN_PAUSE_MS, KafkaAppendQueue, MAX_PENDING_BYTES, MAX_RUN_BYTES, type KafkaSender, type PartitionRun } from './kafka-append-queue.ts'

const log = createLog('silent')

/** A log in memory whose sends answer when they are told to. */
function createSender(ends = new Map<string, number>()): KafkaSender & { readonly sends: { readonly runs: readonly PartitionRun[]; readonly answer: () => void; readonly fail: () => void }[]; isClosed: boolean } {
  const sender = {
    sends: [] as { runs: readonly PartitionRun[]; answer: () => void; fail: () => void }[],
    isClosed: false,
    send: (runs: readonly PartitionRun[]) =>
      new Promise<readonly number[]>((resolve, reject) => {
        const answer = (): void => {
          resolve(runs.map(({ topic, partition, values }) => {
            const base = ends.get(`${topic}/${partition}`) ?? 0
            ends.set(`${topic}/${partition}`, base + values.length)
            return base
          }))
        }
        sender.sends.push({ runs, answer, fail: () => { reject(new Error('NOT_LEADER_FOR_PARTITION')) } })
      }),
    close: () => {
      sender.isClosed = true
      return Promise.resolve()
    },
  }
  return sender
}

const turn = async (): Promise<void> => { await new Promise((resolve) => setImmediate(resolve)) }

describe('appends to Kafka', () => {
  it('leave one send at a time, together with what gathered meanwhile, and get their own offsets', async () => {
    const sender = createSender()
    const queue = new KafkaAppendQueue({ open: () => Promise.resolve(sender), clock: new ManualClock(), log })
    const first = queue.append('t', 0, Uint8Array.of(1))
    await turn()
    const later = [1, 0, 1].map((partition, i) => queue.append('t', partition, Uint8Array.of(i)))
    await turn()
    expect(sender.sends).toHaveLength(1)
    sender.sends[0]?.answer()
    await turn()
    expect(sender.sends[1]?.runs.map(({ partition, values }) => [partition, values.map((value) => value[0])])).toEqual([[1, [0, 2]], [0, [1]]])
    sender.sends[1]?.answer()
    expect([await first, ...(await Promise.all(later))]).toEqual([0, 0, 1, 1])
  })

  it('of one partition stay below the limit of a message in each send', async () => {
    const sender = createSender()
    const queue = new KafkaAppendQueue({ open: () => Promise.resolve(sender), clock: new ManualClock(), log })
    const offsets = Promise.all(Array.from({ length: 5 }, () => queue.append('t', 0, new Uint8Array(MAX_RUN_BYTES / 2 - 100))))
    for (let i = 0; i < 3; i++) {
      await turn()
      sender.sends[i]?.answer()
    }
    expect(await offsets).toEqual([0, 1, 2, 3, 4])
    expect(sender.sends.map(({ runs }) => runs.map(({ values }) => values.length))).toEqual([[2], [2], [1]])
  })

  it('fail with everything that waits behind a failed send, and go on with a new sender', async () => {
    const senders = [createSender(), createSender()]
    const queue = new KafkaAppendQueue({ open: () => Promise.resolve(senders.find(({ isClosed }) => !isClosed) ?? createSender()), clock: new ManualClock(), log })
    const sent = queue.append('t', 0, Uint8Array.of(1))
    await turn()
    const waiting = queue.append('t', 0, Uint8Array.of(2))
    senders[0]?.sends[0]?.fail()
    await expect(sent).rejects.toThrow(BusUnavailableError)
    await expect(waiting).rejects.toThrow(BusUnavailableError)
    expect(senders[0]?.isClosed).toBe(true)
    const next = queue.append('t', 0, Uint8Array.of(3))
    await turn()
    senders[1]?.sends[0]?.answer()
    expect(await next).toBe(0)
    expect(senders[0]?.sends).toHaveLength(1)
  })

  it('fail when no answer comes in time', async () => {
    const clock = new ManualClock()
    const sender = createSender()
    const queue = new KafkaAppendQueue({ open: () => Promise.resolve(sender), clock, log })
    const append = queue.append('t', 0, Uint8Array.of(1))
    append.catch(() => undefined)
    await turn()
    await clock.advance(APPEND_DEADLINE_MS)
    await expect(append).rejects.toThrow(BusUnavailableError)
    expect(sender.isClosed).toBe(true)
  })

  it('fail at once for a while after no broker was reached, and then try again', async () => {
    const clock = new ManualClock()
    const sender = createSender()
    let tries = 0
    const queue = new KafkaAppendQueue({ open: () => (++tries === 1 ? Promise.reject(new Error('ECONNREFUSED')) : Promise.resolve(sender)), clock, log })
    await expect(queue.append('t', 0, Uint8Array.of(1))).rejects.toThrow(BusUnavailableError)
    await expect(queue.append('t', 0, Uint8Array.of(1))).rejects.toThrow('no broker answers')
    expect(tries).toBe(1)
    await clock.advance(DOWN_PAUSE_MS)
    const append = queue.append('t', 0, Uint8Array.of(1))
    await turn()
    sender.sends[0]?.answer()
    expect(await append).toBe(0)
  })

  it('are refused while too many bytes wait', async () => {
    const sender = createSender()
    const queue = new KafkaAppendQueue({ open: () => Promise.resolve(sender), clock: new ManualClock(), log })
    const count = MAX_PENDING_BYTES / MAX_RUN_BYTES
    const taken = Promise.all(Array.from({ length: count }, () => queue.append('t', 0, new Uint8Array(MAX_RUN_BYTES))))
    await expect(queue.append('t', 1, Uint8Array.of(1))).rejects.toThrow(BusFullError)
    for (let i = 0; i < count; i++) {
      await turn()
      sender.sends[i]?.answer()
    }
    expect(await taken).toHaveLength(count)
    const after = queue.append('t', 1, Uint8Array.of(1))
    await turn()
    sender.sends.at(-1)?.answer()
    expect(await after).toBe(0)
  })

  it('that wait are sent before the bus is closed', async () => {
    const sender = createSender()
    const queue = new KafkaAppendQueue({ open: () => Promise.resolve(sender), clock: new ManualClock(), log })
    const append = queue.append('t', 0, Uint8Array.of(1))
    const closed = queue.close()
    await turn()
    expect(sender.isClosed).toBe(false)
    sender.sends[0]?.answer()
    expect(await append).toBe(0)
    await closed
    expect(sender.isClosed).toBe(true)
    await expect(queue.append('t', 0, Uint8Array.of(1))).rejects.toThrow(BusUnavailableError)
  })
})

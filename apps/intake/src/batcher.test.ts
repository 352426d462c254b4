import { BusFullError, BusUnavailableError, MAX_BUS_RECORD_BYTES, type Bus } from '@millrace/bus/bus'
import { topicsOf } from '@millrace/bus/topics'
import { decodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { rowsOf, tableOf } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { createFairWork } from '@millrace/fairness/fair-work'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { createBatcher, type BatcherOptions, MAX_PLACING_MS, MAX_TENANT_WAITING_BYTES, RecordTooLargeError } from './batcher.ts'
import { createIntakeMetrics } from './intake-metrics.ts'
import type { IntakeRequest } from './intake-request.ts'

const topics = topicsOf({ generation: 'g1', partitions: 4 })

/** A bus whose appends do what `append` says; the test keeps what was appended. */
function busThat(append: (attempt: number) => Promise<void>): { readonly bus: Bus; readonly records: Uint8Array[] } {
  const records: Uint8Array[] = []
  let attempts = 0
  const bus = {
    append: async (_topic: string, _partition: number, value: Uint8Array) => {
      await append(++attempts)
      return records.push(value) - 1
    },
  } as unknown as Bus
  return { bus, records }
}

const request = (n: number, values: ReadonlyMap<string, number | string> = new Map([['@n', n]]), tenantId = 't'): IntakeRequest => {
  const id = new Uint8Array(16).fill(n)
  return { tenantId, partition: 0, rows: 1, sourceBytes: 100, receivedMs: n, units: [{ id, part: 0, window: 'retry', firstRow: 0, rows: 1 }], tables: [{ kind: 'log', table: tableOf([{ timeOffset: n, values }]) }] }
}
const batcherOver = (bus: Bus, options: Pick<BatcherOptions, 'metrics'> = {}): ReturnType<typeof createBatcher> => createBatcher({ bus, topics, clock: systemClock, log: createLog('silent'), work: createFairWork({ clock: systemClock, maxWaiting: 100 }), ...options })

describe('the batcher', () => {
  it('puts requests that arrive together into one record, each with its own rows', async () => {
    const { bus, records } = busThat(() => Promise.resolve())
    const batcher = batcherOver(bus)
    await Promise.all([1, 2, 3].map(async (n) => await batcher.submit(request(n))))
    expect(records.length).toBe(1)
    const record = decodeBatchRecord(records[0]!)
    expect(record.requests.map(({ id, firstRow, rows }) => [id[0], firstRow, rows])).toEqual([[1, 0, 1], [2, 1, 1], [3, 2, 1]])
    expect(record.receivedMs).toBe(1)
    const rows = record.fragments.flatMap(({ bytes }) => rowsOf(decodeFragment(bytes)))
    expect(rows.map(({ values }) => values.get('@n')).sort()).toEqual([1, 2, 3])
  })

  it('never puts two tenants into one record', async () => {
    const { bus, records } = busThat(() => Promise.resolve())
    const batcher = batcherOver(bus)
    await Promise.all([batcher.submit(request(1)), batcher.submit(request(2, undefined, 'other'))])
    expect(records.map((record) => decodeBatchRecord(record).tenantId).sort()).toEqual(['other', 't'])
  })

  it('repeats an append of unknown outcome under the same ids', async () => {
    const { bus, records } = busThat((attempt) => (attempt < 3 ? Promise.reject(new BusUnavailableError('unknown')) : Promise.resolve()))
    await batcherOver(bus).submit(request(7))
    expect(decodeBatchRecord(records[0]!).requests[0]?.id[0]).toBe(7)
  })

  it('answers in time what waits behind records about which the bus is silent', async () => {
    // Each attempt is silent for four seconds, and all requests are in the lane before the first ends.
    const clock = new ManualClock()
    const { bus } = busThat(async () => {
      await clock.sleep(4_000)
      throw new BusUnavailableError('silent')
    })
    const batcher = createBatcher({ bus, topics, clock, log: createLog('silent'), work: createFairWork({ clock, maxWaiting: 100 }) })
    const answeredMs: number[] = []
    const submitted = Array.from({ length: 10 }, async (_, n) => {
      await expect(batcher.submit({ ...request(n), sourceBytes: 400_000 })).rejects.toThrow(BusUnavailableError) // one to a record
      answeredMs.push(clock.monotonicMs())
    })
    while (answeredMs.length < submitted.length) await clock.advance(1_000)
    await Promise.all(submitted)
    expect(Math.max(...answeredMs)).toBeLessThanOrEqual(MAX_PLACING_MS + 6_000)
  })

  it('tells every request of a record that the bus does not take it', async () => {
    const { bus } = busThat(() => Promise.reject(new BusFullError('full')))
    const batcher = batcherOver(bus)
    const results = await Promise.allSettled([batcher.submit(request(1)), batcher.submit(request(2))])
    expect(results.map((result) => result.status === 'rejected' && (result.reason as Error).name)).toEqual(['BusFullError', 'BusFullError'])
  })

  it('lets no more of a tenant in than its part of the room, but one request however large', () => {
    const batcher = batcherOver(busThat(() => Promise.resolve()).bus)
    const large = batcher.admit('t', MAX_TENANT_WAITING_BYTES * 3)
    expect(() => batcher.admit('t', 1)).toThrow(BusFullError)
    large[Symbol.dispose]()
    batcher.admit('t', 1)[Symbol.dispose]()
  })

  it('shows how many bytes wait', async () => {
    const registry = new Registry()
    const batcher = batcherOver(busThat(() => Promise.resolve()).bus, { metrics: createIntakeMetrics(registry) })
    const shown = async (): Promise<string | undefined> => /^millrace_intake_waiting_bytes (\d+)$/m.exec(await registry.metrics())?.[1]
    const first = batcher.admit('t', 100)
    const second = batcher.admit('other', 20)
    expect(await shown()).toBe('120')
    first[Symbol.dispose]()
    expect(await shown()).toBe('20')
    second[Symbol.dispose]()
    expect(await shown()).toBe('0')
  })

  it('lets others in while one tenant waits with all that it may have, until the room is full', () => {
    const batcher = batcherOver(busThat(() => Promise.resolve()).bus)
    const noisy = batcher.admit('noisy', MAX_TENANT_WAITING_BYTES * 3)
    const quiet = batcher.admit('quiet', MAX_TENANT_WAITING_BYTES - 1)
    expect(() => batcher.admit('third', 2)).toThrow(BusFullError)
    noisy[Symbol.dispose]()
    batcher.admit('third', 2)[Symbol.dispose]()
    quiet[Symbol.dispose]()
  })

  it('halves a record that would be too large, and refuses a request that is so alone', async () => {
    const { bus, records } = busThat(() => Promise.resolve())
    const batcher = batcherOver(bus)
    // Random letters do not compress.
    const letters = (bytes: number): string => Buffer.from(Uint8Array.from({ length: bytes }, () => 97 + Math.floor(Math.random() * 26))).toString('latin1')
    await Promise.all([1, 2, 3].map(async (n) => await batcher.submit(request(n, new Map([['@noise', letters(600_000)]])))))
    expect(records.length).toBeGreaterThan(1)
    for (const record of records) expect(record.length).toBeLessThan(MAX_BUS_RECORD_BYTES)
    await expect(batcher.submit(request(4, new Map([['@noise', letters(3_000_000)]])))).rejects.toThrow(RecordTooLargeError)
  })
})

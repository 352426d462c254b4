import { BusUnavailableError, type BusRecord } from '@millrace/bus/bus'
import { FencedError } from '@millrace/catalog/catalog'
import { NS_PER_DAY } from '@millrace/event/event'
import { encodeBatchRecord, withSourceOffset } from '@millrace/fragment/batch-record-codec'
import { buildPack, type BuiltPack, type PackOrder } from '@millrace/fragment/build-pack'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { openSystemWorkers } from '@millrace/runtime/system-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { defineJob } from '@millrace/runtime/workers'
import { createFlushBuffer, type Flush } from './flush-buffer.ts'
import { createKnownRequests } from './known-requests.ts'

const DAY_NS = NS_PER_DAY * 20_000n
/** Waits pass at once. */
const clock = { ...systemClock, sleep: async () => undefined }
const signal = new AbortController().signal

/** A routed record of one event, `n`; its request has the id of `requestId`. */
function routed(n: number, requestId = n): BusRecord {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, requestId)
  const bytes = encodeFragment(tableOf([{ timeOffset: n, values: new Map([['@n', n]]) }], { dayNs: DAY_NS }))
  const value = encodeBatchRecord({
    tenantId: 't', receivedMs: 1_000, sourceOffset: n, requests: [{ id, part: 0, firstRow: 0, rows: 1, window: 'keyed' }], fragments: [{ kind: 'log', dayNs: DAY_NS, rows: 1, bytes }],
  })
  return { offset: n, value, appendedMs: 0 }
}

function numberOf(order: PackOrder['inputs'][number]): number {
  return Number(rowsOf(decodeFragment(order.bytes))[0]?.values.get('@n'))
}

/** A build that fails on these events. */
function poisonedBy(numbers: readonly number[], failure = (): Error => new Error('must hold')): (order: PackOrder) => Promise<BuiltPack> {
  return async (order) => {
    if (order.inputs.some((input) => numbers.includes(numberOf(input)))) throw failure()
    return buildPack(order)
  }
}

function bufferOf(records: readonly BusRecord[], known = createKnownRequests()): ReturnType<typeof createFlushBuffer> {
  const buffer = createFlushBuffer('g1/0', known)
  for (const record of records) expect(buffer.add(record, record.offset)).toBe('taken')
  return buffer
}

const events = ({ bytes, directory }: Flush): readonly unknown[] => directory.flatMap(({ start, end }) => rowsOf(decodeFragment(bytes.subarray(start, end))).map(({ values }) => values.get('@n'))).sort((a, b) => Number(a) - Number(b))
const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

describe('a flush', () => {
  it('leaves out the records that no attempt can build, with their bytes and the reason, and stores all others', async () => {
    const records = numbers(9).map((n) => routed(n))
    const flush = await bufferOf(records).finish({ build: poisonedBy([0, 5, 6]), clock, signal })
    expect(events(flush)).toEqual([1, 2, 3, 4, 7, 8])
    expect(flush.leftOut.map(({ offset }) => offset)).toEqual([0, 5, 6])
    expect(flush.leftOut[1]?.value).toEqual(records[5]?.value)
    expect(flush.leftOut[1]?.reason).toContain('must hold')
    expect(flush.requests.length).toBe(6)
  })

  it('stores everything when a build fails once, or only together', async () => {
    let isFirst = true
    const flaky = await bufferOf(numbers(4).map((n) => routed(n))).finish({
      clock, signal, build: async (order) => {
        if (!isFirst) return buildPack(order)
        isFirst = false
        throw new Error('a thread died')
      },
    })
    expect([events(flaky), flaky.leftOut, flaky.directory.length]).toEqual([numbers(4), [], 1])
    const crowded = await bufferOf(numbers(7).map((n) => routed(n))).finish({
      clock, signal, build: async (order) => {
        if (order.inputs.length > 2) throw new Error('out of memory')
        return buildPack(order)
      },
    })
    expect([events(crowded), crowded.leftOut]).toEqual([numbers(7), []])
  })

  it('blames no record for an engine, a lost claim, a stop or workers that build nothing', async () => {
    for (const failure of [new BusUnavailableError('down'), new FencedError('claimed'), new DOMException('stopped', 'AbortError')]) {
      await expect(bufferOf([routed(0), routed(1)]).finish({ build: poisonedBy([0], () => failure), clock, signal })).rejects.toBe(failure)
    }
    await expect(bufferOf([routed(0)]).finish({ build: poisonedBy([0]), clock, signal: AbortSignal.abort() })).rejects.toThrow('must hold')
    const closed = async (): Promise<never> => {
      throw new Error('the workers are closed')
    }
    await expect(bufferOf([routed(0), routed(1)]).finish({ build: closed, clock, signal })).rejects.toThrow('the workers are closed')
  })

  it('finds the record that a worker thread dies of', async () => {
    await using workers = openSystemWorkers({ threads: 1 })
    const builder = import.meta.resolve('@millrace/fragment/build-pack')
    const poison = routed(3)
    const module = `data:text/javascript,${encodeURIComponent(`
      import { buildPack as build } from ${JSON.stringify(builder)}
      export function buildPack(order) {
        if (order.inputs.some(({ origin }) => origin.offset === 3)) process.exit(9)
        return build(order)
      }`)}`
    const job = defineJob<PackOrder, BuiltPack>(module, 'buildPack')
    const flush = await bufferOf([routed(2), poison, routed(4)]).finish({ build: async (order) => await workers.run(job, order), clock, signal })
    expect(events(flush)).toEqual([2, 4])
    expect(flush.leftOut.map(({ offset }) => offset)).toEqual([3])
  })

  it('stores a retry of what it leaves out, in the same flush and later', async () => {
    const known = createKnownRequests()
    const flush = await bufferOf([routed(1, 7), routed(2, 7), routed(3, 7)], known).finish({ build: poisonedBy([1]), clock, signal })
    expect(events(flush)).toEqual([2])
    const alone = await bufferOf([routed(4, 8)], known).finish({ build: poisonedBy([4]), clock, signal })
    expect([alone.bytes.length, alone.requests, alone.leftOut.length]).toEqual([0, [], 1])
    expect(events(await bufferOf([routed(5, 8)], known).finish({ build: buildWell, clock, signal }))).toEqual([5])
  })

  it('tells a damaged record by the source offset it claims', () => {
    const buffer = createFlushBuffer('g1/0', createKnownRequests())
    const damaged = new Uint8Array(routed(4).value)
    damaged[damaged.length - 1]! ^= 1
    const add = (value: Uint8Array, expected: number): unknown => buffer.add({ offset: 0, value, appendedMs: 0 }, expected)
    expect(add(damaged, 4)).toEqual({ damaged: expect.stringMatching(/checksum/) as unknown })
    expect([add(damaged, 5), add(damaged, 3), add(withSourceOffset(damaged, NaN), 4), add(damaged.subarray(0, 5), 4)]).toEqual(['replay', 'ahead', 'unstamped', 'unstamped'])
    expect(add(routed(4).value, 4)).toBe('taken')
  })
})

async function buildWell(order: PackOrder): Promise<BuiltPack> {
  return buildPack(order)
}

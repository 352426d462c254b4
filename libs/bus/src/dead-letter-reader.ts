import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import { BusUnavailableError, OffsetTrimmedError, type Assignment, type Bus, type BusRecord } from './bus.ts'

/** Offsets `[from, to)` of one partition. All of them must be in the log, but may be trimmed at any moment. */
export interface OffsetRange {
  readonly partition: number
  readonly from: number
  readonly to: number
}

/** Where records are read, and what that takes. */
export interface RangeReading {
  readonly bus: Bus
  readonly topic: string
  readonly clock: Clock
  readonly random: Random
  /** Gives the reading up. */
  readonly signal: AbortSignal
}

/**
 * Hands over the records of some ranges, each partition's in offset order and each once, and ends. The bus only has consumers that go on for ever, so this is one of
 * a group that nobody else is in, which stops at the ends that were read before. What was trimmed meanwhile is passed over.
 *
 * @param take nothing is read ahead of it but what the bus does.
 * @throws {BusUnavailableError} not read within {@link READ_TIMEOUT_MS}, or the signal aborted. @throws what `take` throws.
 */
export async function readRanges({ bus, topic, clock, random, signal }: RangeReading, ranges: readonly OffsetRange[], take: (partition: number, record: BusRecord) => Promise<void> | void): Promise<void> {
  const left = byPartition(ranges)
  if (left.size === 0) return
  const stop = new AbortController()
  const deadline = clock.sleep(READ_TIMEOUT_MS, stop.signal).then(() => {
    stop.abort()
  })
  const read = async (assignment: Assignment): Promise<void> => {
    const own = left.get(assignment.partition)
    if (own === undefined) return
    // A partition that is taken away and given back goes on where it was.
    for (let [range] = own; range !== undefined; [range] = own) {
      await readRange(assignment, range, async (record) => {
        own[0] = { partition: assignment.partition, from: record.offset + 1, to: range?.to ?? 0 }
        await take(assignment.partition, record)
      })
      const [rest] = own
      if (assignment.signal.aborted && rest !== undefined && rest.from < rest.to) return
      own.shift()
    }
    left.delete(assignment.partition)
    if (left.size === 0) stop.abort()
  }
  try {
    await bus.consume({ topic, group: `dead-letters-${random.text(12)}`, signal: AbortSignal.any([signal, stop.signal]) }, read)
  } finally {
    stop.abort()
    await deadline
  }
  if (left.size > 0) throw new BusUnavailableError('the dead letters were not read in time')
}

/** Neighbours are read as one. */
function byPartition(ranges: readonly OffsetRange[]): Map<number, OffsetRange[]> {
  const partitions = new Map<number, OffsetRange[]>()
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    if (range.from >= range.to) continue
    const own = partitions.get(range.partition) ?? []
    partitions.set(range.partition, own)
    const last = own.at(-1)
    if (last !== undefined && range.from <= last.to) own[own.length - 1] = { ...last, to: Math.max(last.to, range.to) }
    else own.push(range)
  }
  return partitions
}

/** Joining a consumer group takes Kafka some seconds; clients of HTTP wait half a minute. */
export const READ_TIMEOUT_MS = 20_000

async function readRange({ read, signal }: Assignment, { from, to }: OffsetRange, take: (record: BusRecord) => Promise<void>): Promise<void> {
  if (from >= to) return
  try {
    for await (const group of read(from)) {
      for (const record of group) {
        if (record.offset >= to || signal.aborted) return
        await take(record)
        if (record.offset === to - 1) return
      }
    }
  } catch (error) {
    if (!(error instanceof OffsetTrimmedError)) throw error // discarded since its range was looked up
  }
}

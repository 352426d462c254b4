import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'
import type { Disk } from '@millrace/runtime/disk'
import { BusCorruptError, BusFullError, BusUnavailableError, MAX_BUS_RECORD_BYTES, OffsetTrimmedError, TopicConflictError, type Assignment, type Bus, type BusRecord, type ConsumeOptions } from './bus.ts'
import { Fifo } from './fifo.ts'
import { PartitionLog } from './partition-log.ts'
import { RecentBytes } from './recent-bytes.ts'
import { createSegment, openSegments, recoverSegment, type Segment } from './segment-files.ts'
import { decodeLogRecord, encodeLogRecords, readLogRecord } from './segment-format.ts'

export interface EmbeddedBusOptions {
  /** Folder of the segment files; created when missing. One process at a time. */
  readonly root: string
  readonly disk: Disk
  readonly clock: Clock
  /** Bytes of segment files beyond which appends are refused. */
  readonly maxDiskBytes?: number
  /** A segment is the unit of removal and is read whole at the start. */
  readonly segmentBytes?: number
  /** Told how many bytes of an unacknowledged tail were cut at the start. */
  readonly onTornTail?: (bytes: number) => void
}

/**
 * Keeps all partitions in one sequence of segment files, so that one fdatasync acknowledges every append that waits (ADR 2).
 * After a failed write or sync nothing more is appended: what the file holds is unknown until it is opened and checked again. Only a full disk is
 * survived, because what was written in part can be taken back.
 */
export async function openEmbeddedBus(options: EmbeddedBusOptions): Promise<Bus> {
  const { disk, root } = options
  const logs = new Map<string, PartitionLog>()
  await disk.makeDirectory(root)
  const segments = await openSegments(disk, root)
  try {
    for (const segment of segments) {
      const cut = await recoverSegment(segment, segment === segments.at(-1), (record, position, bytes) => {
        const name = logName(record.topic, record.partition)
        const log = logs.get(name) ?? new PartitionLog(record.topic, record.partition, record.offset)
        logs.set(name, log)
        if (record.offset !== log.endOffset) throw new BusCorruptError(`${name} goes on at offset ${record.offset} instead of ${log.endOffset} in ${segment.path}`)
        if (record.value.length > 0) log.add({ segment: segment.number, position, bytes })
      })
      if (cut > 0) options.onTornTail?.(cut)
    }
  } catch (error) {
    for (const segment of segments) await segment.file.close()
    throw error
  }
  return new EmbeddedBus(options, segments, logs)
}

/** Enough for hours of a full core; an operator with more disk gives more. */
const DEFAULT_MAX_DISK_BYTES = 20 * 1024 ** 3
const DEFAULT_SEGMENT_BYTES = 64 * 1024 * 1024
/** Appends that may wait for a sync, those on their way included; beyond it the producer is too fast for the disk. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024
/** One write and sync. More would only make the first of its appends wait for the last. */
const MAX_WRITE_BYTES = 8 * 1024 * 1024
/** The newest bytes kept for readers at the end of the log. */
const MAX_RECENT_BYTES = 16 * 1024 * 1024
/** One group of records for a reader; at least one record whatever its size. */
const MAX_GROUP_BYTES = 2 * 1024 * 1024
/** Zeros written ahead: a sync inside them changes no metadata, which saves a third of an append's CPU. */
const ZEROS = Buffer.alloc(1024 * 1024)
/** Larger writes are not the ones that metadata makes slow, and would write their bytes twice. */
const MAX_PREALLOCATED_WRITE_BYTES = 64 * 1024

interface PendingAppend {
  readonly log: PartitionLog
  readonly offset: number
  readonly value: Uint8Array
  readonly resolve: (offset: number) => void
  readonly reject: (error: Error) => void
}

class EmbeddedBus implements Bus {
  readonly #options: EmbeddedBusOptions
  readonly #segments: Segment[]
  readonly #logs: Map<string, PartitionLog>
  readonly #recent = new RecentBytes(MAX_RECENT_BYTES)
  readonly #pending = new Fifo<PendingAppend>()
  /** Of appends that are not settled. */
  #unsettledBytes = 0
  #segmentBytes: number
  #flushing: Promise<void> | undefined
  /** Ends when nothing is writing. */
  #turn: Promise<unknown> = Promise.resolve()
  #trimming: Promise<unknown> = Promise.resolve()
  #failure: BusUnavailableError | undefined
  readonly #closing = new AbortController()

  constructor(options: EmbeddedBusOptions, segments: Segment[], logs: Map<string, PartitionLog>) {
    this.#options = options
    this.#segments = segments
    this.#logs = logs
    this.#segmentBytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  async createTopic(topic: string, { partitions }: { readonly partitions: number }): Promise<void> {
    assert(/^[a-z0-9-]{1,100}$/.test(topic) && partitions > 0, 'a topic has a name of a-z, 0-9 and -, and at least one partition')
    if (this.#closing.signal.aborted) throw new BusUnavailableError('the bus is closed')
    await this.#exclusively(async () => {
      const existing = [...this.#logs.values()].filter((log) => log.topic === topic).length
      if (existing > 0 && existing !== partitions) throw new TopicConflictError(`topic ${topic} has ${existing} partitions, not ${partitions}`)
      if (existing > 0) return
      const added = Array.from({ length: partitions }, (_, partition) => new PartitionLog(topic, partition))
      await this.#startSegment([...this.#logs.values(), ...added]) // its marks make the topic durable
      for (const log of added) this.#logs.set(logName(topic, log.partition), log)
    })
  }

  append(topic: string, partition: number, value: Uint8Array): Promise<number> {
    assert(value.length > 0 && value.length <= MAX_BUS_RECORD_BYTES, 'a record has 1 to MAX_BUS_RECORD_BYTES bytes')
    const log = this.#log(topic, partition)
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#closing.signal.aborted) return Promise.reject(new BusUnavailableError('the bus is closed'))
    if (this.#unsettledBytes + value.length > MAX_PENDING_BYTES) return Promise.reject(new BusFullError('too many bytes wait for the disk'))
    if (this.#segmentBytes + this.#unsettledBytes + value.length > (this.#options.maxDiskBytes ?? DEFAULT_MAX_DISK_BYTES)) return Promise.reject(new BusFullError('the disk budget is used up'))
    return new Promise((resolve, reject) => {
      this.#pending.push({ log, offset: log.nextOffset++, value, resolve, reject })
      this.#unsettledBytes += value.length
      this.#flushing ??= this.#flush()
    })
  }

  async endOffset(topic: string, partition: number): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure
    return this.#log(topic, partition).endOffset
  }

  async startOffset(topic: string, partition: number): Promise<number> {
    return this.#log(topic, partition).startOffset
  }

  /** The one process is the one member of every group: it is assigned every partition until the end. */
  async consume({ topic, signal }: ConsumeOptions, work: (assignment: Assignment) => Promise<void>): Promise<void> {
    const failed = new AbortController()
    const ending = AbortSignal.any([signal, failed.signal, this.#closing.signal])
    const logs = [...this.#logs.values()].filter((log) => log.topic === topic)
    assert(logs.length > 0, `topic ${topic} exists`)
    const results = await Promise.allSettled(
      logs.map(async (log) => {
        try {
          await work({ partition: log.partition, signal: ending, read: (offset) => this.#read(log, offset, ending) })
        } catch (error) {
          failed.abort()
          throw error
        }
      }),
    )
    const failure = results.find((result) => result.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  }

  async trim(topic: string, partition: number, offset: number): Promise<void> {
    if (this.#closing.signal.aborted) throw new BusUnavailableError('the bus is closed')
    this.#log(topic, partition).trim(offset)
    const trimming = this.#trimming.then(() => this.#removeUnneeded())
    this.#trimming = trimming.catch(() => undefined)
    await trimming
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#flushing
    await this.#trimming
    await this.#turn
    for (const segment of this.#segments) await segment.file.close()
  }

  /** Writes and syncs whatever has gathered, again and again until nothing waits: the group commit. */
  async #flush(): Promise<void> {
    await Promise.resolve() // lets appends of the same turn join the group
    while (this.#pending.length > 0) {
      const group: PendingAppend[] = []
      for (let bytes = 0, next = this.#pending.at(0); next !== undefined && (bytes === 0 || bytes + next.value.length <= MAX_WRITE_BYTES); next = this.#pending.at(0)) {
        group.push(next)
        bytes += next.value.length
        this.#pending.shift()
      }
      try {
        await this.#exclusively(() => this.#writeGroup(group))
        for (const { offset, value, resolve } of group) {
          this.#unsettledBytes -= value.length
          resolve(offset)
        }
        for (const log of new Set(group.map((append) => append.log))) log.wake()
      } catch (error) {
        assert(error instanceof Error)
        this.#rejectAll(group, error)
      }
    }
    this.#flushing = undefined
  }

  /** What waits behind a failed append has an offset that it can no longer get. */
  #rejectAll(group: PendingAppend[], error: Error): void {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) group.push(next)
    for (const log of this.#logs.values()) log.nextOffset = log.endOffset
    this.#unsettledBytes = 0
    for (const { reject } of group) reject(error)
  }

  async #writeGroup(group: readonly PendingAppend[]): Promise<void> {
    let segment = this.#segments.at(-1)
    const segmentBytes = this.#options.segmentBytes ?? DEFAULT_SEGMENT_BYTES
    if (segment === undefined || segment.bytes >= segmentBytes) segment = await this.#startSegment([...this.#logs.values()])
    const { number, bytes: start, file } = segment
    const appendedMs = this.#options.clock.nowMs()
    const { bytes, ends } = encodeLogRecords(group.map(({ log, offset, value }) => ({ topic: log.topic, partition: log.partition, offset, appendedMs, durableBefore: start, value })))
    const grows = start + bytes.length > segment.allocatedBytes
    const parts = grows && bytes.length <= MAX_PREALLOCATED_WRITE_BYTES ? [bytes, ZEROS.subarray(0, Math.max(0, segmentBytes - start - bytes.length))] : [bytes]
    await file.write(parts, start)
    await file.dataSync()
    segment.bytes += bytes.length
    if (grows) segment.allocatedBytes = start + parts.reduce((sum, part) => sum + part.length, 0)
    this.#segmentBytes += bytes.length
    this.#recent.add(number, start, bytes)
    let position = 0
    group.forEach(({ log }, index) => {
      const end = ends[index] ?? bytes.length
      log.add({ segment: number, position: start + position, bytes: end - position })
      position = end
    })
  }

  /** A new segment begins with a mark for every partition. */
  async #startSegment(logs: readonly PartitionLog[]): Promise<Segment> {
    const { disk, root, clock } = this.#options
    const appendedMs = clock.nowMs()
    const marks = (durableBefore: number): Buffer =>
      encodeLogRecords(logs.map((log) => ({ topic: log.topic, partition: log.partition, offset: log.endOffset, appendedMs, durableBefore, value: new Uint8Array() }))).bytes
    // Marks are durable before the segment has a name, which they say of themselves.
    const segment = await createSegment(disk, root, (this.#segments.at(-1)?.number ?? 0) + 1, marks(marks(0).length))
    this.#segments.push(segment)
    this.#segmentBytes += segment.bytes
    return segment
  }

  /** One writer at a time: marks must not be written while a group is on its way. @throws {BusFullError} @throws {BusUnavailableError} */
  async #exclusively(write: () => Promise<void>): Promise<void> {
    const writing = this.#turn.then(async () => {
      if (this.#failure !== undefined) throw this.#failure
      try {
        await write()
      } catch (cause) {
        if (cause instanceof TopicConflictError) throw cause
        if (await this.#takeBack(cause)) throw new BusFullError('the disk is full', { cause })
        this.#failure = new BusUnavailableError('a write to the log failed; it must be opened again', { cause })
        throw this.#failure
      }
    })
    this.#turn = writing.catch(() => undefined)
    await writing
  }

  /** After a write that found the disk full: cuts what it left. True when the log is as it was before. */
  async #takeBack(cause: unknown): Promise<boolean> {
    const segment = this.#segments.at(-1)
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') || segment === undefined) return false
    try {
      await segment.file.truncate(segment.bytes)
      await segment.file.dataSync()
      segment.allocatedBytes = segment.bytes
      return true
    } catch {
      return false // the caller reports the failure that led here
    }
  }

  /**
   * Removes the oldest segments that hold nothing more, one after the other: a later one must not vanish before an earlier one, or a segment
   * would seem to be missing.
   */
  async #removeUnneeded(): Promise<void> {
    const { disk, root } = this.#options
    for (let oldest = this.#segments[0]; oldest !== undefined && this.#segments.length > 1 && !this.#isNeeded(oldest); oldest = this.#segments[0]) {
      try {
        await disk.remove(oldest.path)
        await disk.syncDirectory(root)
        this.#segments.shift()
        this.#segmentBytes -= oldest.bytes
        await oldest.file.close()
      } catch (cause) {
        throw new BusUnavailableError('a segment could not be removed', { cause })
      }
    }
  }

  #isNeeded({ number }: Segment): boolean {
    for (const log of this.#logs.values()) if ((log.oldestSegment ?? Infinity) <= number) return true
    return false
  }

  async *#read(log: PartitionLog, from: number, signal: AbortSignal): AsyncGenerator<readonly BusRecord[]> {
    let offset = from
    while (!signal.aborted) {
      if (offset < log.startOffset) throw new OffsetTrimmedError(`${logName(log.topic, log.partition)} begins at ${log.startOffset}, above ${offset}`)
      const group = this.#recentRecords(log, offset)
      if (group.length === 0 && offset < log.endOffset) group.push(...(await this.#storedRecords(log, offset, signal)))
      offset += group.length
      if (group.length > 0) yield group
      else await log.waitFor(offset, signal)
    }
  }

  /** Records from `offset` on that are still in memory. */
  #recentRecords(log: PartitionLog, offset: number): BusRecord[] {
    const group: BusRecord[] = []
    let bytes = 0
    for (let place = log.place(offset); place !== undefined && bytes < MAX_GROUP_BYTES; place = log.place(offset + group.length)) {
      const found = this.#recent.find(place.segment, place.position, place.bytes)
      if (found === undefined) break
      const { value, appendedMs } = readLogRecord(found, 0)
      group.push({ offset: offset + group.length, value, appendedMs })
      bytes += place.bytes
    }
    return group
  }

  /** Records from `offset` on as they stand in the file: as many as one read gives without much of other partitions between them. None when they were trimmed meanwhile. */
  async #storedRecords(log: PartitionLog, offset: number, signal: AbortSignal): Promise<readonly BusRecord[]> {
    const places = []
    const first = log.place(offset)
    let own = 0
    for (let place = first; place !== undefined && first !== undefined && place.segment === first.segment; place = log.place(offset + places.length)) {
      own += place.bytes
      const span = place.position + place.bytes - first.position
      if (places.length > 0 && (span > MAX_GROUP_BYTES || span > own * 2)) break
      places.push(place)
    }
    const last = places.at(-1)
    const segment = this.#segments.find(({ number }) => number === first?.segment)
    if (first === undefined || last === undefined || segment === undefined) return []
    const bytes = Buffer.allocUnsafeSlow(last.position + last.bytes - first.position)
    try {
      await segment.file.read(bytes, first.position)
    } catch (cause) {
      if (signal.aborted || !this.#segments.includes(segment)) return []
      throw new BusUnavailableError(`${segment.path} cannot be read`, { cause })
    }
    return places.map((place, index) => recordIn(bytes, place.position - first.position, offset + index, place.segment))
  }

  #log(topic: string, partition: number): PartitionLog {
    const log = this.#logs.get(logName(topic, partition))
    assert(log !== undefined, `topic ${topic} has a partition ${partition}`)
    return log
  }
}

/** @throws {BusCorruptError} the bytes of a file are not what was written. */
function recordIn(bytes: Buffer, position: number, offset: number, segment: number): BusRecord {
  const found = decodeLogRecord(bytes, position)
  if (found?.record.offset !== offset) throw new BusCorruptError(`segment ${segment} is damaged at the record of offset ${offset}`)
  return { offset, value: found.record.value, appendedMs: found.record.appendedMs }
}

function logName(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'
import type { Disk } from '@millrace/runtime/disk'
import type { Failpoints } from '@millrace/runtime/failpoints'
import {
  BusCorruptError, BusFullError, BusUnavailableError, MAX_BUS_RECORD_BYTES, OffsetTrimmedError, TopicConflictError,
  type Assignment, type Bus, type BusRecord, type ConsumeOptions,
} from './bus.ts'
import { PartitionLog } from './partition-log.ts'
import { decodeLogRecord, encodeLogRecord } from './segment-format.ts'
import { openSegments, recoverSegment, segmentPath, type Segment } from './segment-recovery.ts'

export interface EmbeddedBusOptions {
  /** Folder of the segment files; created when missing. One process at a time. */
  readonly root: string
  readonly disk: Disk
  readonly clock: Clock
  readonly failpoints: Failpoints
  /** Bytes of segment files beyond which appends are refused. */
  readonly maxDiskBytes?: number
  /** Told how many bytes of an unacknowledged tail were cut at the start. */
  readonly onTornTail?: (bytes: number) => void
}

/**
 * Keeps all partitions in one sequence of segment files, so that one fdatasync acknowledges every append that waits (ADR 2).
 * After a failed write or sync nothing more is appended: what the file holds is unknown until it is opened and checked again.
 */
export async function openEmbeddedBus(options: EmbeddedBusOptions): Promise<Bus> {
  const { disk, root } = options
  await disk.makeDirectory(root)
  const logs = new Map<string, PartitionLog>()
  const segments = await openSegments(disk, root)
  try {
    for (const segment of segments) {
      const cut = await recoverSegment(segment, segment === segments.at(-1), (record, position, bytes) => {
        const name = logName(record.topic, record.partition)
        let log = logs.get(name)
        if (log === undefined) {
          log = new PartitionLog(record.topic, record.partition)
          log.startAt(record.offset)
          logs.set(name, log)
        }
        if (record.offset !== log.endOffset) throw new BusCorruptError(`${name} goes on at offset ${record.offset} instead of ${log.endOffset} in ${segment.path}`)
        if (record.value.length > 0) log.add({ segment: segment.number, position, bytes, appendedMs: record.appendedMs, value: undefined })
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
/** A segment is the unit of removal and is read whole at the start. */
const SEGMENT_BYTES = 64 * 1024 * 1024
/** Appends that may wait for a sync, together; beyond it the producer is too fast for the disk. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024
/** Values kept for readers at the end of the log. */
const MAX_CACHED_BYTES = 64 * 1024 * 1024
/** One group of records for a reader; at least one record whatever its size. */
const MAX_GROUP_BYTES = 2 * 1024 * 1024

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
  readonly #cached: { readonly log: PartitionLog; readonly offset: number; readonly bytes: number }[] = []
  #cachedBytes = 0
  #pending: PendingAppend[] = []
  #pendingBytes = 0
  #flushing: Promise<void> | undefined
  #failure: BusUnavailableError | undefined
  readonly #closing = new AbortController()

  constructor(options: EmbeddedBusOptions, segments: Segment[], logs: Map<string, PartitionLog>) {
    this.#options = options
    this.#segments = segments
    this.#logs = logs
  }

  async createTopic(topic: string, { partitions }: { readonly partitions: number }): Promise<void> {
    assert(/^[a-z0-9-]{1,100}$/.test(topic) && partitions > 0, 'a topic has a name of a-z, 0-9 and -, and at least one partition')
    const existing = [...this.#logs.values()].filter((log) => log.topic === topic).length
    if (existing === partitions) return
    if (existing > 0) throw new TopicConflictError(`topic ${topic} has ${existing} partitions, not ${partitions}`)
    for (let partition = 0; partition < partitions; partition++) this.#logs.set(logName(topic, partition), new PartitionLog(topic, partition))
    await this.#startSegment() // its marks make the topic durable
  }

  append(topic: string, partition: number, value: Uint8Array): Promise<number> {
    assert(value.length > 0 && value.length <= MAX_BUS_RECORD_BYTES, 'a record has 1 to MAX_BUS_RECORD_BYTES bytes')
    const log = this.#log(topic, partition)
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#closing.signal.aborted) return Promise.reject(new BusUnavailableError('the bus is closed'))
    if (this.#pendingBytes + value.length > MAX_PENDING_BYTES) return Promise.reject(new BusFullError('too many bytes wait for the disk'))
    const diskBytes = this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
    if (diskBytes + this.#pendingBytes + value.length > (this.#options.maxDiskBytes ?? DEFAULT_MAX_DISK_BYTES)) return Promise.reject(new BusFullError('the disk budget is used up'))
    return new Promise((resolve, reject) => {
      this.#pending.push({ log, offset: log.nextOffset++, value, resolve, reject })
      this.#pendingBytes += value.length
      this.#flushing ??= this.#flush()
    })
  }

  endOffset(topic: string, partition: number): Promise<number> {
    return Promise.resolve(this.#log(topic, partition).endOffset)
  }

  startOffset(topic: string, partition: number): Promise<number> {
    return Promise.resolve(this.#log(topic, partition).startOffset)
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
    this.#log(topic, partition).trim(offset)
    while (this.#segments.length > 1) {
      const [oldest] = this.#segments
      if (oldest === undefined || this.#isNeeded(oldest)) return
      this.#segments.shift()
      await oldest.file.close()
      await this.#options.disk.remove(oldest.path)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#flushing
    for (const segment of this.#segments) await segment.file.close()
  }

  /** Writes and syncs whatever has gathered, again and again until nothing waits: the group commit. */
  async #flush(): Promise<void> {
    await Promise.resolve() // lets appends of the same turn join the group
    while (this.#pending.length > 0) {
      const group = this.#pending
      this.#pending = []
      this.#pendingBytes = 0
      try {
        await this.#writeGroup(group)
      } catch (cause) {
        this.#failure = new BusUnavailableError('a write to the log failed; it must be opened again', { cause })
        for (const append of [...group, ...this.#pending]) append.reject(this.#failure)
        this.#pending = []
      }
    }
    this.#flushing = undefined
  }

  async #writeGroup(group: readonly PendingAppend[]): Promise<void> {
    let segment = this.#segments.at(-1)
    if (segment === undefined || segment.bytes >= SEGMENT_BYTES) segment = await this.#startSegment()
    const start = segment.bytes
    const appendedMs = this.#options.clock.nowMs()
    const parts = group.map(({ log, offset, value }) => encodeLogRecord({ topic: log.topic, partition: log.partition, offset, appendedMs, durableBefore: start, value }))
    await segment.file.write(parts, start)
    await segment.file.dataSync()
    this.#options.failpoints.hit('after-append')
    group.forEach(({ log, offset, value, resolve }, index) => {
      const bytes = parts[index]?.length ?? 0
      // A copy: the caller may use its buffer again once the promise resolves.
      log.add({ segment: segment.number, position: segment.bytes, bytes, appendedMs, value: new Uint8Array(value) })
      segment.bytes += bytes
      this.#cache(log, offset, bytes)
      resolve(offset)
    })
    for (const log of new Set(group.map((append) => append.log))) log.wake()
  }

  /** A new segment begins with a mark for every partition; its name is durable before anything in it is acknowledged. */
  async #startSegment(): Promise<Segment> {
    const { disk, root, clock } = this.#options
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    const path = segmentPath(root, number)
    const segment: Segment = { number, path, file: await disk.open(path, { create: true }), bytes: 0 }
    const marks = [...this.#logs.values()].map((log) => encodeLogRecord({ topic: log.topic, partition: log.partition, offset: log.endOffset, appendedMs: clock.nowMs(), durableBefore: 0, value: new Uint8Array() }))
    await segment.file.write(marks, 0)
    await segment.file.dataSync()
    await disk.syncDirectory(root)
    segment.bytes = marks.reduce((sum, mark) => sum + mark.length, 0)
    this.#segments.push(segment)
    return segment
  }

  async *#read(log: PartitionLog, from: number, signal: AbortSignal): AsyncGenerator<readonly BusRecord[]> {
    let offset = from
    while (!signal.aborted) {
      if (offset < log.startOffset) throw new OffsetTrimmedError(`${logName(log.topic, log.partition)} begins at ${log.startOffset}, above ${offset}`)
      const group: BusRecord[] = []
      let bytes = 0
      while (offset < log.endOffset && (group.length === 0 || bytes < MAX_GROUP_BYTES)) {
        const record = await this.#record(log, offset)
        if (record === undefined) break // trimmed while it was read
        group.push(record)
        bytes += record.value.length
        offset++
      }
      if (group.length > 0) yield group
      else await log.waitFor(offset, signal)
    }
  }

  async #record(log: PartitionLog, offset: number): Promise<BusRecord | undefined> {
    const place = log.place(offset)
    if (place === undefined) return undefined
    if (place.value !== undefined) return { offset, value: place.value, appendedMs: place.appendedMs }
    const segment = this.#segments.find((candidate) => candidate.number === place.segment)
    if (segment === undefined) return undefined
    const bytes = Buffer.alloc(place.bytes)
    await segment.file.read(bytes, place.position)
    const found = decodeLogRecord(bytes, 0)
    if (found?.record.offset !== offset) throw new BusCorruptError(`${segment.path} is damaged at byte ${place.position}`)
    return { offset, value: found.record.value, appendedMs: place.appendedMs }
  }

  #cache(log: PartitionLog, offset: number, bytes: number): void {
    this.#cached.push({ log, offset, bytes })
    this.#cachedBytes += bytes
    while (this.#cachedBytes > MAX_CACHED_BYTES) {
      const oldest = this.#cached.shift()
      if (oldest === undefined) return
      this.#cachedBytes -= oldest.bytes
      const place = oldest.log.place(oldest.offset)
      if (place !== undefined) place.value = undefined
    }
  }

  #isNeeded(segment: Segment): boolean {
    for (const log of this.#logs.values()) if (log.startOffset < log.endOffset && log.place(log.startOffset)?.segment === segment.number) return true
    return false
  }

  #log(topic: string, partition: number): PartitionLog {
    const log = this.#logs.get(logName(topic, partition))
    assert(log !== undefined, `topic ${topic} has a partition ${partition}`)
    return log
  }
}

function logName(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

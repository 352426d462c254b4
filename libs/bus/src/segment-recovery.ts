import type { Disk, DiskFile } from '@millrace/runtime/disk'
import { BusCorruptError } from './bus.ts'
import { decodeLogRecord, type LogRecord } from './segment-format.ts'

/** An open segment file. */
export interface Segment {
  readonly number: number
  readonly path: string
  readonly file: DiskFile
  /** Bytes that are durable. */
  bytes: number
}

/**
 * Reads a segment, gives every record to `add`, and cuts what a crash left half written at its end.
 *
 * Only the last segment can have a torn tail. A record that was acknowledged is followed, in the same segment, by records whose `durableBefore` lies
 * behind it, so damage below that mark is told apart from a write that was never acknowledged.
 *
 * @returns bytes that were cut.
 * @throws {BusCorruptError} an acknowledged record is damaged.
 */
export async function recoverSegment(segment: Segment, isLast: boolean, add: (record: LogRecord, position: number, bytes: number) => void): Promise<number> {
  const size = await segment.file.size()
  const bytes = Buffer.alloc(size)
  await segment.file.read(bytes, 0)
  let position = 0
  while (position < size) {
    const found = decodeLogRecord(bytes, position)
    if (found === undefined) break
    add(found.record, position, found.bytes)
    position += found.bytes
  }
  if (position < size) {
    if (!isLast || hasDurableRecordAfter(bytes, position)) throw new BusCorruptError(`${segment.path} is damaged at byte ${position}, below records that were acknowledged`)
    await segment.file.truncate(position)
    await segment.file.dataSync()
  }
  segment.bytes = position
  return size - position
}

/** Opens the segment files of a folder in order. @throws {BusCorruptError} one is missing between others. */
export async function openSegments(disk: Disk, root: string): Promise<Segment[]> {
  const numbers = (await disk.list(root)).filter((name) => SEGMENT_NAME.test(name)).map((name) => Number(name.slice(0, -SEGMENT_SUFFIX.length))).sort((a, b) => a - b)
  const segments: Segment[] = []
  for (const number of numbers) {
    const last = segments.at(-1)
    if (last !== undefined && number !== last.number + 1) throw new BusCorruptError(`segment ${last.number + 1} is missing in ${root}`)
    const path = segmentPath(root, number)
    segments.push({ number, path, file: await disk.open(path, { create: false }), bytes: 0 })
  }
  return segments
}

export function segmentPath(root: string, number: number): string {
  return `${root}/${String(number).padStart(12, '0')}${SEGMENT_SUFFIX}`
}

function hasDurableRecordAfter(bytes: Buffer, damage: number): boolean {
  for (let position = damage + 1; position < bytes.length; position++) {
    const found = decodeLogRecord(bytes, position)
    if (found !== undefined && found.record.durableBefore > damage) return true
  }
  return false
}

const SEGMENT_SUFFIX = '.segment'
const SEGMENT_NAME = /^\d{12}\.segment$/

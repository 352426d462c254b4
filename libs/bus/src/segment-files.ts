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
  /** Bytes that the file has room for: behind `bytes` it holds zeros. */
  allocatedBytes: number
}

/** Opens the segment files of a folder in order. @throws {BusCorruptError} one is missing between others. */
export async function openSegments(disk: Disk, root: string): Promise<Segment[]> {
  const names = await disk.list(root)
  for (const name of names) if (name.endsWith(PARTIAL_SUFFIX)) await disk.remove(`${root}/${name}`)
  await disk.syncDirectory(root) // what a process before this one saw here must not vanish later
  const numbers = names.filter((name) => SEGMENT_NAME.test(name)).map((name) => Number(name.slice(0, -SEGMENT_SUFFIX.length))).sort((a, b) => a - b)
  const segments: Segment[] = []
  for (const number of numbers) {
    const last = segments.at(-1)
    if (last !== undefined && number !== last.number + 1) throw new BusCorruptError(`segment ${last.number + 1} is missing in ${root}`)
    const path = segmentPath(root, number)
    segments.push({ number, path, file: await disk.open(path, { create: false }), bytes: 0, allocatedBytes: 0 })
  }
  return segments
}

/** Makes a segment that begins with `marks`. It gets its name once they are durable, so a segment never lacks one, and the name is durable when this resolves. */
export async function createSegment(disk: Disk, root: string, number: number, marks: Buffer): Promise<Segment> {
  const path = segmentPath(root, number)
  const partial = `${path}${PARTIAL_SUFFIX}`
  await disk.remove(partial)
  const file = await disk.open(partial, { create: true })
  try {
    await file.write([marks], 0)
    await file.dataSync()
    await disk.link(partial, path)
    await disk.remove(partial)
    await disk.syncDirectory(root)
  } catch (error) {
    await file.close()
    throw error
  }
  return { number, path, file, bytes: marks.length, allocatedBytes: marks.length }
}

/**
 * Reads a segment, gives every record to `add`, and cuts what a crash left half written at its end. What it has given is durable when it resolves.
 *
 * Only the last segment can have a torn tail, and never in its marks. A record that was acknowledged is followed, in the same segment, by records whose
 * `durableBefore` lies behind it, so damage below that is told apart from a write that was never acknowledged. (Damage to the very last group cannot be.)
 *
 * @returns bytes that were cut.
 * @throws {BusCorruptError} an acknowledged record is damaged.
 */
export async function recoverSegment(segment: Segment, isLast: boolean, add: (record: LogRecord, position: number, bytes: number) => void): Promise<number> {
  const size = await segment.file.size()
  const bytes = Buffer.alloc(size)
  await segment.file.read(bytes, 0)
  let position = 0
  let proven = 0 // bytes of which a record says that they were synced
  while (position < size) {
    const found = decodeLogRecord(bytes, position)
    if (found === undefined) break
    add(found.record, position, found.bytes)
    position += found.bytes
    proven = Math.max(proven, found.record.durableBefore)
  }
  const end = endOfContent(bytes, position)
  if (position < end || position < Math.max(proven, 1)) {
    if (!isLast || position < Math.max(proven, 1) || hasDurableRecordAfter(bytes, position)) throw new BusCorruptError(`${segment.path} is damaged at byte ${position}, below records that were acknowledged`)
    await segment.file.truncate(position)
  }
  // The last process may have written what it did not sync, or could not: after a failed sync the pages count as clean. Readers go on from here, so
  // what no record proves is written again before it is synced.
  if (isLast) {
    if (position > proven) await segment.file.write([bytes.subarray(proven, position)], proven)
    await segment.file.dataSync()
  }
  segment.bytes = position
  segment.allocatedBytes = position < end ? position : size
  return end - position
}

export function segmentPath(root: string, number: number): string {
  return `${root}/${String(number).padStart(12, '0')}${SEGMENT_SUFFIX}`
}

/** Where the zeros at the end begin, at `from` or later. */
function endOfContent(bytes: Buffer, from: number): number {
  let end = bytes.length
  while (end > from && bytes[end - 1] === 0) end--
  return end
}

function hasDurableRecordAfter(bytes: Buffer, damage: number): boolean {
  for (let position = damage + 1; position < bytes.length; position++) {
    const found = decodeLogRecord(bytes, position)
    if (found !== undefined && found.record.durableBefore > damage) return true
  }
  return false
}

const SEGMENT_SUFFIX = '.segment'
const PARTIAL_SUFFIX = '.partial'
const SEGMENT_NAME = /^\d{12}\.segment$/

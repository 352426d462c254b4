import { crc32 } from 'node:zlib'

/**
 * A record in a segment file:
 *
 * ```
 * length u32 (of what follows the crc) | crc u32 | topicLength u8 | partition u16 | offset f64 | appendedMs f64 | durableBefore u32 | topic | value
 * ```
 * A record without a value is a mark: it carries no data and tells the offset that its partition goes on with. Every segment
 * begins with a mark for each partition, so that offsets survive the removal of all older segments. Behind the last record there may be zeros.
 */
export interface LogRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly appendedMs: number
  /** Bytes of this segment that were synced when the record was written. Damage below it was acknowledged; damage above it may be a torn write. */
  readonly durableBefore: number
  readonly value: Uint8Array
}

/** Records one behind the other. `ends[i]` is where record i ends. */
export function encodeLogRecords(records: readonly LogRecord[]): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  const ends: number[] = []
  let total = 0
  for (const { topic, value } of records) ends.push((total += FRAME_BYTES + FIELD_BYTES + topic.length + value.length))
  const bytes = Buffer.allocUnsafeSlow(total)
  let start = 0
  for (const [index, { topic, partition, offset, appendedMs, durableBefore, value }] of records.entries()) {
    const end = ends[index] ?? total
    bytes.writeUInt32LE(end - start - FRAME_BYTES, start)
    bytes.writeUInt8(topic.length, start + 8)
    bytes.writeUInt16LE(partition, start + 9)
    bytes.writeDoubleLE(offset, start + 11)
    bytes.writeDoubleLE(appendedMs, start + 19)
    bytes.writeUInt32LE(durableBefore, start + 27)
    bytes.write(topic, start + FRAME_BYTES + FIELD_BYTES, 'latin1')
    bytes.set(value, start + FRAME_BYTES + FIELD_BYTES + topic.length)
    bytes.writeUInt32LE(crc32(bytes.subarray(start + FRAME_BYTES, end)), start + 4)
    start = end
  }
  return { bytes, ends }
}

/** The record at `position`, with its length in the file; undefined when the bytes there are not a whole, valid record. */
export function decodeLogRecord(bytes: Buffer, position: number): { readonly record: LogRecord; readonly bytes: number } | undefined {
  if (position + FRAME_BYTES + FIELD_BYTES > bytes.length) return undefined
  const length = bytes.readUInt32LE(position)
  const end = position + FRAME_BYTES + length
  if (length < FIELD_BYTES || length > MAX_FRAME_LENGTH || end > bytes.length) return undefined
  if (crc32(bytes.subarray(position + FRAME_BYTES, end)) !== bytes.readUInt32LE(position + 4)) return undefined
  return { record: readLogRecord(bytes, position), bytes: end - position }
}

/** The record at `position` of bytes that are known to be whole and valid. */
export function readLogRecord(bytes: Buffer, position: number): LogRecord {
  const topicStart = position + FRAME_BYTES + FIELD_BYTES
  const valueStart = topicStart + bytes.readUInt8(position + 8)
  return {
    topic: bytes.toString('latin1', topicStart, valueStart),
    partition: bytes.readUInt16LE(position + 9),
    offset: bytes.readDoubleLE(position + 11),
    appendedMs: bytes.readDoubleLE(position + 19),
    durableBefore: bytes.readUInt32LE(position + 27),
    value: bytes.subarray(valueStart, position + FRAME_BYTES + bytes.readUInt32LE(position)),
  }
}

/** length, crc. */
const FRAME_BYTES = 8
/** topicLength, partition, offset, appendedMs, durableBefore. */
const FIELD_BYTES = 23
/** A longer length is damage: no record with its topic's name is that long. */
const MAX_FRAME_LENGTH = 2 * 1024 * 1024

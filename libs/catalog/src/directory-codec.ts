import assert from 'node:assert/strict'
import { EVENT_KIND_CODES, NS_PER_DAY, type EventKind } from '@millrace/event/event'
import type { FragmentRow } from './catalog.ts'

/**
 * The directory of a pack, little-endian:
 *
 * ```
 * rows u32 | per row: tenantLength u8 | tenant | kind u8 | day i32 (days since 1970) | rows u32 | minTimeOffset f64 | maxTimeOffset f64 | start u32 | end u32
 * ```
 */
export function encodeDirectory(rows: readonly FragmentRow[]): Uint8Array {
  const bytes = Buffer.alloc(4 + rows.reduce((sum, { tenantId }) => sum + 1 + tenantId.length + ROW_BYTES, 0))
  let at = bytes.writeUInt32LE(rows.length, 0)
  for (const row of rows) {
    at = bytes.writeUInt8(row.tenantId.length, at)
    at += bytes.write(row.tenantId, at, 'latin1')
    at = bytes.writeUInt8(EVENT_KIND_CODES[row.kind], at)
    at = bytes.writeInt32LE(dayNumber(row.dayNs), at)
    at = bytes.writeUInt32LE(row.rows, at)
    at = bytes.writeDoubleLE(row.minTimeOffset, at)
    at = bytes.writeDoubleLE(row.maxTimeOffset, at)
    at = bytes.writeUInt32LE(row.start, at)
    at = bytes.writeUInt32LE(row.end, at)
  }
  return bytes
}

export function decodeDirectory(bytes: Buffer): readonly FragmentRow[] {
  let at = 4
  return Array.from({ length: bytes.readUInt32LE(0) }, () => {
    const tenantEnd = at + 1 + bytes.readUInt8(at)
    const tenantId = bytes.toString('latin1', at + 1, tenantEnd)
    at = tenantEnd + ROW_BYTES
    return {
      tenantId,
      kind: kindOfCode(bytes.readUInt8(tenantEnd)),
      dayNs: BigInt(bytes.readInt32LE(tenantEnd + 1)) * NS_PER_DAY,
      rows: bytes.readUInt32LE(tenantEnd + 5),
      minTimeOffset: bytes.readDoubleLE(tenantEnd + 9),
      maxTimeOffset: bytes.readDoubleLE(tenantEnd + 17),
      start: bytes.readUInt32LE(tenantEnd + 25),
      end: bytes.readUInt32LE(tenantEnd + 29),
    }
  })
}

/** Days since 1970. */
export function dayNumber(dayNs: bigint): number {
  assert(dayNs % NS_PER_DAY === 0n, 'a fragment begins at a day')
  return Number(dayNs / NS_PER_DAY)
}

export function kindOfCode(code: number): EventKind {
  const kind = KINDS.get(code)
  assert(kind !== undefined, `kind ${code} is known`)
  return kind
}

const KINDS: ReadonlyMap<number, EventKind> = new Map([
  [EVENT_KIND_CODES.log, 'log'], [EVENT_KIND_CODES.metric, 'metric'], [EVENT_KIND_CODES.span, 'span'], [EVENT_KIND_CODES['dead-letter'], 'dead-letter'],
])

/** kind, day, rows, times, start, end. */
const ROW_BYTES = 33

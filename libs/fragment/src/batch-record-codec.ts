import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { EVENT_KIND_CODES, type EventKind } from '@millrace/event/event'
import { MAX_RECORD_TRACES, TRACE_POINT_BYTES, type BatchFragment, type BatchRecord, type BatchRequest, type RequestWindow } from './batch-record.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { FragmentCorruptError } from './fragment.ts'

/**
 * Encodes a record:
 *
 * ```
 * version u8 | sourceOffset f64 (-1: none) | crc u32 of what follows
 * tenantId text | receivedMs f64 | requests u32 { id 16 | part u32 | firstRow u32 | rows u32 | window u8 } | fragments u32 { kind u8 | dayNs i64 | rows u32 | bytes block }
 * traces u8 { traceId 16 | spanId 8 }, only when there are some, or a retention follows
 * retentions u32 { fragment u32 | days u32 }, only when there are some
 * ```
 * The source offset stands before the checksum, so that the router stamps a record without touching the rest. Readers ignore what follows the parts that they
 * know, so that the list of traces needed no new version.
 */
export function encodeBatchRecord(record: BatchRecord): Uint8Array {
  const payload = new ByteWriter(256 + record.fragments.reduce((sum, fragment) => sum + fragment.bytes.length + 32, 0))
  payload.text(record.tenantId)
  payload.f64(record.receivedMs)
  payload.u32(record.requests.length)
  for (const request of record.requests) {
    payload.raw(request.id)
    payload.u32(request.part)
    payload.u32(request.firstRow)
    payload.u32(request.rows)
    payload.u8(WINDOW_CODES[request.window])
  }
  payload.u32(record.fragments.length)
  for (const fragment of record.fragments) {
    payload.u8(EVENT_KIND_CODES[fragment.kind])
    payload.i64(fragment.dayNs)
    payload.u32(fragment.rows)
    payload.block(fragment.bytes)
  }
  const retentions = record.fragments.flatMap(({ retentionDays }, index) => (retentionDays === undefined ? [] : [{ index, retentionDays }]))
  const { traces = [] } = record
  if (traces.length > 0 || retentions.length > 0) writeTraces(payload, traces)
  if (retentions.length > 0) {
    payload.u32(retentions.length)
    for (const { index, retentionDays } of retentions) {
      payload.u32(index)
      payload.u32(retentionDays)
    }
  }
  const bytes = payload.finish()
  const writer = new ByteWriter(HEAD_BYTES + bytes.length)
  writer.u8(RECORD_VERSION)
  writer.f64(record.sourceOffset ?? -1)
  writer.u32(crc32(bytes))
  writer.raw(bytes)
  return writer.finish()
}

/** The fragments' bytes are views on `bytes`; they are not decoded. @throws FragmentCorruptError */
export function decodeBatchRecord(bytes: Uint8Array): BatchRecord {
  const reader = new ByteReader(bytes)
  if (reader.u8() !== RECORD_VERSION) throw new FragmentCorruptError('not a batch record of a known version')
  const sourceOffset = reader.f64()
  if (reader.u32() !== crc32(bytes.subarray(HEAD_BYTES))) throw new FragmentCorruptError('a batch record fails its checksum')
  const tenantId = reader.text()
  const receivedMs = reader.f64()
  const requests = Array.from({ length: reader.u32() }, (): BatchRequest => ({
    id: reader.raw(REQUEST_ID_BYTES), part: reader.u32(), firstRow: reader.u32(), rows: reader.u32(), window: windowOf(reader.u8()),
  }))
  const fragments = Array.from({ length: reader.u32() }, (): BatchFragment => ({ kind: kindOf(reader.u8()), dayNs: reader.i64(), rows: reader.u32(), bytes: reader.block() }))
  const record: BatchRecord = { tenantId, receivedMs, sourceOffset: sourceOffset < 0 ? undefined : sourceOffset, requests, fragments }
  if (reader.remaining === 0) return record
  const traces = Array.from({ length: reader.u8() }, () => reader.raw(TRACE_POINT_BYTES))
  const traced: BatchRecord = traces.length === 0 ? record : { ...record, traces }
  if (reader.remaining === 0) return traced
  const retentions = new Map(Array.from({ length: reader.u32() }, () => [reader.u32(), reader.u32()] as const))
  return { ...traced, fragments: fragments.map((fragment, index) => ({ ...fragment, ...(retentions.has(index) ? { retentionDays: retentions.get(index) ?? 0 } : {}) })) }
}

function writeTraces(payload: ByteWriter, traces: readonly Uint8Array[]): void {
  assert(traces.length <= MAX_RECORD_TRACES && traces.every(({ length }) => length === TRACE_POINT_BYTES), 'a record carries few traces')
  payload.u8(traces.length)
  for (const trace of traces) payload.raw(trace)
}

/** The source offset that an encoded record claims, which its checksum does not cover; undefined when it has none, or is no record of a known version. */
export function sourceOffsetOf(encoded: Uint8Array): number | undefined {
  if (encoded.length < HEAD_BYTES || encoded[0] !== RECORD_VERSION) return undefined
  const sourceOffset = new DataView(encoded.buffer, encoded.byteOffset, encoded.length).getFloat64(1, true)
  return Number.isSafeInteger(sourceOffset) && sourceOffset >= 0 ? sourceOffset : undefined
}

/** A copy of an encoded record with another source offset; nothing else is read or checked. */
export function withSourceOffset(encoded: Uint8Array, sourceOffset: number): Uint8Array {
  const stamped = new Uint8Array(encoded)
  new DataView(stamped.buffer).setFloat64(1, sourceOffset, true)
  return stamped
}

/** Never renumber: the log holds them. */
const WINDOW_CODES = { retry: 0, keyed: 1, append: 2 } as const satisfies Record<RequestWindow, number>

function windowOf(code: number): RequestWindow {
  for (const window of ['retry', 'keyed', 'append'] as const) if (WINDOW_CODES[window] === code) return window
  throw new FragmentCorruptError(`unknown request window ${code}`)
}

/** Bytes of a request id. */
export const REQUEST_ID_BYTES = 16
/** Written and read. A reader of another version takes such a record for a dead letter: raise it only one release after it is read. */
export const RECORD_VERSION = 1
/** version, sourceOffset, crc. */
const HEAD_BYTES = 13

function kindOf(code: number): EventKind {
  for (const kind of Object.keys(EVENT_KIND_CODES) as EventKind[]) if (EVENT_KIND_CODES[kind] === code) return kind
  throw new FragmentCorruptError(`unknown event kind ${code}`)
}

import { MAX_DEPTH } from '../event-scanner.ts'
import { BYTES, FIXED64, ProtobufError, VARINT, type ProtobufReader } from '../protobuf-reader.ts'
import { utf8Of } from './log-row.ts'

/**
 * The JSON text of an `AnyValue` that stands in `[start, end)`: bytes as base64, numbers with all their digits, NaN and the infinities as texts.
 *
 * @throws {ProtobufError} also when it is nested too deep.
 */
export function anyValueJson(reader: ProtobufReader, start: number, end: number, depth: number): string {
  if (depth > MAX_DEPTH) throw new ProtobufError('nested too deep')
  reader.at = start
  if (!reader.next(end)) return 'null'
  const { field, wireType, valueEnd } = reader
  if (wireType === BYTES && field === 1) return JSON.stringify(utf8Of(reader.bytes, reader.at, valueEnd))
  if (wireType === VARINT && field === 2) return String(reader.varint64(end) !== 0n)
  if (wireType === VARINT && field === 3) return String(reader.varint64(end))
  if (wireType === FIXED64 && field === 4) return doubleJson(reader.double(end))
  if (wireType === BYTES && field === 7) return JSON.stringify(Buffer.from(reader.bytes.subarray(reader.at, valueEnd)).toString('base64'))
  if (wireType === BYTES && field === 5) return `[${valuesOf(reader, reader.at, valueEnd, depth).join(',')}]`
  if (wireType === BYTES && field === 6) return `{${entriesOf(reader, reader.at, valueEnd, depth).join(',')}}`
  return 'null'
}

function doubleJson(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value))
}

function valuesOf(reader: ProtobufReader, start: number, end: number, depth: number): readonly string[] {
  const values: string[] = []
  let at = start
  for (;;) {
    reader.at = at
    if (!reader.next(end)) return values
    const { field, wireType, valueEnd, at: valueStart } = reader
    reader.skip(end)
    at = reader.at
    if (field === 1 && wireType === BYTES) values.push(anyValueJson(reader, valueStart, valueEnd, depth + 1))
  }
}

function entriesOf(reader: ProtobufReader, start: number, end: number, depth: number): readonly string[] {
  const entries: string[] = []
  let at = start
  for (;;) {
    reader.at = at
    if (!reader.next(end)) return entries
    const { field, wireType, valueEnd, at: valueStart } = reader
    reader.skip(end)
    at = reader.at
    if (field === 1 && wireType === BYTES) entries.push(entryJson(reader, valueStart, valueEnd, depth))
  }
}

function entryJson(reader: ProtobufReader, start: number, end: number, depth: number): string {
  let key = ''
  let value = 'null'
  let at = start
  for (;;) {
    reader.at = at
    if (!reader.next(end)) return `${JSON.stringify(key)}:${value}`
    const { field, wireType, valueEnd, at: valueStart } = reader
    reader.skip(end)
    at = reader.at
    if (wireType !== BYTES) continue
    if (field === 1) key = utf8Of(reader.bytes, valueStart, valueEnd)
    else if (field === 2) value = anyValueJson(reader, valueStart, valueEnd, depth + 1)
  }
}

import type { DecodeOptions, DecodeSteps } from '../decoded-events.ts'
import { BYTES, fieldsOf, FIXED64, ProtobufReader, VARINT, type Span } from '../protobuf-reader.ts'
import { ScannerPool, takeEach, type EventPlace, type PlacedScanner } from '../request-parts.ts'
import type { Attribute } from '../row-writer.ts'
import { anyValueJson } from './any-value-json.ts'
import { LogRow, putBytesAsText, putDouble, putInteger, reservedOf, utf8Of, type Holder } from './log-row.ts'

/**
 * Decodes an `ExportLogsServiceRequest` (opentelemetry/proto/collector/logs/v1), in steps.
 *
 * @param body read while the steps run. @throws {ProtobufError} the body is no such message; nothing may be taken of it then.
 */
export function* decodeLogsProtobufInSteps(body: Uint8Array, options: DecodeOptions): DecodeSteps {
  return yield* scanners.use(function* (scanner) {
    scanner.reader.load(body)
    return yield* takeEach(scanner, recordsOf(scanner.reader, body.length), options, body.length)
  })
}

const NOTHING: Span = { start: 0, end: 0 }

/** What the records of one `ScopeLogs` share. */
interface Block {
  readonly resource: Span
  readonly scope: Span
}

/** A record, and what it is in. */
interface RecordPlace extends EventPlace {
  readonly block: Block
}

const NOWHERE: RecordPlace = { block: { resource: NOTHING, scope: NOTHING }, start: 0, end: 0, sharedBytes: 0 }

/** Every log record with what it is in. A resource may stand behind its records, so each message is looked through before what it holds. */
function* recordsOf(reader: ProtobufReader, bodyEnd: number): Generator<RecordPlace | undefined, void> {
  for (const resourceLogs of fieldsOf(reader, { start: 0, end: bodyEnd }, RESOURCE_LOGS)) {
    const resource = resourceLogs === undefined ? undefined : yield* lastField(reader, resourceLogs, RESOURCE)
    if (resourceLogs === undefined || resource === undefined) {
      yield undefined
      continue
    }
    for (const scopeLogs of fieldsOf(reader, resourceLogs, SCOPE_LOGS)) {
      const scope = scopeLogs === undefined ? undefined : yield* lastField(reader, scopeLogs, SCOPE)
      if (scopeLogs === undefined || scope === undefined) {
        yield undefined
        continue
      }
      const block = { resource, scope }
      const sharedBytes = resource.end - resource.start + scope.end - scope.start
      for (const record of fieldsOf(reader, scopeLogs, LOG_RECORDS)) yield record === undefined ? undefined : { block, start: record.start, end: record.end, sharedBytes }
    }
  }
}

function* lastField(reader: ProtobufReader, message: Span, field: number): Generator<undefined, Span> {
  let last = NOTHING
  for (const span of fieldsOf(reader, message, field)) {
    if (span === undefined) yield undefined
    else last = span
  }
  return last
}

const RESOURCE_LOGS = 1
const RESOURCE = 1
const SCOPE_LOGS = 2
const SCOPE = 1
const LOG_RECORDS = 2
const RECORD = { timeUnixNano: 1, severityNumber: 2, severityText: 3, body: 5, attributes: 6, traceId: 9, spanId: 10, observedTimeUnixNano: 11, eventName: 12 }
const ANY_VALUE = { string: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 }
const TRACE_ID_BYTES = 16
const SPAN_ID_BYTES = 8

interface ExpectedAttribute {
  readonly holder: Holder
  readonly key: Uint8Array
  readonly attribute: Attribute
}

class LogScanner extends LogRow implements PlacedScanner<LogScanner, RecordPlace> {
  readonly reader: ProtobufReader
  place = NOWHERE
  /** Attributes in the order in which the record before had them: most records have the same. */
  readonly #expectedOfRecord: ExpectedAttribute[] = []
  readonly #expectedOfBlock: ExpectedAttribute[] = []
  #expected = this.#expectedOfRecord
  #ordinal = 0

  constructor(reader = new ProtobufReader()) {
    super()
    this.reader = reader
  }

  replaced(): LogScanner {
    const scanner = new LogScanner(this.reader)
    scanner.place = this.place
    return scanner
  }

  release(): void {
    this.reader.load(new Uint8Array(0))
    this.place = NOWHERE
    this.forgetBlock()
  }

  scan(): number {
    const { block, end, sharedBytes } = this.place
    this.begin()
    this.putBlock(block, sharedBytes, () => {
      this.#ordinal = 0
      this.#expected = this.#expectedOfBlock
      this.#putResource(block.resource)
      this.#putScope(block.scope)
    })
    this.#ordinal = 0
    this.#expected = this.#expectedOfRecord
    this.#putRecord(this.place)
    this.finish()
    return this.failure === '' ? end : -1
  }

  #putResource({ start, end }: Span): void {
    const { reader } = this
    reader.at = start
    while (reader.next(end)) {
      if (reader.field === 1 && reader.wireType === BYTES) this.#putKeyValue('', 'resource', 1)
      else reader.skip(end)
    }
  }

  #putScope({ start, end }: Span): void {
    const { reader } = this
    reader.at = start
    while (reader.next(end)) {
      const { field } = reader
      if (field > 3 || reader.wireType !== BYTES) {
        reader.skip(end)
        continue
      }
      if (field === 3) this.#putKeyValue('', 'record', 1)
      else this.#putText(this.attribute(field === 1 ? 'otel.scope.name' : 'otel.scope.version'))
    }
  }

  #putRecord({ start, end }: Span): void {
    const { reader } = this
    let severity = 0
    let severityText = ''
    reader.at = start
    while (reader.next(end)) {
      const { field, wireType } = reader
      if (wireType === FIXED64 && field === RECORD.timeUnixNano) this.putEventTime(reader.fixed64(end))
      else if (wireType === FIXED64 && field === RECORD.observedTimeUnixNano) this.putObservedTime(reader.fixed64(end))
      else if (wireType === VARINT && field === RECORD.severityNumber) severity = Number(reader.varint64(end))
      else if (wireType !== BYTES) reader.skip(end)
      else if (field === RECORD.attributes) this.#putKeyValue('', 'record', 1)
      else if (field === RECORD.body) this.#putBody()
      else if (field === RECORD.severityText) severityText = this.#takeText()
      else if (field === RECORD.traceId) this.#putId('trace_id', TRACE_ID_BYTES)
      else if (field === RECORD.spanId) this.#putId('span_id', SPAN_ID_BYTES)
      else if (field === RECORD.eventName && reader.valueEnd > reader.at) this.#putText(this.attribute('event.name'))
      else reader.skip(end)
    }
    this.putSeverity(severity, severityText)
  }

  #putId(name: 'trace_id' | 'span_id', size: number): void {
    const { reader } = this
    if (reader.valueEnd - reader.at === size) this.putId(name, Buffer.from(reader.bytes.buffer, reader.bytes.byteOffset + reader.at, size).toString('hex'))
    reader.at = reader.valueEnd
  }

  #putText(attribute: Attribute | undefined): void {
    const { reader } = this
    if (attribute !== undefined) putBytesAsText(attribute, reader, reader.at, reader.valueEnd)
    reader.at = reader.valueEnd
  }

  #takeText(): string {
    const { reader } = this
    const text = utf8Of(reader.bytes, reader.at, reader.valueEnd)
    reader.at = reader.valueEnd
    return text
  }

  /** The entry whose content is `[at, valueEnd)`. */
  #putKeyValue(prefix: string, holder: Holder, depth: number): void {
    const { reader } = this
    const end = reader.valueEnd
    let key = NOTHING
    let value: Span | undefined
    while (reader.next(end)) {
      if (reader.wireType === BYTES && reader.field === 1) key = { start: reader.at, end: reader.valueEnd }
      else if (reader.wireType === BYTES && reader.field === 2) value = { start: reader.at, end: reader.valueEnd }
      reader.skip(end)
    }
    if (value !== undefined && key.end > key.start) {
      const attribute = prefix === '' ? this.#expectedAttribute(key, holder) : this.attribute(this.pathOf(prefix, utf8Of(reader.bytes, key.start, key.end)))
      if (attribute !== undefined) this.#putValue(attribute, value, depth)
    }
    reader.at = end
  }

  #expectedAttribute({ start, end }: Span, holder: Holder): Attribute | undefined {
    const { bytes } = this.reader
    const expected = this.#expected[this.#ordinal]
    if (expected?.holder === holder && isEqual(expected.key, bytes, start, end)) {
      this.#ordinal++
      return expected.attribute
    }
    const key = utf8Of(bytes, start, end)
    const reserved = reservedOf(holder, key)
    const attribute = reserved === undefined ? this.attribute(this.pathOf('', key)) : this.rows.reserved(reserved)
    if (attribute !== undefined && this.#ordinal < MAX_EXPECTED) this.#expected[this.#ordinal++] = { holder, key: bytes.slice(start, end), attribute }
    return attribute
  }

  #putValue(attribute: Attribute, { start, end }: Span, depth: number): void {
    const { reader } = this
    reader.at = start
    if (!reader.next(end)) {
      attribute.putLiteral(null) // a value that is not set
      return
    }
    const { field, wireType } = reader
    if (wireType === BYTES && field === ANY_VALUE.string) this.#putText(attribute)
    else if (wireType === VARINT && field === ANY_VALUE.bool) attribute.putLiteral(reader.varint64(end) !== 0n)
    else if (wireType === VARINT && field === ANY_VALUE.int) putInteger(attribute, reader.varint64(end))
    else if (wireType === FIXED64 && field === ANY_VALUE.double) putDouble(attribute, reader.double(end))
    else if (wireType === BYTES && field === ANY_VALUE.map && attribute.name.startsWith('@')) this.#putMap(attribute.name.slice(1), 'record', depth + 1)
    else if (wireType === BYTES && field === ANY_VALUE.bytes) attribute.putText(Buffer.from(reader.bytes.subarray(reader.at, reader.valueEnd)).toString('base64'))
    else if (wireType === BYTES && field === ANY_VALUE.array) {
      if (this.admitDepth(depth)) attribute.putJson(anyValueJson(reader, start, end, depth))
    } else attribute.putLiteral(null)
  }

  /** The entries of the map whose content is `[at, valueEnd)`. */
  #putMap(prefix: string, holder: Holder, depth: number): void {
    const { reader } = this
    const end = reader.valueEnd
    if (!this.admitDepth(depth)) return
    while (reader.next(end)) {
      if (reader.field === 1 && reader.wireType === BYTES) this.#putKeyValue(prefix, holder, depth)
      else reader.skip(end)
    }
  }

  #putBody(): void {
    const { reader } = this
    const start = reader.at
    const end = reader.valueEnd
    const message = this.rows.reserved('message')
    if (reader.next(end)) {
      if (reader.wireType === BYTES && reader.field === ANY_VALUE.string) this.#putText(message)
      else if (reader.wireType === BYTES && reader.field === ANY_VALUE.map) this.#putMap('', 'body', 2)
      else if (this.admitDepth(1)) message.putText(anyValueJson(reader, start, end, 1))
    }
    reader.at = end
  }
}

const scanners = new ScannerPool(() => new LogScanner(), (scanner) => { scanner.release() })

/** Records have some dozen attributes; those beyond are found by their names. */
const MAX_EXPECTED = 64

function isEqual(key: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (key.length !== end - start) return false
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[start + i]) return false
  return true
}

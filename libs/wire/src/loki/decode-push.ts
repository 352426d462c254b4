import { MAX_EVENT_BYTES, type DecodeOptions, type DecodeSteps } from '../decoded-events.ts'
import { JsonCursor, JsonShapeError, passed, skipped } from '../json-cursor.ts'
import { JsonReader } from '../json-reader.ts'
import { putBytesAsText, utf8Of } from '../otlp/log-row.ts'
import { BYTES, fieldsOf, ProtobufReader, VARINT, type Span } from '../protobuf-reader.ts'
import { ScannerPool, takeEach, type EventPlace, type PlacedScanner } from '../request-parts.ts'
import { WrittenRows } from '../row-writer.ts'
import { LabelSyntaxError, MAX_LABELS, parseLabels, putLabels, type Label } from './stream-labels.ts'

/**
 * Decodes a push in JSON: `{"streams":[{"stream":{"k":"v"},"values":[["<ns>","line",{"k":"v"}]]}]}`, in steps.
 *
 * @param body read during the first step only. @throws {JsonShapeError} @throws {LabelSyntaxError}
 */
export function* decodePushJsonInSteps(body: Uint8Array, options: DecodeOptions): DecodeSteps {
  return yield* jsonScanners.use(function* (scanner) {
    scanner.reader.load([body])
    scanner.reader.hasNewlines = true
    return yield* takeEach(scanner, jsonEntries(new JsonCursor(scanner.reader)), options, scanner.reader.end)
  })
}

/**
 * Decodes a `logproto.PushRequest` after snappy was undone, in steps.
 *
 * @param body read while the steps run. @throws {ProtobufError} @throws {LabelSyntaxError}
 */
export function* decodePushProtobufInSteps(body: Uint8Array, options: DecodeOptions): DecodeSteps {
  return yield* protobufScanners.use(function* (scanner) {
    scanner.reader.load(body)
    return yield* takeEach(scanner, protobufEntries(scanner.reader, body.length), options, body.length)
  })
}

interface EntryPlace extends EventPlace {
  readonly labels: readonly Label[]
}

type Places = Generator<EntryPlace | undefined, void>

const NOWHERE: EntryPlace = { labels: [], start: 0, end: 0, sharedBytes: 0 }

/** An entry of either encoding as a row. */
abstract class PushRow extends WrittenRows {
  place = NOWHERE
  #hasMetadata = false

  override get repeatedBytes(): number {
    const { labels, sharedBytes } = this.place
    return this.#hasMetadata ? sharedBytes + labels.length * LABEL_WORK : super.repeatedBytes
  }

  /** Labels are the same for each entry of a stream unless metadata decides with them which are reserved. */
  protected putLabels(metadata: readonly Label[]): void {
    const { labels, sharedBytes } = this.place
    this.#hasMetadata = metadata.length > 0
    if (this.#hasMetadata) putLabels(this.rows, labels, metadata)
    else this.putBlock(labels, sharedBytes, () => { putLabels(this.rows, labels, []) })
  }

  protected forget(): void {
    this.place = NOWHERE
    this.forgetBlock()
  }
}

/** Putting a label costs more than a value that is put again as it was. */
const LABEL_WORK = 128

class JsonPushScanner extends PushRow implements PlacedScanner<JsonPushScanner, EntryPlace> {
  readonly reader: JsonReader

  constructor(reader = new JsonReader()) {
    super()
    this.reader = reader
  }

  replaced(): JsonPushScanner {
    const scanner = new JsonPushScanner(this.reader)
    scanner.place = this.place
    return scanner
  }

  scan(start: number): number {
    const { rows } = this
    rows.begin()
    const cursor = new JsonCursor(this.reader, start)
    if (!cursor.firstElement()) return this.#refuse('an entry has a time and a line')
    const time = cursor.isString ? cursor.string() : String(cursor.value())
    if (!/^\d{1,19}$/.test(time)) return this.#refuse('the time of an entry is a whole number of nanoseconds, as a string')
    this.putTime(BigInt(time))
    if (!cursor.nextElement() || !cursor.isString) return this.#refuse('an entry has a time and a line')
    rows.reserved('message').putText(cursor.string())
    rows.keepVerbatim()
    this.putLabels(cursor.nextElement() ? labelsOf(cursor) : [])
    return rows.failure === '' ? this.place.end : -1
  }

  release(): void {
    this.reader.release()
    this.forget()
  }

  #refuse(reason: string): -1 {
    this.rows.refuse(reason)
    return -1
  }
}

class ProtobufPushScanner extends PushRow implements PlacedScanner<ProtobufPushScanner, EntryPlace> {
  readonly reader: ProtobufReader

  constructor(reader = new ProtobufReader()) {
    super()
    this.reader = reader
  }

  replaced(): ProtobufPushScanner {
    const scanner = new ProtobufPushScanner(this.reader)
    scanner.place = this.place
    return scanner
  }

  scan(start: number): number {
    const { reader, rows, place } = this
    rows.begin()
    const metadata: Label[] = []
    reader.at = start
    while (reader.next(place.end)) {
      const { field, wireType, valueEnd } = reader
      if (wireType !== BYTES) {
        reader.skip(place.end)
        continue
      }
      if (field === 1) this.putTime(timestampOf(reader, valueEnd))
      else if (field === 2) putBytesAsText(rows.reserved('message'), reader, reader.at, valueEnd)
      else if (field === 3 && metadata.length < MAX_LABELS) metadata.push(pairOf(reader, valueEnd))
      reader.at = valueEnd
    }
    if (!rows.reserved('message').isSet) rows.reserved('message').putText('') // an empty line is not written
    rows.keepVerbatim()
    this.putLabels(metadata)
    return rows.failure === '' ? place.end : -1
  }

  release(): void {
    this.reader.load(new Uint8Array(0))
    this.forget()
  }
}

const jsonScanners = new ScannerPool(() => new JsonPushScanner(), (scanner) => { scanner.release() })
const protobufScanners = new ScannerPool(() => new ProtobufPushScanner(), (scanner) => { scanner.release() })

function* jsonEntries(cursor: JsonCursor): Places {
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key === 'streams') for (let has = cursor.firstElement(); has; has = cursor.nextElement()) yield* jsonStream(cursor)
    else yield* skipped(cursor)
  }
  cursor.expectEnd()
}

function* jsonStream(cursor: JsonCursor): Places {
  const labels = streamLabels(cursor)
  const sharedBytes = bytesOf(labels)
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key !== 'values') {
      yield* skipped(cursor)
      continue
    }
    for (let has = cursor.firstElement(); has; has = cursor.nextElement()) {
      if (!cursor.isArray) throw new JsonShapeError('an entry is an array of a time and a line')
      const start = cursor.skip()
      yield { labels, start, end: cursor.at, sharedBytes }
    }
  }
  yield* passed(cursor)
}

function bytesOf(labels: readonly Label[]): number {
  return labels.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
}

/** Looks ahead for the labels of the stream at which the cursor stands; mostly they are the first. */
function streamLabels(cursor: JsonCursor): readonly Label[] {
  const ahead = new JsonCursor(cursor.reader, cursor.at)
  for (let key = ahead.firstKey(); key !== undefined; key = ahead.nextKey()) {
    if (key === 'stream') return labelsOf(ahead)
    ahead.skip()
  }
  return []
}

function labelsOf(cursor: JsonCursor): readonly Label[] {
  const labels: Label[] = []
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (labels.length === MAX_LABELS) throw new LabelSyntaxError(`more than ${MAX_LABELS} labels`)
    const value = cursor.value()
    if (key !== '') labels.push([key, typeof value === 'string' ? value : JSON.stringify(value)])
  }
  return labels
}

function* protobufEntries(reader: ProtobufReader, bodyEnd: number): Places {
  for (const stream of fieldsOf(reader, { start: 0, end: bodyEnd }, 1)) {
    let last: Span | undefined
    for (const span of stream === undefined ? [] : fieldsOf(reader, stream, 1)) {
      if (span === undefined) yield undefined
      else last = span
    }
    if (stream === undefined) {
      yield undefined
      continue
    }
    const isTooLong = last !== undefined && last.end - last.start > MAX_EVENT_BYTES
    const labels = last === undefined || isTooLong ? [] : parseLabels(utf8Of(reader.bytes, last.start, last.end))
    const sharedBytes = last === undefined ? 0 : last.end - last.start
    for (const entry of fieldsOf(reader, stream, 2)) yield entry === undefined ? undefined : { labels, start: entry.start, end: entry.end, sharedBytes }
  }
}

/** A `google.protobuf.Timestamp`, ns since 1970. */
function timestampOf(reader: ProtobufReader, end: number): bigint {
  let ns = 0n
  while (reader.next(end)) {
    if (reader.wireType === VARINT && reader.field === 1) ns += BigInt.asIntN(64, reader.varint64(end) * 1_000_000_000n)
    else if (reader.wireType === VARINT && reader.field === 2) ns += reader.varint64(end)
    else reader.skip(end)
  }
  return ns
}

function pairOf(reader: ProtobufReader, end: number): Label {
  let name = ''
  let value = ''
  while (reader.next(end)) {
    const text = reader.wireType === BYTES && reader.field <= 2 ? utf8Of(reader.bytes, reader.at, reader.valueEnd) : undefined
    if (text !== undefined && reader.field === 1) name = text
    else if (text !== undefined) value = text
    reader.skip(end)
  }
  return [name, value]
}

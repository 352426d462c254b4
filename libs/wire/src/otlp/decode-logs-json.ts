import { MAX_EVENT_BYTES, type DecodeOptions, type DecodeSteps } from '../decoded-events.ts'
import { JsonCursor, passed, skipped } from '../json-cursor.ts'
import { JsonReader } from '../json-reader.ts'
import { ScannerPool, takeEach, type EventPlace, type PlacedScanner } from '../request-parts.ts'
import type { Attribute } from '../row-writer.ts'
import { LogRow, putDouble, putInteger, reservedOf, type Holder } from './log-row.ts'

/**
 * As `decodeLogsProtobufInSteps`, of the same message in OTLP's JSON: ids in hex, enums as numbers, whole numbers as numbers or texts, unknown fields ignored.
 *
 * @param body read during the first step only. @throws {JsonShapeError}
 */
export function* decodeLogsJsonInSteps(body: Uint8Array, options: DecodeOptions): DecodeSteps {
  return yield* scanners.use(function* (scanner) {
    const { reader } = scanner
    reader.load([body])
    reader.hasNewlines = true
    return yield* takeEach(scanner, recordsOf(new JsonCursor(reader)), options, reader.end)
  })
}

/** What the records of one member of `scopeLogs` share. */
interface Block {
  readonly resource: unknown
  readonly scope: unknown
}

interface RecordPlace extends EventPlace {
  readonly block: Block
}

type Places = Generator<RecordPlace | undefined, void>

function* recordsOf(cursor: JsonCursor): Places {
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key === 'resourceLogs') for (let has = cursor.firstElement(); has; has = cursor.nextElement()) yield* resourceLogs(cursor)
    else yield* skipped(cursor)
  }
  cursor.expectEnd()
}

function* resourceLogs(cursor: JsonCursor): Places {
  const resource = yield* memberOf(cursor, 'resource')
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key === 'scopeLogs') for (let has = cursor.firstElement(); has; has = cursor.nextElement()) yield* scopeLogs(cursor, resource)
    else yield* skipped(cursor)
  }
  yield* passed(cursor)
}

function* scopeLogs(cursor: JsonCursor, resource: Member): Places {
  const scope = yield* memberOf(cursor, 'scope')
  const block = { resource: resource.value, scope: scope.value }
  const sharedBytes = resource.bytes + scope.bytes
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key !== 'logRecords') {
      yield* skipped(cursor)
      continue
    }
    for (let has = cursor.firstElement(); has; has = cursor.nextElement()) {
      const start = cursor.skip()
      yield { block, start, end: cursor.at, sharedBytes }
    }
  }
  yield* passed(cursor)
}

interface Member {
  /** Undefined where there is none, and where it is larger than an event may be: nothing that shares it is taken. */
  readonly value: unknown
  readonly bytes: number
}

/** Looks ahead for a member of the object at which the cursor stands; mostly it is the first. */
function* memberOf(cursor: JsonCursor, name: string): Generator<undefined, Member> {
  const ahead = new JsonCursor(cursor.reader, cursor.at)
  for (let key = ahead.firstKey(); key !== undefined; key = ahead.nextKey()) {
    if (key !== name) {
      yield* skipped(ahead)
      continue
    }
    const again = new JsonCursor(ahead.reader, ahead.at)
    const bytes = -ahead.skip() + ahead.at
    return { value: bytes > MAX_EVENT_BYTES ? undefined : again.value(keepDigits), bytes }
  }
  return { value: undefined, bytes: 0 }
}

const NOWHERE: RecordPlace = { block: { resource: undefined, scope: undefined }, start: 0, end: 0, sharedBytes: 0 }

class LogJsonScanner extends LogRow implements PlacedScanner<LogJsonScanner, RecordPlace> {
  readonly reader: JsonReader
  place = NOWHERE

  constructor(reader = new JsonReader()) {
    super()
    this.reader = reader
  }

  replaced(): LogJsonScanner {
    const scanner = new LogJsonScanner(this.reader)
    scanner.place = this.place
    return scanner
  }

  scan(start: number): number {
    const cursor = new JsonCursor(this.reader, start)
    this.begin()
    const record = cursor.isObject ? cursor.value(keepDigits) : undefined
    if (record === undefined) this.rows.refuse('a record is an object')
    else {
      const { block, sharedBytes } = this.place
      this.putBlock(block, sharedBytes, () => { this.#putShared(block) })
      this.#putRecord(recordOf(record))
      this.finish()
    }
    return this.failure === '' ? cursor.at : -1
  }

  release(): void {
    this.reader.release()
    this.place = NOWHERE
    this.forgetBlock()
  }

  #putShared({ resource, scope: scopeValue }: Block): void {
    this.#putEntries(recordOf(resource)['attributes'], '', 'resource', 1)
    const scope = recordOf(scopeValue)
    for (const name of ['name', 'version'] as const) {
      const text = scope[name]
      if (typeof text === 'string' && text !== '') this.attribute(`otel.scope.${name}`)?.putText(text)
    }
    this.#putEntries(scope['attributes'], '', 'record', 1)
  }

  #putRecord(record: Plain): void {
    this.putEventTime(unsignedOf(record['timeUnixNano']))
    this.putObservedTime(unsignedOf(record['observedTimeUnixNano']))
    this.putSeverity(Number(record['severityNumber'] ?? 0), textOf(record['severityText']))
    const body = recordOf(record['body'])
    if (typeof body['stringValue'] === 'string') this.rows.reserved('message').putText(body['stringValue'])
    else if ('kvlistValue' in body) this.#putEntries(recordOf(body['kvlistValue'])['values'], '', 'body', 2)
    else if (Object.keys(body).length > 0 && this.admitDepth(1)) this.rows.reserved('message').putText(this.#jsonOf(body))
    this.#putEntries(record['attributes'], '', 'record', 1)
    if (textOf(record['eventName']) !== '') this.attribute('event.name')?.putText(textOf(record['eventName']))
    const [traceId, spanId] = [textOf(record['traceId']), textOf(record['spanId'])]
    if (/^[\da-f]{32}$/i.test(traceId)) this.putId('trace_id', traceId)
    if (/^[\da-f]{16}$/i.test(spanId)) this.putId('span_id', spanId)
  }

  #putEntries(entries: unknown, prefix: string, holder: Holder, depth: number): void {
    if (!Array.isArray(entries) || !this.admitDepth(depth)) return
    for (const each of entries) {
      const { key, value } = recordOf(each)
      if (typeof key !== 'string' || key === '' || value === undefined) continue
      const reserved = prefix === '' ? reservedOf(holder, key) : undefined
      const attribute = reserved === undefined ? this.attribute(this.pathOf(prefix, key)) : this.rows.reserved(reserved)
      if (attribute !== undefined) this.#putValue(attribute, recordOf(value), depth)
    }
  }

  #putValue(attribute: Attribute, value: Plain, depth: number): void {
    if (typeof value['stringValue'] === 'string') attribute.putText(value['stringValue'])
    else if ('boolValue' in value) attribute.putLiteral(value['boolValue'] === true || value['boolValue'] === 'true')
    else if ('intValue' in value) this.#putInteger(attribute, value['intValue'])
    else if ('doubleValue' in value) putDouble(attribute, Number(value['doubleValue']))
    else if ('kvlistValue' in value && attribute.name.startsWith('@')) this.#putEntries(recordOf(value['kvlistValue'])['values'], attribute.name.slice(1), 'record', depth + 1)
    else if (typeof value['bytesValue'] === 'string') attribute.putText(value['bytesValue'])
    else if ('arrayValue' in value) {
      if (this.admitDepth(depth)) attribute.putJson(this.#jsonOf(value))
    } else attribute.putLiteral(null)
  }
  #putInteger(attribute: Attribute, given: unknown): void {
    const value = this.#integerOf(given)
    if (value !== undefined) putInteger(attribute, value)
  }

  /** Undefined, and the row refused, for what is no int64. */
  #integerOf(given: unknown): bigint | undefined {
    const value = integerOf(given)
    if (value !== undefined && BigInt.asIntN(64, value) === value) return value
    this.rows.refuse('an intValue is no whole number of 64 bits')
    return undefined
  }

  /** The JSON that a value stands for. Its nesting is bounded by the reader's. */
  #jsonOf(value: Plain): string {
    if (typeof value['stringValue'] === 'string') return JSON.stringify(value['stringValue'])
    if ('boolValue' in value) return String(value['boolValue'] === true || value['boolValue'] === 'true')
    if ('intValue' in value) return String(this.#integerOf(value['intValue']) ?? 0)
    if ('doubleValue' in value) return Number.isFinite(Number(value['doubleValue'])) ? JSON.stringify(Number(value['doubleValue'])) : JSON.stringify(String(value['doubleValue']))
    if (typeof value['bytesValue'] === 'string') return JSON.stringify(value['bytesValue'])
    if ('arrayValue' in value) return `[${listOf(recordOf(value['arrayValue'])['values']).map((each) => this.#jsonOf(recordOf(each))).join(',')}]`
    if ('kvlistValue' in value) {
      const entries = listOf(recordOf(value['kvlistValue'])['values']).map((each) => recordOf(each))
      return `{${entries.map(({ key, value: inner }) => `${JSON.stringify(textOf(key))}:${this.#jsonOf(recordOf(inner))}`).join(',')}}`
    }
    return 'null'
  }
}

const scanners = new ScannerPool(() => new LogJsonScanner(), (scanner) => { scanner.release() })

type Plain = Readonly<Record<string, unknown>>

function recordOf(value: unknown): Plain {
  return typeof value === 'object' && value !== null ? (value as Plain) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A time; what is none counts as not known. */
function unsignedOf(value: unknown): bigint {
  const ns = integerOf(value) ?? 0n
  return BigInt.asUintN(64, ns) === ns ? ns : 0n
}

function integerOf(value: unknown): bigint | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value))
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined
}

/** Makes a text of a whole number of 64 bits that a double would lose digits of: OTLP allows either. */
function keepDigits(json: string): string {
  return json.replace(LONG_INTEGER, '$1"$2"')
}

/** As the value of those keys. Within a string their quotes would have a backslash. */
const LONG_INTEGER = /((?<!\\)"(?:intValue|timeUnixNano|observedTimeUnixNano)"\s*:\s*)(-?\d{16,})(?=[\s,}])/g

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

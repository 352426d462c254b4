import type { DecodeOptions, DecodeSteps } from '../decoded-events.ts'
import { JsonCursor } from '../json-cursor.ts'
import { JsonReader } from '../json-reader.ts'
import { ScannerPool, takeEach, type PlacedScanner } from '../request-parts.ts'
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

interface RecordPlace {
  readonly resource: unknown
  readonly scope: unknown
  /** The record is `[start, end)`. */
  readonly start: number
  readonly end: number
}

function* recordsOf(cursor: JsonCursor): Generator<RecordPlace, void> {
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key !== 'resourceLogs') cursor.skip()
    else for (let has = cursor.firstElement(); has; has = cursor.nextElement()) yield* resourceLogs(cursor)
  }
  cursor.expectEnd()
}

function* resourceLogs(cursor: JsonCursor): Generator<RecordPlace, void> {
  const resource = memberOf(cursor, 'resource')
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key !== 'scopeLogs') cursor.skip()
    else for (let has = cursor.firstElement(); has; has = cursor.nextElement()) yield* scopeLogs(cursor, resource)
  }
}

function* scopeLogs(cursor: JsonCursor, resource: unknown): Generator<RecordPlace, void> {
  const scope = memberOf(cursor, 'scope')
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    if (key !== 'logRecords') {
      cursor.skip()
      continue
    }
    for (let has = cursor.firstElement(); has; has = cursor.nextElement()) {
      const start = cursor.skip()
      yield { resource, scope, start, end: cursor.at }
    }
  }
}

/** Looks ahead for a member of the object at which the cursor stands; mostly it is the first. */
function memberOf(cursor: JsonCursor, name: string): unknown {
  const ahead = new JsonCursor(cursor.reader, cursor.at)
  for (let key = ahead.firstKey(); key !== undefined; key = ahead.nextKey()) {
    if (key === name) return ahead.value()
    ahead.skip()
  }
  return undefined
}

const NOWHERE: RecordPlace = { resource: undefined, scope: undefined, start: 0, end: 0 }

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
    const record = recordOf(cursor.value())
    this.#putEntries(recordOf(this.place.resource)['attributes'], '', 'resource', 1)
    const scope = recordOf(this.place.scope)
    for (const name of ['name', 'version'] as const) {
      const text = scope[name]
      if (typeof text === 'string' && text !== '') this.attribute(`otel.scope.${name}`)?.putText(text)
    }
    this.#putEntries(scope['attributes'], '', 'record', 1)
    this.#putRecord(record)
    this.finish()
    return this.failure === '' ? cursor.at : -1
  }

  #putRecord(record: Plain): void {
    this.putEventTime(unsignedOf(record['timeUnixNano']))
    this.putObservedTime(unsignedOf(record['observedTimeUnixNano']))
    this.putSeverity(Number(record['severityNumber'] ?? 0), textOf(record['severityText']))
    const body = recordOf(record['body'])
    if (typeof body['stringValue'] === 'string') this.rows.reserved('message').putText(body['stringValue'])
    else if ('kvlistValue' in body) this.#putEntries(recordOf(body['kvlistValue'])['values'], '', 'body', 2)
    else if (Object.keys(body).length > 0 && this.admitDepth(1)) this.rows.reserved('message').putText(jsonOf(body, 1))
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
    else if ('intValue' in value) putInteger(attribute, BigInt.asIntN(64, integerOf(value['intValue'])))
    else if ('doubleValue' in value) putDouble(attribute, Number(value['doubleValue']))
    else if ('kvlistValue' in value && attribute.name.startsWith('@')) this.#putEntries(recordOf(value['kvlistValue'])['values'], attribute.name.slice(1), 'record', depth + 1)
    else if (typeof value['bytesValue'] === 'string') attribute.putText(value['bytesValue'])
    else if ('arrayValue' in value) {
      if (this.admitDepth(depth)) attribute.putJson(jsonOf(value, depth))
    } else attribute.putLiteral(null)
  }
}

const scanners = new ScannerPool(() => new LogJsonScanner(), (scanner) => {
  scanner.reader.release()
  scanner.place = NOWHERE
})

type Plain = Readonly<Record<string, unknown>>

function recordOf(value: unknown): Plain {
  return typeof value === 'object' && value !== null ? (value as Plain) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** A time; what is none counts as not known. */
function unsignedOf(value: unknown): bigint {
  return BigInt.asUintN(64, integerOf(value))
}

function integerOf(value: unknown): bigint {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value))
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : 0n
}

/** The JSON that a value stands for. Its nesting is bounded by the reader's. */
function jsonOf(value: Plain, depth: number): string {
  if (typeof value['stringValue'] === 'string') return JSON.stringify(value['stringValue'])
  if ('boolValue' in value) return String(value['boolValue'] === true || value['boolValue'] === 'true')
  if ('intValue' in value) return String(integerOf(value['intValue']))
  if ('doubleValue' in value) return Number.isFinite(Number(value['doubleValue'])) ? JSON.stringify(Number(value['doubleValue'])) : JSON.stringify(String(value['doubleValue']))
  if (typeof value['bytesValue'] === 'string') return JSON.stringify(value['bytesValue'])
  if ('arrayValue' in value) return `[${listOf(recordOf(value['arrayValue'])['values']).map((each) => jsonOf(recordOf(each), depth + 1)).join(',')}]`
  if ('kvlistValue' in value) {
    const entries = listOf(recordOf(value['kvlistValue'])['values']).map((each) => recordOf(each))
    return `{${entries.map(({ key, value: inner }) => `${JSON.stringify(textOf(key))}:${jsonOf(recordOf(inner), depth + 1)}`).join(',')}}`
  }
  return 'null'
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

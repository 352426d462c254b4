import { MAX_REQUEST_EVENTS, STEP_BYTES, type DecodeOptions, type DecodeSteps } from '../decoded-events.ts'
import { JsonCursor } from '../json-cursor.ts'
import { JsonReader } from '../json-reader.ts'
import { RequestParts, ScannerPool, type RowScanner } from '../request-parts.ts'
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
    const run = new RequestParts(scanner, options)
    let stepEnd = STEP_BYTES
    for (const { resource, scope, start, end } of recordsOf(new JsonCursor(reader))) {
      if (start >= stepEnd) {
        yield
        stepEnd = start + STEP_BYTES
      }
      if (run.isFull) {
        run.reject(`this record and all after it: more than ${MAX_REQUEST_EVENTS} in one request`, reader.end - start)
        break
      }
      run.scanner.within(resource, scope)
      if (run.scan(start) < 0) run.reject(run.scanner.failure, end - start)
      else run.take(start, end - start)
    }
    return run.finish()
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

class LogJsonScanner implements RowScanner<LogJsonScanner> {
  readonly reader: JsonReader
  readonly #row = new LogRow()
  readonly builder = this.#row.builder
  readonly time = this.#row.time
  #resource: unknown = undefined
  #scope: unknown = undefined

  constructor(reader = new JsonReader()) {
    this.reader = reader
  }

  get hasTime(): boolean {
    return this.#row.hasTime
  }

  get failure(): string {
    return this.#row.failure
  }

  get isWorn(): boolean {
    return this.#row.isWorn
  }

  within(resource: unknown, scope: unknown): void {
    this.#resource = resource
    this.#scope = scope
  }

  replaced(): LogJsonScanner {
    const scanner = new LogJsonScanner(this.reader)
    scanner.within(this.#resource, this.#scope)
    return scanner
  }

  scan(start: number): number {
    const cursor = new JsonCursor(this.reader, start)
    this.#row.begin()
    const record = recordOf(cursor.value())
    this.#putEntries(recordOf(this.#resource)['attributes'], '', 'resource', 1)
    const scope = recordOf(this.#scope)
    for (const name of ['name', 'version'] as const) {
      const text = scope[name]
      if (typeof text === 'string' && text !== '') this.#row.attribute(`otel.scope.${name}`)?.putText(text)
    }
    this.#putEntries(scope['attributes'], '', 'record', 1)
    this.#putRecord(record)
    this.#row.finish()
    return this.#row.failure === '' ? cursor.at : -1
  }

  #putRecord(record: Plain): void {
    const row = this.#row
    row.putTime(unsignedOf(record['timeUnixNano']))
    row.putObservedTime(unsignedOf(record['observedTimeUnixNano']))
    row.putSeverity(Number(record['severityNumber'] ?? 0), textOf(record['severityText']))
    const body = recordOf(record['body'])
    if (typeof body['stringValue'] === 'string') row.rows.reserved('message').putText(body['stringValue'])
    else if ('kvlistValue' in body) this.#putEntries(recordOf(body['kvlistValue'])['values'], '', 'body', 2)
    else if (Object.keys(body).length > 0 && row.admitDepth(1)) row.rows.reserved('message').putText(jsonOf(body, 1))
    this.#putEntries(record['attributes'], '', 'record', 1)
    if (textOf(record['eventName']) !== '') row.attribute('event.name')?.putText(textOf(record['eventName']))
    const [traceId, spanId] = [textOf(record['traceId']), textOf(record['spanId'])]
    if (/^[\da-f]{32}$/i.test(traceId)) row.putId('trace_id', traceId)
    if (/^[\da-f]{16}$/i.test(spanId)) row.putId('span_id', spanId)
  }

  #putEntries(entries: unknown, prefix: string, holder: Holder, depth: number): void {
    if (!Array.isArray(entries) || !this.#row.admitDepth(depth)) return
    for (const each of entries) {
      const { key, value } = recordOf(each)
      if (typeof key !== 'string' || key === '' || value === undefined) continue
      const reserved = prefix === '' ? reservedOf(holder, key) : undefined
      const attribute = reserved === undefined ? this.#row.attribute(this.#row.pathOf(prefix, key)) : this.#row.rows.reserved(reserved)
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
      if (this.#row.admitDepth(depth)) attribute.putJson(jsonOf(value, depth))
    } else attribute.putLiteral(null)
  }
}

const scanners = new ScannerPool(() => new LogJsonScanner(), (scanner) => {
  scanner.reader.release()
  scanner.within(undefined, undefined)
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

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { rowsOf } from '@millrace/fragment/plain-rows'
import { runToEnd, type DecodedEvents, type DecodeOptions } from '../decoded-events.ts'
import { JsonShapeError } from '../json-cursor.ts'
import { ProtobufError } from '../protobuf-reader.ts'
import { decodeLogsJsonInSteps } from './decode-logs-json.ts'
import { decodeLogsProtobufInSteps } from './decode-logs-protobuf.ts'
import { exportReplyProtobuf } from './render-reply.ts'

const NOW_NS = 1_795_600_000_000_000_000n
const DAY_NS = 86_400_000_000_000n
const options: DecodeOptions = { receivedNs: NOW_NS, oldestNs: NOW_NS - 30n * DAY_NS, newestNs: NOW_NS + 600_000_000_000n, maxPartBytes: 512 * 1024 }

/** The messages as opentelemetry-proto has them, for an encoder that is not ours. */
const { root } = protobuf.parse(`syntax = "proto3";
  message AnyValue { oneof value { string stringValue = 1; bool boolValue = 2; int64 intValue = 3; double doubleValue = 4; ArrayValue arrayValue = 5; KeyValueList kvlistValue = 6; bytes bytesValue = 7; } }
  message ArrayValue { repeated AnyValue values = 1; }
  message KeyValueList { repeated KeyValue values = 1; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Scope { string name = 1; string version = 2; repeated KeyValue attributes = 3; }
  message Resource { repeated KeyValue attributes = 1; uint32 droppedAttributesCount = 2; }
  message LogRecord { fixed64 timeUnixNano = 1; int32 severityNumber = 2; string severityText = 3; AnyValue body = 5; repeated KeyValue attributes = 6; uint32 droppedAttributesCount = 7; fixed32 flags = 8; bytes traceId = 9; bytes spanId = 10; fixed64 observedTimeUnixNano = 11; string eventName = 12; }
  message ScopeLogs { Scope scope = 1; repeated LogRecord logRecords = 2; string schemaUrl = 3; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scopeLogs = 2; string schemaUrl = 3; }
  message Request { repeated ResourceLogs resourceLogs = 1; }
  message Partial { int64 rejectedLogRecords = 1; string errorMessage = 2; }
  message Reply { Partial partialSuccess = 1; }`)
const Request = root.lookupType('Request')

type Json = Readonly<Record<string, unknown>>

const protobufOf = (request: Json): Uint8Array => Request.encode(Request.fromObject(withBytes(request) as Json)).finish()
const jsonOf = (request: Json): Uint8Array => Buffer.from(JSON.stringify(request))

/** Ids are hex in OTLP's JSON; protobufjs wants bytes. */
function withBytes(value: unknown, key = ''): unknown {
  if ((key === 'traceId' || key === 'spanId') && typeof value === 'string') return Buffer.from(value, 'hex')
  if (Array.isArray(value)) return value.map((each) => withBytes(each))
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withBytes(each, name)]))
  return value
}

/** Each event as plain values, in order. */
function eventsOf({ parts }: DecodedEvents): readonly Json[] {
  return parts.flatMap(({ tables }) => tables.flatMap((table) => rowsOf(table).map(({ timeOffset, values }) => ({ ns: String(table.dayNs + BigInt(timeOffset)), ...Object.fromEntries([...values].filter(([name]) => name !== '_row').sort(([a], [b]) => (a < b ? -1 : 1))) }))))
}

const decodeProtobuf = (body: Uint8Array): DecodedEvents => runToEnd(decodeLogsProtobufInSteps(body, options))
const decodeJson = (body: Uint8Array): DecodedEvents => runToEnd(decodeLogsJsonInSteps(body, options))
const oneRecord = (record: Json, resource: Json = {}): Json => ({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] })
const text = (stringValue: string): Json => ({ stringValue })

describe('OTLP logs', () => {
  it('become the same events from either encoding, as the real exporter sends them', () => {
    const read = (folder: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../testdata/${folder}/opentelemetry-js`, import.meta.url)))
    const events = eventsOf(decodeProtobuf(read('otlp-protobuf')))
    // In JSON it writes 2^60 with the digits of a double, which are other ones.
    expect(eventsOf(decodeJson(read('otlp-json'))).map((event) => ('@big' in event ? { ...event, '@big': { numeral: String(2n ** 60n) } } : event))).toEqual(events)
    expect(events.length).toBe(4)
    expect(events[0]).toEqual({
      'ns': '1795600000123000000', 'message': 'payment 0 failed', 'service': 'checkout', 'host': 'h1', 'status': 'error', '@deployment.environment': 'test', '@http.status_code': 500, '@ratio': 0.5, '@big': { numeral: '1152921504606846976' },
      '@ok': false, '@list': { json: '["a",1]' }, '@nested.inner.deep': 'x', '@otel.scope.name': 'scope', '@otel.scope.version': '1.0.0',
    })
    expect(events[3]).toMatchObject({ 'message': 'a map', '@user.id': 'u1' })
  })

  it('become the same events from either encoding, whatever they hold', () => {
    const leaf = fc.oneof(
      fc.record({ stringValue: fc.string({ unit: 'binary' }).map((value) => value.toWellFormed()) }), fc.record({ boolValue: fc.boolean() }), fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
      fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)) }),
    )
    const { value } = fc.letrec<{ value: Json; entry: Json }>((tie) => ({
      value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, leaf, fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }), fc.record({ kvlistValue: fc.record({ values: fc.uniqueArray(tie('entry'), { maxLength: 3, selector: ({ key }) => key }) }) })),
      entry: fc.record({ key: fc.stringMatching(/^[a-z\u00fc\\]{1,5}$/), value: tie('value') }),
    }))
    const entries = fc.uniqueArray(fc.record({ key: fc.stringMatching(/^[a-z]{1,3}(\.[a-z]{1,3})?$/), value }), { maxLength: 5, selector: ({ key }) => key })
    const record = fc.record({
      timeUnixNano: fc.bigInt({ min: NOW_NS - DAY_NS, max: NOW_NS }).map(String), severityNumber: fc.integer({ min: 0, max: 25 }), severityText: fc.constantFrom('', 'WARN', 'Information'), body: value, attributes: entries,
      traceId: fc.constantFrom('', '0af7651916cd43dd8448eb211c80319c', '00000000000000000000000000000000'), spanId: fc.constantFrom('', 'b7ad6b7169203331'),
    }, { requiredKeys: ['timeUnixNano'] })
    const request = fc.record({ resourceLogs: fc.array(fc.record({ resource: fc.record({ attributes: entries }), scopeLogs: fc.array(fc.record({ scope: fc.record({ name: fc.constantFrom('', 'lib') }), logRecords: fc.array(record, { maxLength: 4 }) }), { maxLength: 2 }) }), { maxLength: 3 }) })
    fc.assert(fc.property(request, (each) => {
      const [fromProtobuf, fromJson] = [decodeProtobuf(protobufOf(each)), decodeJson(jsonOf(each))]
      expect(fromProtobuf.rejected).toEqual(fromJson.rejected)
      expect(eventsOf(fromProtobuf)).toEqual(eventsOf(fromJson))
      expect(fromProtobuf.received).toBe(each.resourceLogs.reduce((sum, { scopeLogs }) => sum + scopeLogs.reduce((inner, { logRecords }) => inner + logRecords.length, 0), 0))
    }), { numRuns: 300 })
  })

  it('take a time that only a collector knows, and none at all', () => {
    for (const [encode, decode] of [[protobufOf, decodeProtobuf], [jsonOf, decodeJson]] as const) {
      expect(eventsOf(decode(encode(oneRecord({ observedTimeUnixNano: String(NOW_NS - 5n), body: text('x') }))))[0]).toMatchObject({ ns: String(NOW_NS - 5n) })
      const unknown = decode(encode(oneRecord({ body: text('x') })))
      expect(eventsOf(unknown)[0]).toMatchObject({ ns: String(NOW_NS) })
      expect(unknown.isSelfTimestamped).toBe(false)
    }
  })

  it('keep the others when one is too old, too deep or too large', () => {
    const field = (number: number, ...content: readonly Uint8Array[]): Uint8Array => protobuf.Writer.create().uint32((number << 3) | 2).bytes(Buffer.concat(content)).finish()
    let deep = field(1, Buffer.from('x'))
    for (let i = 0; i < 40; i++) deep = field(6, field(1, field(1, Buffer.from('k')), field(2, deep)))
    const LogRecord = root.lookupType('LogRecord')
    const record = (plain: Json): Uint8Array => LogRecord.encode(LogRecord.fromObject(plain)).finish()
    const records = [record({ body: text('good') }), record({ timeUnixNano: '1', body: text('old') }), field(6, field(1, Buffer.from('a')), field(2, deep)), record({ body: text('x'.repeat(1_100_000)) }), record({ body: text('also good') })]
    const { rejected, received, parts } = decodeProtobuf(field(1, field(2, ...records.map((each) => field(2, each)))))
    expect(received).toBe(5)
    expect(rejected.map(({ index, reason }) => [index, reason])).toEqual([[1, 'older than the retention'], [2, 'nested too deep'], [3, expect.stringContaining('larger than')]])
    expect(parts.flatMap(({ tables }) => tables.flatMap((table) => rowsOf(table).map(({ values }) => values.get('message'))))).toEqual(['good', 'also good'])
  })

  it('go before the resource they belong to, wherever that stands in the message', () => {
    const resource = { attributes: [{ key: 'zone', value: text('resource') }, { key: 'service.name', value: text('s') }] }
    const reversed = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: text('x'), attributes: [{ key: 'zone', value: text('record') }] }], scope: { name: 'lib' } }], resource }] }
    expect(eventsOf(decodeJson(jsonOf(reversed)))[0]).toMatchObject({ 'service': 's', '@zone': 'record', '@otel.scope.name': 'lib' })
    expect(eventsOf(decodeProtobuf(protobufOf(reversed)))[0]).toMatchObject({ 'service': 's', '@zone': 'record', '@otel.scope.name': 'lib' })
  })

  it('share a resource: read once for many, and the same as if each had its own', () => {
    const attributes = [{ key: 'service.name', value: text('s') }, { key: 'n', value: { intValue: '7' } }, { key: 'big', value: { intValue: '9007199254740993' } }, { key: 'ok', value: { boolValue: true } }, { key: 'list', value: { arrayValue: { values: [text('a')] } } }, { key: 'twice', value: text('a') }, { key: 'twice', value: text('b') }]
    const records = Array.from({ length: 20 }, (_, n) => ({ timeUnixNano: String(NOW_NS - BigInt(n)), body: text(`m${n}`), ...(n % 2 === 0 ? {} : { attributes: [{ key: 'n', value: text('own') }] }) }))
    const block = (logRecords: readonly Json[]): Json => ({ resource: { attributes }, scopeLogs: [{ scope: { name: 'lib', attributes: [{ key: 'of.scope', value: text('x') }] }, logRecords }] })
    const apart = eventsOf(decodeJson(jsonOf({ resourceLogs: records.map((record) => block([record])) })))
    expect(eventsOf(decodeJson(jsonOf({ resourceLogs: [block(records)] })))).toEqual(apart)
    expect(eventsOf(decodeProtobuf(protobufOf({ resourceLogs: [block(records)] })))).toEqual(apart)
    expect(apart[3]).toMatchObject({ '@n': 'own', '@ok': true, '@twice': 'b', '@of.scope': 'x', 'service': 's' })
  })

  it('count what they share as bytes of each, and are refused where that makes the body many times larger', () => {
    const request = (bytes: number, records: number): Json => ({ resourceLogs: [{ resource: { attributes: [{ key: 'a', value: text('x'.repeat(bytes)) }] }, scopeLogs: [{ logRecords: Array.from({ length: records }, () => ({ body: text('m') })) }] }] })
    for (const decode of [(each: Json) => decodeProtobuf(protobufOf(each)), (each: Json) => decodeJson(jsonOf(each))]) {
      const many = decode(request(20_000, 3000))
      expect(many.received).toBe(3000)
      const taken = many.received - many.rejected.length
      expect(taken).toBeGreaterThan(400)
      expect(taken).toBeLessThan(2000)
      expect(many.rejected[0]).toEqual({ index: taken, reason: expect.stringContaining('what events share makes more than') as unknown })
      expect(decode(request(1_100_000, 2)).rejected.map(({ reason }) => reason)).toEqual(Array.from({ length: 2 }, () => 'larger than 1048576 bytes with what it shares with others'))
      expect(decode(request(2_000, 3000)).rejected).toEqual([])
    }
  })

  it('are read in steps also where there are none, or where they share much', () => {
    const field = (number: number, ...content: readonly Uint8Array[]): Uint8Array => protobuf.Writer.create().uint32((number << 3) | 2).bytes(Buffer.concat(content)).finish()
    const many = (count: number, bytes: Uint8Array): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes))
    const stepsOf = (steps: Generator<void, DecodedEvents, void>): number => {
      let count = 1
      while (steps.next().done !== true) count++
      return count
    }
    const unknown = Buffer.from([0x78, 1])
    const bodies = [many(100_000, field(1)), field(1, many(100_000, field(2))), many(100_000, unknown), field(1, many(100_000, unknown)), field(1, field(2, many(100_000, unknown))), field(1, field(1, field(1, field(1, Buffer.from('a')), field(2, field(1, Buffer.alloc(60_000, 'x'))))), field(2, many(100, field(2))))]
    for (const body of bodies) expect(stepsOf(decodeLogsProtobufInSteps(body, options))).toBeGreaterThan(40)
    const list = (item: string): string => Array.from({ length: 50_000 }, () => item).join(',')
    for (const body of [`{"resourceLogs":[${list('{}')}]}`, `{"resourceLogs":[{"scopeLogs":[${list('{}')}]}]}`, `{${list('"x":1')}}`, `{"resourceLogs":[{${list('"x":1')}}]}`, `{"resourceLogs":[{"scopeLogs":[{${list('"x":1')}}]}]}`]) expect(stepsOf(decodeLogsJsonInSteps(Buffer.from(body), options))).toBeGreaterThan(40)
  })

  it('are not looked at where one is larger than an event may be, and bring no names where one has too many', () => {
    const attributes = (count: number): readonly Json[] => Array.from({ length: count }, (_, n) => ({ key: `k${n}`, value: text('') }))
    const request: Json = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes: attributes(100_000) }, { attributes: attributes(5_000) }, { body: text('good') }] }] }] }
    for (const decoded of [decodeProtobuf(protobufOf(request)), decodeJson(jsonOf(request))]) {
      expect(decoded.rejected.map(({ reason }) => reason)).toEqual(['larger than 1048576 bytes', 'more than 1000 attributes'])
      expect(eventsOf(decoded)).toEqual([{ ns: String(NOW_NS), message: 'good' }])
    }
  })

  it('keep every digit of whole numbers, also of those that JSON has as numbers, and are refused beyond 64 bits', () => {
    const json = (value: string): DecodedEvents => decodeJson(Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":${NOW_NS - 1n},"attributes":[{"key":"n","value":${value}}]}]}]}]}`))
    const [event] = eventsOf(json('{"intValue":9007199254740993}'))
    expect(event).toMatchObject({ 'ns': String(NOW_NS - 1n), '@n': { numeral: '9007199254740993' } })
    expect(eventsOf(json(JSON.stringify({ stringValue: '{"intValue":9007199254740993}' })))[0]).toMatchObject({ '@n': '{"intValue":9007199254740993}' })
    expect(eventsOf(json('{"intValue":"-9223372036854775808"}'))[0]).toMatchObject({ '@n': { numeral: '-9223372036854775808' } })
    expect(eventsOf(json('{"arrayValue":{"values":[{"intValue":9007199254740993}]}}'))[0]).toMatchObject({ '@n': { json: '[9007199254740993]' } })
    for (const value of ['{"intValue":9223372036854775808}', '{"intValue":"-9223372036854775809"}', '{"intValue":"x"}', '{"intValue":1e300}', '{"arrayValue":{"values":[{"intValue":"99999999999999999999"}]}}']) {
      expect(json(value).rejected).toEqual([{ index: 0, reason: 'an intValue is no whole number of 64 bits' }])
    }
  })

  it('are refused where one is no object', () => {
    const { rejected } = decodeJson(Buffer.from('{"resourceLogs":[{"scopeLogs":[{"logRecords":[null,7,"x",[],{}]}]}]}'))
    expect(rejected).toEqual([0, 1, 2, 3].map((index) => ({ index, reason: 'a record is an object' })))
  })

  it('are refused as a whole where the body is no such message', () => {
    const whole = protobufOf(oneRecord({ body: text('x'), timeUnixNano: String(NOW_NS) }))
    for (let end = 1; end < whole.length; end++) expect(() => decodeProtobuf(whole.subarray(0, end))).toThrow(ProtobufError)
    for (const body of ['', '[]', '{"resourceLogs":{}}', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[}]}]}', '{} x']) expect(() => decodeJson(Buffer.from(body))).toThrow(JsonShapeError)
    expect(decodeProtobuf(new Uint8Array(0)).received).toBe(0)
  })

  it('are answered by a message that another decoder reads', () => {
    const Reply = root.lookupType('Reply')
    expect(Reply.toObject(Reply.decode(exportReplyProtobuf({ rejected: 300, message: 'record 3: older than the retention' })), { longs: String })).toEqual({ partialSuccess: { rejectedLogRecords: '300', errorMessage: 'record 3: older than the retention' } })
    expect(exportReplyProtobuf({ rejected: 0, message: '' }).length).toBe(0)
  })
})

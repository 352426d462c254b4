/**
 * Inputs that no client sends and a sender who means harm does: small bodies that stand for much work. Each decoder is given those of its format besides what clients really sent, and
 * mutations of them.
 */
export function madeInputs(): ReadonlyMap<string, readonly Uint8Array[]> {
  return new Map<string, readonly Uint8Array[]>([
    ['otlp-protobuf', otlpProtobuf()],
    ['otlp-json', otlpJson()],
    ['loki-protobuf', lokiProtobuf()],
    ['loki-json', lokiJson()],
    ['splunk', splunk()],
    ['json', [utf8(`{${list(8000, (n) => `"k${n}":1`)}}`), utf8(list(2000, () => '{}', '\n'))]],
  ])
}

/** Enough to show what grows with a product of two parts of the body; below the mutations' bound together. */
const RECORDS = 8000
const NAMES = 1500
const LONG = 'x'.repeat(60_000)
const TIME = '1795600000000000000'

function otlpProtobuf(): readonly Uint8Array[] {
  const keyValue = (key: string, value: Uint8Array): Uint8Array => field(1, field(1, utf8(key)), field(2, value))
  const text = (value: string): Uint8Array => field(1, utf8(value))
  const request = (resource: Uint8Array, records: Uint8Array): Uint8Array => field(1, field(1, resource), field(2, records))
  const many = repeated(RECORDS, field(2))
  const names = (count: number, tag: number): Uint8Array => concat(Array.from({ length: count }, (_, n) => field(tag, field(1, utf8(`k${n}`)), field(2, text('')))))
  return [
    request(names(500, 1), many),
    request(names(NAMES, 1), many),
    request(keyValue('a', text(LONG)), many),
    request(keyValue('a', field(5, repeated(10_000, field(1, text('x'))))), many),
    request(keyValue('a', field(6, names(900, 1))), many),
    request(repeated(5000, keyValue('a', text('b'))), many),
    field(1, field(2, field(2, names(15_000, 6)))),
    repeated(100_000, field(1)),
    field(1, repeated(100_000, field(2))),
    field(1, field(2, repeated(100_000, Uint8Array.of(0x78, 1)))),
  ]
}

function otlpJson(): readonly Uint8Array[] {
  const request = (attributes: string, records: string): Uint8Array => utf8(`{"resourceLogs":[{"resource":{"attributes":[${attributes}]},"scopeLogs":[{"logRecords":[${records}]}]}]}`)
  const names = (count: number): string => list(count, (n) => `{"key":"k${n}","value":{"stringValue":""}}`)
  const many = list(RECORDS, () => '{}')
  return [
    request(names(500), many),
    request(names(NAMES), many),
    request(`{"key":"a","value":{"stringValue":"${LONG}"}}`, many),
    request('', `{"attributes":[${names(5000)}]}`),
    request('{"key":"n","value":{"intValue":9007199254740993}}', 'null,7,{"attributes":[{"key":"n","value":{"intValue":99999999999999999999}}]}'),
    utf8(`{"resourceLogs":[${list(60_000, () => '{}')}]}`),
    utf8(`{"resourceLogs":[{"scopeLogs":[${list(60_000, () => '{}')}]}]}`),
    utf8(`{${list(30_000, () => '"x":1')}}`),
  ]
}

function lokiProtobuf(): readonly Uint8Array[] {
  const time = field(1, Uint8Array.of(0x08), varint(1_795_600_000))
  const many = repeated(RECORDS, field(2, time, field(2, utf8('l'))))
  return [
    field(1, field(1, utf8(`{a="${LONG}"}`)), many),
    field(1, field(1, utf8(`{${list(60, (n) => `l${n}="v"`)}}`)), many),
    field(1, field(1, utf8('{a="b"}')), field(2, time, field(2, utf8('l')), repeated(20_000, field(3, field(1, utf8('k')), field(2, utf8('v')))))),
    repeated(100_000, field(1)),
  ]
}

function lokiJson(): readonly Uint8Array[] {
  const many = list(RECORDS, () => `["${TIME}","l"]`)
  return [
    utf8(`{"streams":[{"stream":{"a":"${LONG}"},"values":[${list(5000, () => `["${TIME}","l"]`)}]}]}`),
    utf8(`{"streams":[{"stream":{${list(60, (n) => `"l${n}":"v"`)}},"values":[${many}]}]}`),
    utf8(`{"streams":[${list(60_000, () => '{}')}]}`),
  ]
}

function splunk(): readonly Uint8Array[] {
  return [utf8(`{"event":"a","fields":{${list(8000, (n) => `"k${n}":1`)}}}`), utf8(list(10_000, () => '{"event":"a","fields":{"x":1}}', '')), utf8(`{"event":{${list(8000, (n) => `"k${n}":{}`)}}}`)]
}

function list(count: number, item: (n: number) => string, between = ','): string {
  return Array.from({ length: count }, (_, n) => item(n)).join(between)
}

function repeated(count: number, bytes: Uint8Array): Uint8Array {
  return concat(Array.from({ length: count }, () => bytes))
}

/** A field of Protocol Buffers with a length. */
function field(number: number, ...content: readonly Uint8Array[]): Uint8Array {
  const bytes = concat(content)
  return concat([Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let left = value
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128)
  return Uint8Array.from([...bytes, left])
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function utf8(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'))
}

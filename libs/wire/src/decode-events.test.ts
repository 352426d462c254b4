import fc from 'fast-check'
import { rowsOf, type PlainValue } from '@millrace/fragment/plain-rows'
import { decodeDocuments, decodeEvents, decodeEventsInSteps } from './decode-events.ts'
import {
  MAX_EVENT_BYTES, MAX_PART_COLUMNS, MAX_PART_DAYS, MAX_REQUEST_EVENTS, MAX_WIDE_PARTS, STEP_BYTES, type DecodedEvents, type DecodeOptions,
} from './decoded-events.ts'
import { MAX_DEPTH, MAX_KEYS, MAX_NAME_BYTES } from './event-scanner.ts'
import { plainEventOf, type PlainEvent } from './plain-decoder.ts'

const RECEIVED_NS = 1_795_341_600_123_456_789n
const DAY_NS = 86_400_000_000_000n
/** Far above what any body here takes, far below what time squared by size would. */
const SLOW_MS = 5000
const options: DecodeOptions = { receivedNs: RECEIVED_NS, oldestNs: RECEIVED_NS - 30n * DAY_NS, newestNs: RECEIVED_NS + 600_000_000_000n, maxPartBytes: 512 * 1024 }

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', 'd', 'a.b', 'a\\', '', '__proto__', 'constructor', 'é😀', 'tab\t"quoted"', '_row'),
  fc.constantFrom('timestamp', '@timestamp', 'date', 'time', 'message', 'msg', 'log', 'status', 'level', 'severity', 'service', 'host', 'hostname', 'source', 'tags', 'ddtags', 'trace_id'),
)
const scalar = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '""', '"info"', '"2026-11-22T10:00:00.123Z"', '"2026-11-22 09:59:59+01:00"', '"a:b,c:d"', '"not a time"', '1795341600123', '"1795341600.5"', '1795341600'),
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text)),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => JSON.stringify(text).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)),
  fc.constantFrom('"\\ud800"', '"\\udc00x"', '"\\ud83d\\ude00"', '"\\ud83d\\u0041"', '"\\/\\b\\f"'),
  fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((number) => JSON.stringify(number)),
  fc.constantFrom('-0', '0.0', '1.50', '1e3', '1E-7', '0.1e1', '9007199254740991', '9007199254740993', '123456789012345678901234567890', '1e999', '-1e-999', '0.30000000000000004', '0.123456789012345678', '100000000000000000000', '5e-324'),
)
const blank = fc.constantFrom('', '', '', ' ', '\t', ' \r')
const json: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('object'), fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`)),
  object: fc.array(fc.tuple(key, blank, tie('value')), { maxLength: 7 }).map((members) => `{${members.map(([name, gap, value]) => `${gap}${JSON.stringify(name)}:${gap}${value}${gap}`).join(',')}}`),
})).object

describe('decoding events', () => {
  it('finds what a plain decoder finds, in lines, in an array and as documents', () => {
    fc.assert(fc.property(fc.array(json, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 400 }), (events, maxPartBytes) => {
      const expected = events.map(lineOf)
      for (const body of [`${events.join('\n')}\n`, `\n${events.join('\r\n\n')}`, `[${events.join(',')}]`, ` [ ${events.join('\n,\n')} ]\n`]) {
        expect(plainEvents(decodeEvents(Buffer.from(body), { ...options, maxPartBytes }))).toEqual(expected)
      }
      const spans = spansOf(events)
      expect(plainEvents(decodeDocuments(Buffer.from(`x${events.join('x')}x`), spans, options))).toEqual(expected)
    }), { numRuns: 200 })
  })

  it('finds the same in steps, while other bodies are decoded between them', () => {
    const bodies = [0, 1, 2].map((which) => {
      const events = Array.from({ length: 4000 }, (_, n) => `{"message":"event ${n} of body ${which}","key${(n * which) % 7}":${n}}`)
      return Buffer.from(which === 1 ? `[${events.join(',')}]` : events.join('\n'))
    })
    const expected = bodies.map((body) => plainEvents(decodeEvents(body, options)))
    const running = bodies.map((body) => decodeEventsInSteps(body, options))
    const decoded = new Map<number, DecodedEvents>()
    let steps = 0
    while (decoded.size < bodies.length) {
      for (const [index, each] of running.entries()) {
        const step = each.next()
        if (step.done === true && !decoded.has(index)) decoded.set(index, step.value)
        steps++
        decodeEvents(Buffer.from('{"a":1}'), options)
      }
    }
    expect(bodies.map((_, index) => plainEvents(decoded.get(index)!))).toEqual(expected)
    expect(steps).toBeGreaterThan(bodies.reduce((sum, body) => sum + body.length, 0) / STEP_BYTES - 3)
  })

  it('survives any damage, rejecting only lines that it touches', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.constantFrom('flip', 'cut', 'insert'), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(fc.property(fc.array(json, { minLength: 1, maxLength: 5 }), fc.constantFrom(['', '\n', '\n'], ['[', ',', ']']), damage, ([...events], [before, separator, after], changes) => {
      let body = Buffer.from(`${before}${events.join(separator)}${after}`)
      for (const [at, kind, byte] of changes) {
        const place = at % (body.length + 1)
        const rest = body.subarray(kind === 'insert' ? place : place + 1)
        body = Buffer.concat([body.subarray(0, place), kind === 'cut' ? Buffer.alloc(0) : Buffer.from([kind === 'flip' ? (body[place] ?? 0) ^ (1 << (byte % 8)) : byte]), rest])
      }
      const decoded = decodeEvents(body, options)
      expect(decoded.parts.reduce((sum, { rows }) => sum + rows, 0)).toBe(decoded.received)
      expect(plainEvents(decoded)).toHaveLength(decoded.received)
      const lines = body.toString('utf8').replace(/^\ufeff/, '').split('\n').filter((line) => !/^[ \t\r]*$/.test(line))
      const isLines = !/^[ \t\r\n]*\[/.test(body.toString('utf8'))
      if (isLines && decoded.received === lines.length) for (const [index, found] of plainEvents(decoded).entries()) {
        expect(found).toBe(lineOf(lines[index]!))
      }
      // The next request is none the worse for it.
      const intact = '{"a":1,"message":"x"}'
      expect(plainEvents(decodeEvents(Buffer.from(intact), options))).toEqual([lineOf(intact)])
    }), { numRuns: 800 })
  })
})

describe('the body', () => {
  it.each(['', ' \n\r\n\t', '[]', ' [ ] \n'])('%j holds no event', (body) => {
    expect(decode(body)).toMatchObject({ received: 0, rejected: [], parts: [], isSelfTimestamped: false })
  })

  it('may be one object over several lines', () => {
    const { parts, received } = decode('{\n  "a": 1,\n  "b": {\n "c": [1,\n2] }\n}\n')
    expect(received).toBe(1)
    expect(Object.fromEntries(rowsOf(parts[0]!.tables[0]!)[0]!.values)).toEqual({ '@a': 1, '@b.c': { json: '[1,\n2]' } })
  })

  it('may begin with a byte order mark', () => {
    expect(plainEvents(decode('\ufeff{"a":1}\n{"a":2}'))).toEqual(plainEvents(decode('{"a":1}\n{"a":2}')))
  })

  it('loses a bad line and no other', () => {
    const { received, rejected } = decode('{"a":1}\n{"a":\n\n{"b":2}x\n[1]\n"text"\n{"a":1} {"b":2}\n{"a":2}')
    expect(received).toBe(7)
    expect(rejected).toEqual([
      { index: 1, reason: 'the JSON ends too early' },
      { index: 2, reason: 'more than one JSON value on the line' },
      { index: 3, reason: 'an event must be a JSON object' },
      { index: 4, reason: 'an event must be a JSON object' },
      { index: 5, reason: 'more than one JSON value on the line' },
    ])
  })

  it('as an array keeps what comes before a syntax error and says that the rest is lost', () => {
    expect(decode('[{"a":1},{"a":},{"a":3}]')).toMatchObject({ received: 3, rejected: [{ index: 1, reason: 'not valid JSON' }, { index: 2, reason: expect.stringContaining('the rest of the body') }] })
    expect(decode('[{"a":1},{"a":2')).toMatchObject({ received: 2, rejected: [{ index: 1, reason: 'the JSON ends too early' }] })
    expect(decode('[{"a":1}')).toMatchObject({ received: 2, rejected: [{ index: 1 }] })
    expect(decode('[{"a":1} {"a":2}]')).toMatchObject({ received: 2, rejected: [{ index: 1 }] })
    expect(decode('[{"a":1}] trailing')).toMatchObject({ received: 2, rejected: [{ index: 1 }] })
    expect(decode('[{"a":1},]')).toMatchObject({ received: 3, rejected: [{ index: 1 }, { index: 2 }] })
  })

  it('as an array goes on behind an element that is JSON but no event', () => {
    expect(decode('[1,{"a":1},"x",[{"a":1}],null,{"a":2}]')).toMatchObject({ received: 6, rejected: [0, 2, 3, 4].map((index) => ({ index, reason: 'an event must be a JSON object' })) })
  })

  it('is cut alike whatever is refused in it', () => {
    const lines = Array.from({ length: 100 }, (_, i) => `{"n":${i},"message":"${'x'.repeat(i % 17)}"}`)
    const broken = lines.map((line, i) => (i % 3 === 0 ? `!${line.slice(1)}` : line))
    const rows = (body: readonly string[]): number[] => decodeEvents(Buffer.from(body.join('\n')), { ...options, maxPartBytes: 200 }).parts.map((part) => part.rows)
    expect(rows(broken)).toEqual(rows(lines))
    const { parts } = decodeEvents(Buffer.from(lines.join('\n')), { ...options, maxPartBytes: 200 })
    expect(parts.every(({ sourceBytes }) => sourceBytes <= 200)).toBe(true)
    expect(parts.reduce((sum, { sourceBytes }) => sum + sourceBytes, 0)).toBe(lines.join('').length)
  })

  it('with broken UTF-8 is stored with replacement characters', () => {
    const { parts, rejected } = decodeEvents(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xc3]), Buffer.from('","b":"é"}\n{"a":1}')]), options)
    expect(rejected).toEqual([])
    expect([...rowsOf(parts[0]!.tables[0]!)[0]!.values]).toEqual([['@a', '\ufffd\ufffd'], ['@b', 'é']])
  })
})

describe('an event', () => {
  it.each([
    ['the last of equal keys wins, also over an object', '{"a":{"b":1,"c":2},"a":{"c":3},"d":{"e":1},"d":5,"f":5,"f":{"g":1}}', { '@a.c': 3, '@d': 5, '@f.g': 1 }],
    ['a path and the same name as one key are two', '{"a":{"b":1},"a.b":2}', { '@a.b': 1, '@a\\.b': 2 }],
    ['keys of prototypes are names', '{"__proto__":{"constructor":1},"toString":2}', { '@__proto__.constructor': 1, '@toString': 2 }],
    ['an empty key is a name', '{"":1,"a":{"":2}}', { '@': 1, '@a.': 2 }],
    ['arrays and empty objects keep their source text', '{"a":[ 1, {"b":"\\u0041"}],"c":{ }}', { '@a': { json: '[ 1, {"b":"\\u0041"}]' }, '@c': { json: '{ }' } }],
    ['long numbers keep their source text', '{"a":9007199254740993,"b":1e999,"c":1.10}', { '@a': { numeral: '9007199254740993' }, '@b': { numeral: '1e999' }, '@c': 1.1 }],
    ['numbers and booleans under a reserved name become text', '{"status":200,"service":true,"message":1.50}', { status: '200', service: 'true', message: '1.50' }],
    ['objects, arrays and null under a reserved name stay attributes', '{"service":{"name":"web"},"host":["a"],"message":null}', { '@service.name': 'web', '@host': { json: '["a"]' }, '@message': null }],
    ['synonyms stand in for a name that is absent', '{"msg":"m","level":"l","hostname":"h","ddsource":"s","ddtags":"a:b,c:d"}', { message: 'm', status: 'l', host: 'h', source: 's', tags: 'a:b,c:d' }],
    ['synonyms that lose stay attributes', '{"log":"c","msg":"b","message":"a","severity":"x","level":"y"}', { message: 'a', '@msg': 'b', '@log': 'c', status: 'y', '@severity': 'x' }],
    ['a synonym wins over a name without a usable value', '{"message":"gone","msg":"b","message":{"x":1}}', { message: 'b', '@message.x': 1 }],
    ['reserved names count at the top only', '{"a":{"service":"x","timestamp":"2026-11-22"}}', { '@a.service': 'x', '@a.timestamp': '2026-11-22' }],
    ['tags of an array are joined', '{"tags":["a:b","c\\u0064"]}', { tags: 'a:b,cd' }],
    ['tags that are not all strings stay an attribute', '{"tags":["a",1],"ddtags":[]}', { '@tags': { json: '["a",1]' }, '@ddtags': { json: '[]' } }],
    ['a name with an underscore belongs to the client', '{"_row":7}', { '@_row': 7 }],
    ['a reserved name that was an object before is text again', '{"message":{"x":1},"message":"a","msg":"b"}', { message: 'a', '@msg': 'b' }],
  ])('%s', (_, event, expected) => {
    for (const body of [event, `${event}\n${event}\n${event}`]) {
      for (const { values } of rowsOf(decode(body).parts[0]!.tables[0]!)) expect(Object.fromEntries(values)).toEqual(expected)
    }
  })

  it('has its own time, or the time of receipt and what it had instead as an attribute', () => {
    const day = RECEIVED_NS - (RECEIVED_NS % DAY_NS)
    const timeOf = (event: string): [bigint, Record<string, PlainValue>] => {
      const [table] = decode(event).parts[0]!.tables
      const [row] = rowsOf(table!)
      return [table!.dayNs + BigInt(row!.timeOffset), Object.fromEntries(row!.values)]
    }
    expect(timeOf('{"timestamp":"2026-11-22T00:00:01.000000001Z"}')).toEqual([day + 1_000_000_001n, {}])
    expect(timeOf('{"@timestamp":"2026-11-22T01:00:01.5+01:00"}')).toEqual([day + 1_500_000_000n, {}])
    expect(timeOf(`{"date":${day / 1_000_000_000n}.25}`)).toEqual([day + 250_000_000n, {}])
    expect(timeOf(`{"time":"${day / 1000n}"}`)).toEqual([day, {}])
    expect(timeOf(`{"time":${day}}`)).toEqual([day, {}])
    expect(timeOf('{"timestamp":"yesterday"}')).toEqual([RECEIVED_NS, { '@timestamp': 'yesterday' }])
    expect(timeOf('{"timestamp":{"a":1}}')).toEqual([RECEIVED_NS, { '@timestamp.a': 1 }])
    expect(timeOf('{"time":"noon","timestamp":"2026-11-22T00:00:02Z"}')).toEqual([day + 2_000_000_000n, { '@time': 'noon' }])
    expect(timeOf('{"timestamp":"?","time":"2026-11-22T00:00:02Z"}')).toEqual([day + 2_000_000_000n, { '@timestamp': '?' }])
    expect(timeOf('{"date":"2026-11-22T00:00:03Z","timestamp":"2026-11-22T00:00:02Z"}')).toEqual([day + 2_000_000_000n, { '@date': '2026-11-22T00:00:03Z' }])
  })

  it('is refused outside the times that are taken', () => {
    const at = (ns: bigint): string => `{"timestamp":"${ns}"}`
    const { rejected } = decode([at(options.oldestNs), at(options.oldestNs - 1n), at(options.newestNs), at(options.newestNs + 1n)].join('\n'))
    expect(rejected).toEqual([{ index: 1, reason: 'older than the retention' }, { index: 3, reason: 'more than 10 minutes in the future' }])
  })

  it('stands on its UTC day', () => {
    const { parts } = decode('{"timestamp":"2026-11-21T23:59:59.999999999Z","a":1}\n{"timestamp":"2026-11-22T00:00:00Z","a":2}\n{"timestamp":"2026-11-21T00:00:00Z","a":3}')
    const found = parts[0]!.tables.map((table) => ({ dayNs: table.dayNs, rows: rowsOf(table).map(({ timeOffset, values }) => [timeOffset, values.get('@a'), values.get('_row')]) }))
    expect(found).toEqual([
      { dayNs: 1_795_219_200_000_000_000n, rows: [[86_399_999_999_999, 1, 0], [0, 3, 2]] },
      { dayNs: 1_795_305_600_000_000_000n, rows: [[0, 2, 1]] },
    ])
  })
})

describe('a body of self-timestamped events', () => {
  const lines = (...times: readonly string[]): string => times.map((time) => `{"time":${time}}`).join('\n')
  it.each([
    [lines('"2026-11-22T10:00:00.123Z"'), true],
    [lines('"2026-11-22T10:00:00.123Z"', '"2026-11-22T10:00:01.000Z"'), true],
    [lines('1795341600123', '"1795341600123456789"', '1795341600.5'), true],
    [lines('"2026-11-22T10:00:00.000Z"', '"2026-11-22T10:00:01.000Z"'), false],
    [lines('"2026-11-22T10:00:00.123Z"', '"2026-11-22T10:00:01Z"'), false],
    [lines('1795341600123', '1795341600'), false],
    [lines('1795341600123', '"?"'), false],
    ['{"a":1}', false],
    [`${lines('1795341600123')}\nbroken`, true],
  ])('%j: %p', (body, isSelfTimestamped) => {
    expect(decode(body).isSelfTimestamped).toBe(isSelfTimestamped)
  })
})

describe('a hostile body', () => {
  const good = '{"a":1}'
  const nested = (depth: number, open: string, close: string): string => `{"a":${open.repeat(depth)}${close.repeat(depth)}}`
  it.each([
    ['an event that is too large', `{"a":"${'x'.repeat(MAX_EVENT_BYTES)}"}`, /larger than/],
    ['arrays that are too deep', nested(MAX_DEPTH, '[', ']'), /nested too deep/],
    ['a hundred thousand arrays', nested(100_000, '[', ']'), /nested too deep/],
    ['a hundred thousand objects', `{${'"a":{'.repeat(100_000)}${'}'.repeat(100_001)}`, /nested too deep/],
    ['objects in arrays that are too deep', nested(20, '[{"a":', '}]').replace('":}', '":1}'), /nested too deep/],
    ['too many keys', `{${Array.from({ length: MAX_KEYS + 1 }, (_, i) => `"k${i}":1`).join(',')}}`, /more than 1000 attributes/],
    ['a hundred thousand equal keys', `{${'"k":1,'.repeat(100_000)}"k":1}`, /more than 1000 attributes/],
    ['a long key', `{"${'k'.repeat(MAX_NAME_BYTES)}":1}`, /name of more than/],
    ['a long path', `{"${'k'.repeat(600)}":{"${'k'.repeat(600)}":1}}`, /name of more than/],
    ['a key of 500 kB', `{"${'k'.repeat(500_000)}":1}`, /name of more than/],
    ['a control character', '{"a":"\u0001"}', /control character/],
    ['an unknown escape', '{"a":"\\x41"}', /unknown escape/],
    ['half an escape', '{"a":"\\u00"}', /unknown escape/],
    ['a number that is none', '{"a":01}', /not valid JSON/],
    ['NaN', '{"a":NaN}', /not valid JSON/],
  ])('loses %s and nothing else', (_, bad, reason) => {
    for (const body of [`${good}\n${bad}\n${good}`, `[${good},${bad}]`]) {
      const startedMs = performance.now()
      const { rejected } = decode(body)
      expect(rejected[0]).toEqual({ index: 1, reason: expect.stringMatching(reason) })
      expect(rejected.length).toBeLessThanOrEqual(2)
      expect(performance.now() - startedMs).toBeLessThan(SLOW_MS)
    }
    // Limits are no syntax errors: the array goes on.
    if (/deep|more than|larger/.test(String(reason))) expect(decode(`[${good},${bad},${good}]`)).toMatchObject({ received: 3, rejected: [{ index: 1 }] })
  })

  it('takes the deepest event that is allowed', () => {
    expect(decode(nested(MAX_DEPTH - 1, '[', ']')).rejected).toEqual([])
    expect(decode(`${'{"a":'.repeat(MAX_DEPTH)}1${'}'.repeat(MAX_DEPTH)}`).rejected).toEqual([])
    expect(decode(`${'{"a":'.repeat(MAX_DEPTH + 1)}1${'}'.repeat(MAX_DEPTH + 1)}`).rejected).toHaveLength(1)
  })

  it('of a hundred thousand names is cut into a few parts of a few thousand each and then refused, in little time and memory', () => {
    const body = Array.from({ length: 1000 }, (_, i) => `{${Array.from({ length: 100 }, (_unused, k) => `"k${i * 100 + k}":${k}`).join(',')}}`).join('\n')
    const startedMs = performance.now()
    const { parts, rejected, received } = decode(body)
    expect(performance.now() - startedMs).toBeLessThan(SLOW_MS)
    expect(received).toBe(1000)
    expect(parts.length).toBeGreaterThan(MAX_WIDE_PARTS)
    expect(received - rejected.length).toBe(parts.length * Math.floor(MAX_PART_COLUMNS / 100))
    expect(rejected[0]?.reason).toMatch(/different attributes/)
    for (const { tables } of parts) for (const { columns } of tables) expect(columns.length).toBeLessThanOrEqual(MAX_PART_COLUMNS + 1)
    const cells = parts.flatMap(({ tables }) => tables).reduce((sum, { rows, columns }) => sum + rows * columns.length, 0)
    expect(cells).toBeLessThan(2_000_000)
    expect(decode('{"other":1}').rejected).toEqual([])
  })

  it('of very many days keeps those of some and refuses the others', () => {
    const wide = { ...options, oldestNs: 0n }
    const { parts, rejected } = decodeEvents(Buffer.from(Array.from({ length: 1000 }, (_, i) => `{"time":${i * 86_400},"a":1}`).join('\n')), wide)
    expect(parts[0]?.tables).toHaveLength(MAX_PART_DAYS)
    expect(rejected).toHaveLength(1000 - MAX_PART_DAYS)
    const names = decodeEvents(Buffer.from(Array.from({ length: 20_000 }, (_, i) => `{"time":${(i % 100) * 86_400},"k${i % 3001}":1}`).join('\n')), wide)
    expect(names.parts[0]!.tables.reduce((sum, { columns }) => sum + columns.length, 0)).toBeLessThan(30_000)
    expect(names.rejected[0]?.reason).toMatch(/too many different days/)
  })

  it('of the smallest events ends at a limit', () => {
    const { received, rejected } = decode('{}\n'.repeat(MAX_REQUEST_EVENTS + 10))
    expect(received).toBe(MAX_REQUEST_EVENTS + 1)
    expect(rejected).toEqual([{ index: MAX_REQUEST_EVENTS, reason: expect.stringContaining('this event and all after it') }])
  })

  it('that repeats objects under one key is decoded in little time', () => {
    const event = `{${'"a":{"b":1,"c":{"d":2}},'.repeat(400)}"e":1}`
    const startedMs = performance.now()
    expect(decode(`${event}\n`.repeat(200)).rejected).toEqual([])
    expect(performance.now() - startedMs).toBeLessThan(SLOW_MS)
  })
})

function decode(body: string): DecodedEvents {
  return decodeEvents(Buffer.from(body), options)
}

function spansOf(events: readonly string[]): { start: number; end: number }[] {
  let start = 1
  return events.map((event) => {
    const span = { start, end: start + Buffer.byteLength(event) }
    start = span.end + 1
    return span
  })
}

/** Every event of the request in order, as texts that can be compared. */
function plainEvents({ parts, rejected }: Pick<DecodedEvents, 'parts' | 'rejected'>): string[] {
  const found: string[] = []
  let first = 0
  for (const { rows, tables } of parts) {
    for (const table of tables) for (const [index, { timeOffset, values }] of rowsOf(table).entries()) {
      const row = values.get('_row') ?? index
      expect(found[first + Number(row)]).toBeUndefined()
      found[first + Number(row)] = comparable({ timeNs: table.dayNs + BigInt(timeOffset), attributes: new Map([...values].filter(([name]) => name !== '_row')) })
    }
    first += rows
  }
  for (const { index } of rejected) found[index] = 'rejected'
  return found
}

/** What the plain decoder makes of an event. */
function lineOf(text: string): string {
  const event = plainEventOf(text)
  if (event === undefined) return 'rejected'
  const { timeNs = RECEIVED_NS, attributes } = event
  return timeNs < options.oldestNs || timeNs > options.newestNs ? 'rejected' : comparable({ timeNs, attributes })
}

function comparable({ timeNs, attributes }: PlainEvent): string {
  const sorted = [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))
  return `${timeNs} ${JSON.stringify(sorted, (_, value: unknown) => (Object.is(value, -0) ? 'negative zero' : value))}`
}

import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { rowsOf } from '@millrace/fragment/plain-rows'
import { runToEnd, type DecodedEvents, type DecodeOptions } from '../decoded-events.ts'
import { decodeHecInSteps, HecSyntaxError } from './decode-hec.ts'

const NOW_NS = 1_795_600_000_000_000_000n
const DAY_NS = 86_400_000_000_000n
const options: DecodeOptions = { receivedNs: NOW_NS, oldestNs: NOW_NS - 30n * DAY_NS, newestNs: NOW_NS + 600_000_000_000n, maxPartBytes: 512 * 1024 }
const decode = (body: string | Uint8Array): DecodedEvents => runToEnd(decodeHecInSteps(typeof body === 'string' ? Buffer.from(body) : body, options))

function eventsOf({ parts }: DecodedEvents): readonly Readonly<Record<string, unknown>>[] {
  return parts.flatMap(({ tables }) => tables.flatMap((table) => rowsOf(table).map(({ timeOffset, values }) => ({ ns: table.dayNs + BigInt(timeOffset), ...Object.fromEntries([...values].filter(([name]) => name !== '_row')) }))))
}

describe('events of an HTTP Event Collector', () => {
  it('are found one behind the other, in lines, in an array, and with white space', () => {
    for (const between of ['', '\n', ' \r\n\t', ',']) expect(eventsOf(decode(['{"event":"a"}', '{"event":"b"}'].join(between))).map(({ message }) => message)).toEqual(['a', 'b'])
    expect(eventsOf(decode('[{"event":"a"},{"event":"b"}]')).length).toBe(2)
  })

  it('carry time, host and source outside of the event, which go before what the event says of itself', () => {
    const [event] = eventsOf(decode('{"time":"1795599999.25","host":"h1","source":"/var/log/x","sourcetype":"nginx","index":"main","fields":{"zone":"eu","n":[1,2]},"event":{"message":"m","host":"h2","status":500,"http":{"path":"/"}}}'))
    expect(event).toEqual({ 'ns': NOW_NS - 750_000_000n, 'message': 'm', 'host': 'h1', '@host': 'h2', 'source': 'nginx', 'status': '500', '@http.path': '/', '@splunk_source': '/var/log/x', '@index': 'main', '@zone': 'eu', '@n': { json: '[1,2]' } })
  })

  it('may be a number, a literal or an array', () => {
    expect(eventsOf(decode('{"event":7}{"event":true}')).map(({ message }) => message)).toEqual(['7', 'true'])
    expect(eventsOf(decode('{"event":[1,{"a":2}]}'))).toMatchObject([{ '@event': { json: '[1,{"a":2}]' } }])
  })

  it('are understood as splunk-logging sends them', () => {
    const body = readFileSync(new URL('../../testdata/splunk/splunk-logging', import.meta.url))
    expect(eventsOf(decode(body))).toMatchObject([
      { 'ns': 1_795_600_000_123_000_000n, 'host': 'h1', 'source': 'node', '@index': 'main', '@severity': undefined, 'status': 'error' }, { '@message.code': 5, '@message.nested.deep': true }, { message: 'another "one"' },
    ].map((expected) => expect.objectContaining(Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined))) as unknown))
  })

  it.each([
    ['', 'no-data', 0], [' \n', 'no-data', 0], ['{}', 'event-missing', 0], ['{"event":"a"}{"host":"x"}', 'event-missing', 1], ['{"event":""}', 'event-blank', 0], ['{"event":null}', 'event-blank', 0],
    ['{"event":"a"}x', 'invalid', 1], ['{"event":"a"', 'invalid', 0], ['7', 'invalid', 0], ['{"event":"a","host":{}}', 'invalid', 0], ['{"event":{"a":}}', 'invalid', 0],
  ] as const)('refuses %j as a whole: %s, event %d', (body, problem, index) => {
    expect(() => decode(body)).toThrow(HecSyntaxError)
    try {
      decode(body)
    } catch (error) {
      expect([(error as HecSyntaxError).problem, (error as HecSyntaxError).index]).toEqual([problem, index])
    }
  })

  it('keep the others when some are too old', () => {
    const decoded = decode('{"event":"old","time":1}{"event":"new","time":1795599999}')
    expect(decoded.rejected).toEqual([{ index: 0, reason: 'older than the retention' }])
    expect(eventsOf(decoded).map(({ message }) => message)).toEqual(['new'])
  })

  it('keep every text and every field, whatever it is', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 }).map((value) => value.toWellFormed())
    fc.assert(fc.property(fc.array(fc.record({ event: text, fields: fc.dictionary(fc.stringMatching(/^[a-z]{3}$/), text) }), { minLength: 1, maxLength: 5 }), (events) => {
      const found = eventsOf(decode(events.map((event) => JSON.stringify(event)).join('')))
      expect(found.map(({ ns: _, ...values }) => values)).toEqual(events.map(({ event, fields }) => ({ message: event, ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [`@${name}`, value])) })))
    }))
  })
})

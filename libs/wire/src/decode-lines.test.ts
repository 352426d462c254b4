import fc from 'fast-check'
import { rowsOf } from '@millrace/fragment/plain-rows'
import { decodeEventsInSteps } from './decode-events.ts'
import { runToEnd, type DecodedEvents, type DecodeOptions } from './decoded-events.ts'
import { decodeLinesInSteps } from './decode-lines.ts'
import { reservedDefaults } from './reserved-attributes.ts'

const options: DecodeOptions = { receivedNs: 1_795_600_000_000_000_000n, oldestNs: 0n, newestNs: 2n ** 62n, maxPartBytes: 4096 }

function valuesOf({ parts }: DecodedEvents): readonly Readonly<Record<string, unknown>>[] {
  return parts.flatMap(({ tables }) => tables.flatMap((table) => rowsOf(table).map(({ values }) => Object.fromEntries([...values].filter(([name]) => name !== '_row')))))
}

describe('lines', () => {
  it('are messages, whatever bytes they hold; empty ones are none', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), fc.constantFrom('\n', '\r\n'), (lines, end) => {
      const body = Buffer.concat(lines.flatMap((line) => [line, Buffer.from(end)]))
      const expected = body.toString('utf8').split('\n').map((line) => line.replace(/\r$/, '')).filter((line) => line !== '')
      expect(valuesOf(runToEnd(decodeLinesInSteps(body, options)))).toEqual(expected.map((message) => ({ message })))
    }))
  })

  it('get what the request says of all of them', () => {
    const decoded = runToEnd(decodeLinesInSteps(Buffer.from('a\nb'), options, reservedDefaults({ service: 's', tags: 'x:y', host: '' })))
    expect(valuesOf(decoded)).toEqual([{ message: 'a', service: 's', tags: 'x:y' }, { message: 'b', service: 's', tags: 'x:y' }])
  })
})

describe('defaults of a request', () => {
  const decode = (body: string): readonly Readonly<Record<string, unknown>>[] => valuesOf(runToEnd(decodeEventsInSteps(Buffer.from(body), options, { defaults: reservedDefaults({ service: 'd', source: 'src', tags: 'b:2' }) })))

  it('fill what an event lacks, and no more', () => {
    expect(decode('[{"message":"m"},{"message":"n","service":"own","ddsource":"nginx"},{"service":null}]')).toEqual([
      { message: 'm', service: 'd', source: 'src', tags: 'b:2' }, { message: 'n', service: 'own', source: 'nginx', tags: 'b:2' }, { '@service': null, 'service': 'd', 'source': 'src', 'tags': 'b:2' },
    ])
  })

  it('add their tags to those of the event, however it writes them', () => {
    const tags = (value: string): unknown => decode(`{"ddtags":${value}}`)[0]?.['tags']
    expect([tags('"a:1"'), tags('"a:\\u0031"'), tags('["a:1","c"]'), tags('7'), tags('""'), tags('[1]')]).toEqual(['a:1,b:2', 'a:1,b:2', 'a:1,c,b:2', '7,b:2', 'b:2', 'b:2'])
  })

  it('are those of their own request only', () => {
    expect(valuesOf(runToEnd(decodeEventsInSteps(Buffer.from('{"message":"m"}'), options)))).toEqual([{ message: 'm' }])
  })

  it('hold in every part of a request', () => {
    const events = Array.from({ length: 300 }, (_, n) => ({ message: `message ${n}`, [`key${n}`]: n }))
    const decoded = runToEnd(decodeEventsInSteps(Buffer.from(JSON.stringify(events)), options, { defaults: reservedDefaults({ service: 'd' }) }))
    expect(decoded.parts.length).toBeGreaterThan(1)
    expect(valuesOf(decoded).every(({ service }) => service === 'd')).toBe(true)
  })
})

describe('a message that is too long', () => {
  it('is cut at a character, and only the message is', () => {
    const decode = (message: string): unknown => valuesOf(runToEnd(decodeEventsInSteps(Buffer.from(`{"message":"${message}","other":"${message}"}`), { ...options, maxEventBytes: 1e6 }, { maxMessageBytes: 10 })))[0]
    expect(decode('0123456789')).toEqual({ 'message': '0123456789', '@other': '0123456789' })
    expect(decode('0123456789a')).toEqual({ 'message': '0123456789', '@other': '0123456789a' })
    expect(decode('012345678\u20acx')).toEqual({ 'message': '012345678', '@other': '012345678\u20acx' })
    expect(decode('01234567\\n\\n\\n')).toEqual({ 'message': '01234567\n\n', '@other': '01234567\n\n\n' })
  })
})

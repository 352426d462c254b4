import fc from 'fast-check'
import { rowsOf } from '@millrace/fragment/plain-rows'
import { runToEnd, type DecodeOptions } from '../decoded-events.ts'
import { decodeSyslogInSteps } from './decode-syslog.ts'
import { parseSyslogMessage, type SyslogMessage } from './parse-message.ts'
import { MAX_SYSLOG_BYTES, SyslogStream } from './split-stream.ts'

const RECEIVED_MS = Date.UTC(2026, 10, 26, 9, 0, 30)
const parse = (text: string, receivedMs = RECEIVED_MS): SyslogMessage => parseSyslogMessage(text, receivedMs)
const ns = (iso: string): bigint => BigInt(Date.parse(iso)) * 1_000_000n

describe('a syslog message', () => {
  it('of RFC 5424 says everything by name', () => {
    expect(parse('<165>1 2026-11-26T09:00:29.123456789+01:00 web1 app 8710 ID47 [a@32473 k="v\\"\\]" n=""][b x="1"] \ufeffthe message')).toEqual({
      severity: 5, facility: 20, timeNs: ns('2026-11-26T08:00:29Z') + 123_456_789n, isPrecise: true, writtenTime: '', host: 'web1', app: 'app', processId: '8710', messageId: 'ID47',
      data: [['a@32473', 'k', 'v"]'], ['a@32473', 'n', ''], ['b', 'x', '1']], message: 'the message',
    })
    expect(parse('<0>1 - - - - - -')).toMatchObject({ severity: 0, facility: 0, timeNs: undefined, host: '', app: '', data: [], message: '' })
  })

  it.each([
    ['<34>Nov 26 09:00:20 web1 su[12]: failed', { host: 'web1', app: 'su', processId: '12', message: 'failed', timeNs: ns('2026-11-26T09:00:20Z'), severity: 2, facility: 4 }],
    ['<13>Nov 26 10:00:20 me: by logger, an hour east', { host: '', app: 'me', message: 'by logger, an hour east', timeNs: ns('2026-11-26T09:00:20Z') }],
    ['<13>Nov  6 09:00:20 web1 app: three weeks late', { host: 'web1', timeNs: ns('2026-11-06T09:00:20Z') }],
    ['<30>2026-11-26T09:00:20.5Z web1 systemd: as rsyslog forwards', { host: 'web1', app: 'systemd', timeNs: ns('2026-11-26T09:00:20.5Z'), isPrecise: true, writtenTime: '' }],
    ['<13>no time at all', { host: '', app: '', message: 'no time at all', timeNs: undefined }],
    ['<13>app: no time', { app: 'app', message: 'no time' }],
    ['<14>1 - h a - - - counted, with the end of its line\n', { message: 'counted, with the end of its line' }],
    ['no priority', { severity: 5, facility: 1, message: 'no priority' }],
    ['<192>too high', { message: '<192>too high' }],
    ['<14>1 2026-13-26T09:00:20Z h a - - - broken time', { severity: 6, facility: 1, message: '1 2026-13-26T09:00:20Z h a - - - broken time' }],
    ['<14>1 - h a - - [x k="v" broken data', { message: '1 - h a - - [x k="v" broken data' }],
  ] as const)('of other kinds is understood as far as it goes: %s', (text, expected) => {
    expect(parse(text)).toMatchObject(expected)
  })

  it('without a year is of the year that brings it nearest', () => {
    expect(parse('<13>Dec 31 23:59:59 h a: x', Date.UTC(2027, 0, 1, 0, 0, 2)).timeNs).toBe(ns('2026-12-31T23:59:59Z'))
    expect(parse('<13>Jan  1 00:00:01 h a: x', Date.UTC(2026, 11, 31, 23, 59, 58)).timeNs).toBe(ns('2027-01-01T00:00:01Z'))
  })

  it('is never lost, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '<13>', '<13>1 ', '<13>1 - - - - - ', '<13>Nov 26 09:00:20 '), (text, prefix) => {
      const { message, host, app, processId, data } = parse(prefix + text)
      const said = [message, host, app, processId, ...data.flat()].join('')
      for (const word of text.match(/[a-z\d]{3,}/g) ?? []) expect(said).toContain(word)
    }))
  })
})

describe('a stream of syslog', () => {
  const split = (bytes: Uint8Array, cuts: readonly number[]): readonly string[] => {
    const stream = new SyslogStream()
    const found: Uint8Array[] = []
    let at = 0
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      found.push(...stream.push(bytes.subarray(at, Math.max(at, cut))))
      at = Math.max(at, cut)
    }
    found.push(...stream.push(bytes.subarray(at)))
    const last = stream.end()
    return [...found, ...(last === undefined ? [] : [last])].map((message) => Buffer.from(message).toString('utf8'))
  }

  it('gives the messages that were put in, however each is framed and wherever it is cut', () => {
    const message = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).filter((text) => !/[\n\0\r]/.test(text)).map((text) => `<13>${text}`)
    const framed = fc.record({ message, frame: fc.constantFrom('counted', '\n', '\0', '\r\n') })
    fc.assert(fc.property(fc.array(framed, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 5 }), (messages, cuts) => {
      const bytes = Buffer.concat(messages.map(({ message: text, frame }) => Buffer.from(frame === 'counted' ? `${Buffer.byteLength(text)} ${text}` : text + frame)))
      expect(split(bytes, cuts.map((cut) => Math.min(cut, bytes.length)))).toEqual(messages.map(({ message: text }) => text))
    }))
  })

  it('keeps the beginning of a message that is too long, and what follows', () => {
    const long = 'x'.repeat(MAX_SYSLOG_BYTES + 5000)
    expect(split(Buffer.from(`<13>${long}\n<13>next\n`), [10, 70_000]).map((text) => [text.length, text.slice(0, 8)])).toEqual([[MAX_SYSLOG_BYTES, '<13>xxxx'], [8, '<13>next']])
    expect(split(Buffer.from(`${long.length} ${long}9 <13>next!`), [10, 70_000]).map(({ length }) => length)).toEqual([MAX_SYSLOG_BYTES, 9])
  })

  it('becomes events', () => {
    const options: DecodeOptions = { receivedNs: BigInt(RECEIVED_MS) * 1_000_000n, oldestNs: 0n, newestNs: 2n ** 62n, maxPartBytes: 4096 }
    const { parts, received } = runToEnd(decodeSyslogInSteps(Buffer.from('<34>Nov 26 09:00:20 web1 su[12]: failed\n<165>1 - h a - ID [x.y k="v"] m'), options))
    expect(received).toBe(2)
    const events = parts.flatMap(({ tables }) => tables.flatMap((table) => rowsOf(table).map(({ values }) => Object.fromEntries([...values].filter(([name]) => name !== '_row')))))
    expect(events).toEqual([
      { 'message': 'failed', 'status': 'critical', 'source': 'syslog', 'service': 'su', 'host': 'web1', '@syslog.facility': 'auth', '@syslog.procid': '12', '@syslog.timestamp': 'Nov 26 09:00:20' },
      { 'message': 'm', 'status': 'notice', 'source': 'syslog', 'service': 'a', 'host': 'h', '@syslog.facility': 'local4', '@syslog.msgid': 'ID', '@x\\.y.k': 'v' },
    ])
  })
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { compressSync } from 'snappy'
import { rowsOf } from '@millrace/fragment/plain-rows'
import { runToEnd, type DecodedEvents, type DecodeOptions } from '../decoded-events.ts'
import { JsonShapeError } from '../json-cursor.ts'
import { decodePushJsonInSteps, decodePushProtobufInSteps } from './decode-push.ts'
import { LabelSyntaxError, parseLabels } from './stream-labels.ts'
import { SnappyError, undoSnappy } from './undo-snappy.ts'

const NOW_NS = 1_795_600_000_000_000_000n
const DAY_NS = 86_400_000_000_000n
const options: DecodeOptions = { receivedNs: NOW_NS, oldestNs: NOW_NS - 30n * DAY_NS, newestNs: NOW_NS + 600_000_000_000n, maxPartBytes: 512 * 1024 }
const { root } = protobuf.parse(`syntax = "proto3";
  message Timestamp { int64 seconds = 1; int32 nanos = 2; }
  message Label { string name = 1; string value = 2; }
  message Entry { Timestamp timestamp = 1; string line = 2; repeated Label structuredMetadata = 3; }
  message Stream { string labels = 1; repeated Entry entries = 2; uint64 hash = 3; }
  message Push { repeated Stream streams = 1; }`)
const Push = root.lookupType('Push')

interface Stream {
  readonly labels: Readonly<Record<string, string>>
  readonly entries: readonly { readonly ns: bigint; readonly line: string; readonly metadata: Readonly<Record<string, string>> }[]
}

const jsonOf = (streams: readonly Stream[]): Uint8Array => Buffer.from(JSON.stringify({ streams: streams.map(({ labels, entries }) => ({ stream: labels, values: entries.map(({ ns, line, metadata }) => [String(ns), line, metadata]) })) }))
const protobufOf = (streams: readonly Stream[]): Uint8Array => Push.encode(Push.fromObject({
  streams: streams.map(({ labels, entries }) => ({
    labels: `{${Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`,
    entries: entries.map(({ ns, line, metadata }) => ({ timestamp: { seconds: String(ns / 1_000_000_000n), nanos: Number(ns % 1_000_000_000n) }, line, structuredMetadata: Object.entries(metadata).map(([name, value]) => ({ name, value })) })),
  })),
})).finish()

function eventsOf({ parts }: DecodedEvents): readonly Readonly<Record<string, unknown>>[] {
  return parts.flatMap(({ tables }) => tables.flatMap((table) => rowsOf(table).map(({ timeOffset, values }) => ({ ns: table.dayNs + BigInt(timeOffset), ...Object.fromEntries([...values].filter(([name]) => name !== '_row').sort(([a], [b]) => (a < b ? -1 : 1))) }))))
}

const decodeJson = (body: Uint8Array): DecodedEvents => runToEnd(decodePushJsonInSteps(body, options))
const decodeProtobuf = (body: Uint8Array): DecodedEvents => runToEnd(decodePushProtobufInSteps(body, options))

describe('a push to Loki', () => {
  it('becomes the same events from either encoding, whatever it holds', () => {
    // Printable: how Go quotes others differs from JSON.
    const value = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 })
    const labels = fc.dictionary(fc.constantFrom('app', 'service_name', 'level', 'host', 'region', 'pod_name'), value)
    const entry = fc.record({ ns: fc.bigInt({ min: NOW_NS - DAY_NS, max: NOW_NS }), line: fc.string({ unit: 'binary' }).map((line) => line.toWellFormed()), metadata: fc.dictionary(fc.constantFrom('trace_id', 'level', 'user'), value) })
    fc.assert(fc.property(fc.array(fc.record({ labels, entries: fc.array(entry, { maxLength: 4 }) }), { maxLength: 3 }), (streams) => {
      const events = eventsOf(decodeJson(jsonOf(streams)))
      expect(eventsOf(decodeProtobuf(protobufOf(streams)))).toEqual(events)
      expect(events.map(({ ns, message }) => [ns, message]).sort()).toEqual(streams.flatMap(({ entries }) => entries.map(({ ns, line }) => [ns, line])).sort())
    }), { numRuns: 300 })
  })

  it('is understood as real clients send it', () => {
    const read = (folder: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../testdata/${folder}/winston-loki`, import.meta.url)))
    const permissive = { ...options, oldestNs: 0n, newestNs: NOW_NS * 2n }
    for (const decoded of [runToEnd(decodePushJsonInSteps(read('loki-json'), permissive)), runToEnd(decodePushProtobufInSteps(read('loki-protobuf'), permissive))]) {
      expect(eventsOf(decoded)).toMatchObject([{ 'service': 'winston', 'status': 'warn', '@kind': 'x', '@region': 'eu' }])
    }
  })

  it('keeps a label under its own name too, unless it is the first of those that a reserved attribute may have', () => {
    const streams = [{ labels: { job: 'j', severity: 'info', host: 'h' }, entries: [{ ns: NOW_NS, line: 'x', metadata: {} }] }]
    expect(eventsOf(decodeJson(jsonOf(streams)))).toEqual([{ 'ns': NOW_NS, 'message': 'x', 'service': 'j', 'status': 'info', 'host': 'h', '@job': 'j', '@severity': 'info', '_verbatim': true }])
  })

  it('takes the first of several labels as a reserved attribute, and keeps the others', () => {
    const streams = [{ labels: { app: 'a', job: 'j', service_name: 's', level: 'warn' }, entries: [{ ns: NOW_NS, line: 'x', metadata: { level: 'error' } }] }]
    expect(eventsOf(decodeJson(jsonOf(streams)))).toEqual([{ 'ns': NOW_NS, 'message': 'x', 'service': 's', 'status': 'error', '@app': 'a', '@job': 'j', '_verbatim': true }])
  })

  it('keeps the other entries when one cannot be taken', () => {
    const body = JSON.stringify({ streams: [{ stream: {}, values: [[String(NOW_NS), 'good'], ['1', 'old'], ['soon', 'x'], [String(NOW_NS)], [String(NOW_NS), 7], [String(NOW_NS), 'also good']] }] })
    const decoded = decodeJson(Buffer.from(body))
    expect(decoded.received).toBe(6)
    expect(decoded.rejected.map(({ index }) => index)).toEqual([1, 2, 3, 4])
    expect(eventsOf(decoded).map(({ message }) => message)).toEqual(['good', 'also good'])
  })

  it('is refused as a whole where it is no push', () => {
    for (const body of ['', '[]', '{"streams":{}}', '{"streams":[{"stream":7,"values":[]}]}', '{"streams":[{"stream":{},"values":[7]}]}', '{"streams":[']) expect(() => decodeJson(Buffer.from(body))).toThrow(JsonShapeError)
    expect(() => decodeProtobuf(Push.encode(Push.fromObject({ streams: [{ labels: 'job="x"' }] })).finish())).toThrow(LabelSyntaxError)
  })
})

describe('labels', () => {
  it('are read as Go quotes them', () => {
    expect(parseLabels('{}')).toEqual([])
    expect(parseLabels(' { job = "a\\"b\\\\c\\n" , k8s_pod="\\u00fc\\x41",}')).toEqual([['job', 'a"b\\c\n'], ['k8s_pod', '\u00fcA']])
    for (const text of ['', '{', '{job}', '{job="x}', '{job="x" y="z"}', '{="x"}', `{${'a="b",'.repeat(100)}}`]) expect(() => parseLabels(text)).toThrow(LabelSyntaxError)
  })
})

describe('snappy', () => {
  it('is undone up to a size, and never beyond', async () => {
    const plain = Buffer.alloc(100_000, 'log line ')
    const packed = compressSync(plain)
    expect(plain.equals(await undoSnappy(packed, 100_000))).toBe(true)
    await expect(undoSnappy(packed, 99_999)).rejects.toMatchObject({ name: 'SnappyError', isTooLarge: true })
    await expect(undoSnappy(packed.subarray(0, 50), 100_000)).rejects.toThrow(SnappyError)
    await expect(undoSnappy(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), 100_000)).rejects.toThrow(SnappyError)
  })

  it('counts labels as bytes of each entry, and refuses entries where that makes the body many times larger', () => {
    const push = (bytes: number, count: number): readonly Stream[] => [{ labels: { a: 'x'.repeat(bytes) }, entries: Array.from({ length: count }, () => ({ ns: NOW_NS, line: 'l', metadata: {} })) }]
    for (const decode of [(streams: readonly Stream[]) => decodeJson(jsonOf(streams)), (streams: readonly Stream[]) => decodeProtobuf(protobufOf(streams))]) {
      const many = decode(push(100_000, 3000))
      expect(many.received).toBe(3000)
      expect(many.rejected.length).toBeGreaterThan(1500)
      expect(many.rejected.at(-1)?.reason).toContain('what events share makes more than')
      expect(decode(push(1_100_000, 1)).rejected.map(({ reason }) => reason)).toEqual(['larger than 1048576 bytes with what it shares with others'])
      expect(decode(push(1000, 3000)).rejected).toEqual([])
    }
  })
})

/** What each protocol's decoder takes: `node libs/wire/src/protocols.bench.ts`. Bodies of 1,000 events; CPU of this process. */
import { readFileSync } from 'node:fs'
import { runToEnd, type DecodeOptions, type DecodeSteps } from './decoded-events.ts'
import { JsonCursor } from './json-cursor.ts'
import { JsonReader } from './json-reader.ts'
import { decodePushJsonInSteps, decodePushProtobufInSteps } from './loki/decode-push.ts'
import { decodeLogsJsonInSteps } from './otlp/decode-logs-json.ts'
import { decodeLogsProtobufInSteps } from './otlp/decode-logs-protobuf.ts'
import { decodeHecInSteps } from './splunk/decode-hec.ts'
import { decodeSyslogInSteps } from './syslog/decode-syslog.ts'

const EVENTS = 1000
const SECONDS = 3
const NOW_NS = 1_795_600_000_000_000_000n
const options: DecodeOptions = { receivedNs: NOW_NS, oldestNs: 0n, newestNs: 2n ** 62n, maxPartBytes: 512 * 1024 }
const captured = (folder: string, name: string): Buffer => readFileSync(new URL(`../testdata/${folder}/${name}`, import.meta.url))
const many = (one: Uint8Array, count: number): Uint8Array => Buffer.concat(Array.from({ length: count }, () => one))

/** A captured request is one resource of four records; a message that stands several times is one with all their fields. */
const otlpProtobuf = many(captured('otlp-protobuf', 'opentelemetry-js'), EVENTS / 4)
const lokiProtobuf = many(captured('loki-protobuf', 'winston-loki'), EVENTS)
const arrayOf = (body: Buffer, member: string, count: number): Uint8Array => {
  const reader = new JsonReader()
  reader.load([body])
  const cursor = new JsonCursor(reader)
  for (let key = cursor.firstKey(); key !== undefined; key = cursor.nextKey()) {
    const start = cursor.skip()
    if (key !== member) continue
    const elements = body.subarray(start + 1, cursor.at - 1).toString('utf8')
    return Buffer.from(`{"${member}":[${Array.from({ length: count }, () => elements).join(',')}]}`)
  }
  throw new Error(`a captured body has ${member}`)
}

const CASES: readonly (readonly [name: string, body: Uint8Array, decode: (body: Uint8Array, options: DecodeOptions) => DecodeSteps])[] = [
  ['OTLP protobuf', otlpProtobuf, decodeLogsProtobufInSteps],
  ['OTLP JSON', arrayOf(captured('otlp-json', 'opentelemetry-js'), 'resourceLogs', EVENTS / 4), decodeLogsJsonInSteps],
  ['Loki protobuf, a stream each', lokiProtobuf, decodePushProtobufInSteps],
  ['Loki JSON, a stream each', arrayOf(captured('loki-json', 'winston-loki'), 'streams', EVENTS), decodePushJsonInSteps],
  ['Splunk HEC', many(captured('splunk', 'splunk-logging'), Math.floor(EVENTS / 3)), decodeHecInSteps],
  ['syslog', many(Buffer.from('<34>1 2026-11-26T09:00:20.123456Z web1 su 12 ID47 [a@32473 k="v"] authentication failed for user root\n'), EVENTS), decodeSyslogInSteps],
]

for (const [name, body, decode] of CASES) {
  const received = runToEnd(decode(body, options)).received
  for (let warm = 0; warm < 50; warm++) runToEnd(decode(body, options))
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  let events = 0
  let bytes = 0
  while (performance.now() - startMs < SECONDS * 1000) {
    events += runToEnd(decode(body, options)).received
    bytes += body.length
  }
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (user + system) / 1e6
  console.log(`${name.padEnd(30)} ${((seconds * 1e6) / events).toFixed(2)} s/M ${Math.round(events / seconds).toString().padStart(8)} events/s ${Math.round(bytes / seconds / 1e6).toString().padStart(4)} MB/s  ${Math.round(body.length / received)} bytes/event`)
}

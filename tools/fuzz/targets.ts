import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeEvents } from '@millrace/wire/decode-events'
import { runToEnd, type DecodeOptions, type DecodeSteps } from '@millrace/wire/decoded-events'
import { decodeLinesInSteps } from '@millrace/wire/decode-lines'
import { BulkSyntaxError, splitBulk } from '@millrace/wire/elasticsearch/decode-bulk'
import { JsonShapeError } from '@millrace/wire/json-cursor'
import { decodePushJsonInSteps, decodePushProtobufInSteps } from '@millrace/wire/loki/decode-push'
import { LabelSyntaxError } from '@millrace/wire/loki/stream-labels'
import { decodeLogsJsonInSteps } from '@millrace/wire/otlp/decode-logs-json'
import { decodeLogsProtobufInSteps } from '@millrace/wire/otlp/decode-logs-protobuf'
import { ProtobufError } from '@millrace/wire/protobuf-reader'
import { decodeHecInSteps, HecSyntaxError } from '@millrace/wire/splunk/decode-hec'
import { decodeSyslogInSteps } from '@millrace/wire/syslog/decode-syslog'
import { madeInputs } from './made-inputs.ts'
import type { FuzzTarget } from './run-fuzz.ts'

/** Every decoder, with what real clients sent as its inputs, and what was made to take long. */
export async function fuzzTargets(): Promise<readonly FuzzTarget[]> {
  const captured = await readCaptured()
  const made = madeInputs()
  const target = (name: string, folder: string, decode: (body: Uint8Array) => unknown, refusals: readonly (new (...args: never[]) => Error)[] = []): FuzzTarget => ({
    name, read: decode, inputs: [...(captured.get(folder) ?? []), ...(made.get(folder) ?? [])], isRefusal: (error) => refusals.some((kind) => error instanceof kind),
  })
  const steps = (decode: (body: Uint8Array, options: DecodeOptions) => DecodeSteps) => (body: Uint8Array): unknown => runToEnd(decode(body, OPTIONS))
  return [
    target('events', 'json', (body) => decodeEvents(body, OPTIONS)),
    target('lines', 'json', steps(decodeLinesInSteps)),
    target('elasticsearch bulk', 'bulk', (body) => splitBulk(body, 'logs'), [BulkSyntaxError]),
    target('splunk hec', 'splunk', steps(decodeHecInSteps), [HecSyntaxError]),
    target('syslog', 'syslog', steps(decodeSyslogInSteps)),
    target('loki json', 'loki-json', steps(decodePushJsonInSteps), [JsonShapeError, LabelSyntaxError]),
    target('loki protobuf', 'loki-protobuf', steps(decodePushProtobufInSteps), [ProtobufError, LabelSyntaxError]),
    target('otlp json', 'otlp-json', steps(decodeLogsJsonInSteps), [JsonShapeError]),
    target('otlp protobuf', 'otlp-protobuf', steps(decodeLogsProtobufInSteps), [ProtobufError]),
  ]
}

const NOW_NS = 1_795_600_000_000_000_000n
const DAY_NS = 86_400_000_000_000n
const OPTIONS: DecodeOptions = { receivedNs: NOW_NS, oldestNs: NOW_NS - 10_000n * DAY_NS, newestNs: NOW_NS + 10_000n * DAY_NS, maxPartBytes: 512 * 1024 }

/** The files below libs/wire/testdata, by folder. */
async function readCaptured(): Promise<ReadonlyMap<string, readonly Uint8Array[]>> {
  const root = join(import.meta.dirname, '../../libs/wire/testdata')
  const folders = new Map<string, readonly Uint8Array[]>()
  for (const folder of await readdir(root)) {
    const files = (await readdir(join(root, folder))).sort()
    folders.set(folder, await Promise.all(files.map(async (file) => new Uint8Array(await readFile(join(root, folder, file))))))
  }
  return folders
}

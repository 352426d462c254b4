/**
 * Prints CPU microseconds per event of what the router does to a batch of 2,000 events: nothing to be done for it, lines of a web server, JSON in the message,
 * secrets looked for in every value, sampling. Run it with `node`; the first argument is the number of events.
 */
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf } from '@millrace/fragment/plain-rows'
import { systemClock } from '@millrace/runtime/system-clock'
import { compilePipelines, type CompiledPipeline } from './compile-pipelines.ts'
import { defaultPipelines } from './default-pipelines.ts'
import { parsePipelineDocument } from './pipeline-document.ts'
import { processBatch } from './process-batch.ts'

const EVENTS = Number(process.argv[2] ?? 100_000)
const BATCH = 2_000
const DAY_NS = 20_000n * 86_400_000_000_000n

const plain = (n: number): object => ({ 'message': `request ${(n * 2654435761 % 2 ** 32).toString(16)} for user u${n % 9973} finished in ${n % 500} ms`, 'service': `service-${n % 20}`, 'host': `host-${n % 200}`, 'status': 'info', '@http.status_code': 200, '@bytes': n * 7919 % 1_000_003, '@user_id': `u${n % 9973}` })
const line = (n: number): object => ({ source: 'nginx', host: `host-${n % 200}`, message: `203.0.113.${n % 250} - - [04/Oct/2024:13:55:${String(n % 60).padStart(2, '0')} +0000] "GET /api/orders/${n % 5000}?page=${n % 7} HTTP/1.1" ${n % 9 === 0 ? 502 : 200} ${n * 31 % 90_000} "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/${100 + n % 28}.0"` })
const json = (n: number): object => ({ host: `host-${n % 200}`, message: JSON.stringify({ level: 'info', msg: `order ${n} is paid`, service: `service-${n % 20}`, http: { method: 'GET', status_code: 200 }, duration: n % 500 / 10, user: `u${n % 9973}` }) })
const own = (...processors: readonly object[]): readonly CompiledPipeline[] => compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', processors }] }))

for (const [name, make, pipelines] of [
  ['defaults, plain events', plain, defaultPipelines()],
  ['defaults, nginx', line, defaultPipelines()],
  ['defaults, JSON messages', json, defaultPipelines()],
  ['redact 3 secrets, all values', plain, own({ type: 'redact', secrets: ['email', 'credit-card', 'jwt'] })],
  ['sample by user', plain, own({ type: 'sample', rate: 0.5, by: '@user_id' })],
  ['drop by status', plain, own({ type: 'drop', if: 'status:debug' })],
] as const) {
  const batches = Array.from({ length: 10 }, (_, batch) => {
    const table = tableOf(Array.from({ length: BATCH }, (_, i) => ({ timeOffset: i * 1e6, values: new Map(Object.entries(make(batch * BATCH + i)) as [string, string | number][]) })), { dayNs: DAY_NS })
    return { tenantId: 't', receivedMs: Number(DAY_NS / 1_000_000n), sourceOffset: undefined, requests: [], fragments: [{ kind: 'log' as const, dayNs: DAY_NS, rows: BATCH, bytes: encodeFragment(table, { purpose: 'fresh' }) }] }
  })
  let best = Infinity
  let outcome = ''
  for (let round = 0; round < 3; round++) {
    const started = process.cpuUsage()
    for (let at = 0; at < EVENTS; at += BATCH) {
      const batch = batches[at / BATCH % batches.length]
      if (batch === undefined) throw new Error('no batch')
      const { bytes, droppedEvents } = await processBatch(pipelines, batch, { clock: systemClock, stream: 'g/0', offset: at, retentionDays: 30, maxRecordBytes: 1_048_576 })
      outcome = bytes === undefined ? 'same bytes' : `${batch.fragments[0]?.bytes.length} to ${bytes.length} bytes, ${droppedEvents} gone`
    }
    const { user, system } = process.cpuUsage(started)
    best = Math.min(best, user + system)
  }
  console.log(`${name.padEnd(30)} ${(best / EVENTS).toFixed(2)} us/event  ${outcome}`)
}

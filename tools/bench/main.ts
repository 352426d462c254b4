/** What the standalone does with one core's worth of logs: ingest, disk, memory, and the eight questions. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { runBench } from './run-bench.ts'

const options = readOptions('npm run bench -- [options]: ingest, disk, memory and eight questions on a fresh standalone', {
  events: { default: 2_000_000, about: 'events to send' },
  seed: { default: 1, about: 'equal seeds send equal events' },
  connections: { default: 2, about: 'connections that send' },
  'body-mb': { default: 3, about: 'size of a body, MB' },
  runs: { default: 10, about: 'warm runs of each question' },
  report: { default: 'dist/bench.json', about: 'file for the figures' },
  keep: { default: false, about: 'keep the folder' },
})

const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
const report = await runBench({ ...options, bodyBytes: options['body-mb'] * 1e6, folder, onProgress: (line) => console.error(line) })
const { ingest } = report
const rounded = (value: number): number => Math.round(value * 10) / 10
console.log(`${report.events} events of ${rounded(report.bytesPerEventJson)} bytes as JSON, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), client included`)
console.table({
  'events/s': Math.round(ingest.eventsPerSecond), 'events per CPU s': Math.round(ingest.eventsPerCpuSecond), 'CPU s per million': rounded(1e6 / ingest.eventsPerCpuSecond),
  'CPU s per million, sealed': rounded(ingest.settledCpuSecondsPerMillion), 'ack p50 ms': ingest.ackMs.p50, 'ack p99 ms': ingest.ackMs.p99,
  'searchable p50 ms': ingest.searchableMs.p50, 'searchable p99 ms': ingest.searchableMs.p99, 'probes': ingest.searchableMs.probes, 'bytes/event sealed': rounded(ingest.bytesPerEventSealed),
  'peak RSS first half MB': ingest.peakRssMb.firstHalf, 'peak RSS second half MB': ingest.peakRssMb.secondHalf, 'ratio': rounded(ingest.peakRssMb.ratio), '429/503 replies': ingest.busyReplies,
})
console.log(`on disk: ${Object.entries(ingest.diskBytes).map(([name, bytes]) => `${name} ${rounded(bytes / 1e6)} MB`).join(', ')}`)
console.table(report.questions.map(({ name, coldMs, minMs, medianMs, cpuMs, problem }) => ({ name, 'cold ms': rounded(coldMs), 'warm min ms': rounded(minMs), 'median ms': rounded(medianMs), 'CPU ms': rounded(cpuMs), answer: problem ?? 'right' })))
await mkdir(join(options.report, '..'), { recursive: true })
await writeFile(options.report, JSON.stringify(report, undefined, 2))
if (options.keep) console.log(`kept ${folder}`)
else await rm(folder, { recursive: true })
console.log(`bench: ${report.isRight ? 'all answers are right' : 'RED: an answer is wrong'}`)
process.exitCode = report.isRight ? 0 : 1

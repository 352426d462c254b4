import { availableParallelism, cpus } from 'node:os'
import { sumOf, type BenchPart } from './bench-system.ts'
import type { IngestReport, IngestUse } from './measure-ingest.ts'
import type { BenchReport } from './run-bench.ts'
import type { ProfileWindow, TopFunction } from './top-functions.ts'

/** Prints the figures as tables for people. */
export function printReport({ events, bytesPerEventJson, warmUp, ingest, disk, sentEvents, questions }: BenchReport, parts: readonly BenchPart[]): void {
  console.log(`${events} events of ${rounded(bytesPerEventJson)} bytes as JSON, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), client included`)
  if (warmUp !== undefined) console.log(`while warming up: searchable p50 ${warmUp.searchableMs.p50} ms, p99 ${warmUp.searchableMs.p99} ms after the acknowledgement, ${warmUp.searchableMs.probes} probes`)
  const idle = lowestIdle(warmUp === undefined ? ingest : [warmUp, ...ingest])
  for (const report of ingest) printIngest(report, parts, idle)
  console.table(Object.fromEntries(disk.filter(({ bytes }) => bytes >= sentEvents * SHOWN_BYTES).map(({ name, bytes, isKept }) => [name, { 'MB': rounded(bytes / 1e6), 'bytes/event': rounded(bytes / sentEvents), 'kept': isKept ? 'yes' : 'for a while' }])))
  if (disk.length > 0) console.log(`kept of an event: ${rounded(sumOf(disk, ({ bytes, isKept }) => (isKept ? bytes : 0)) / sentEvents)} bytes, of ${sentEvents} sent in all`)
  console.table(questions.map(({ name, coldMs, minMs, medianMs, againMs, cpuMs, problem }) => ({
    name, 'cold ms': rounded(coldMs), 'warm min ms': rounded(minMs), 'median ms': rounded(medianMs), 'asked again ms': rounded(againMs),
    ...Object.fromEntries(QUESTIONED.filter((part) => part in cpuMs).map((part) => [`${part} CPU ms`, rounded(cpuMs[part] ?? NaN)])), answer: problem ?? 'right',
  })))
}

/** Of an event. What rounds to nothing is left out. */
const SHOWN_BYTES = 0.05

/** Parts that work for a question. */
const QUESTIONED = ['standalone', 'gateway', 'query', 'cassandra', 'elasticsearch', 'redis']

function printIngest({ entrance, events, seconds, eventsPerSecond, ackMs, searchableMs, busyReplies, settledSeconds, hasSettled, use }: IngestReport, parts: readonly BenchPart[], idle: ReadonlyMap<string, number>): void {
  console.log(`\n${entrance}: ${Math.round(eventsPerSecond)} events/s for ${rounded(seconds)} s, ack p50 ${ackMs.p50} ms, p99 ${ackMs.p99} ms, ${busyReplies} replies 429 or 503; ${hasSettled ? 'settled' : 'STILL BUSY'} after ${rounded(settledSeconds)} s`
    + (searchableMs.probes === 0 ? '' : `; searchable p50 ${searchableMs.p50} ms, p99 ${searchableMs.p99} ms, ${searchableMs.probes} probes`))
  const rowOf = (names: readonly string[]): Readonly<Record<string, number>> => {
    const sum = (value: (own: IngestUse) => number): number => sumOf(names, (name) => { const own = use[name]; return own === undefined ? NaN : value(own) })
    const settled = sum((own) => own.settled)
    const idleMs = sumOf(names, (name) => idle.get(name) ?? NaN)
    return {
      'until acknowledged': rounded(sum((own) => own.acknowledged)), 'until settled': rounded(settled), 'settled less idle': rounded(settled - (idleMs * settledSeconds * 1000) / events), 'idle, CPU ms/s': rounded(idleMs),
      'peak RSS MB': sum(({ peakRssMb }) => peakRssMb.firstHalf), 'second half': sum(({ peakRssMb }) => peakRssMb.secondHalf),
    }
  }
  const together = (['app', 'engine'] as const).map((kind): [string, readonly string[]] => [`all ${kind}s`, parts.filter((part) => part.kind === kind).map(({ name }) => name)]).filter(([, names]) => names.length > 1)
  console.log('CPU seconds per million events')
  console.table(Object.fromEntries([...parts.map(({ name }): [string, readonly string[]] => [name, [name]]), ...together].map(([name, names]) => [name, rowOf(names)])))
}

/** Of each part what it used while least was going on: work of an earlier sending, such as removing its packs, falls into some of the pauses. */
function lowestIdle(reports: readonly IngestReport[]): ReadonlyMap<string, number> {
  const lowest = new Map<string, number>()
  for (const { use } of reports) for (const [name, { idle }] of Object.entries(use)) lowest.set(name, Math.min(idle, lowest.get(name) ?? Infinity))
  return lowest
}

/** Prints where the time of each part goes. */
export function printTopFunctions({ name: window }: ProfileWindow, functions: readonly TopFunction[]): void {
  for (const part of new Set(functions.map((own) => own.part))) {
    console.log(`\n${part}, ${window}`)
    for (const { name, share, seconds } of functions.filter((own) => own.part === part)) console.log(`  ${(share * 100).toFixed(1).padStart(5)} %  ${seconds.toFixed(2).padStart(6)} s  ${name}`)
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

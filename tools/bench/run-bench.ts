import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, createTenant, type MillraceClient } from '../client/millrace-client.ts'
import { waitUntilComplete } from '../ledger/check-ledger.ts'
import { percentileOf } from '../load/percentile.ts'
import { freePort } from '../process/free-port.ts'
import { folderBytes, readUsage, resetPeak } from '../process/process-usage.ts'
import { startStandalone } from '../process/standalone-process.ts'
import { buildBodies } from './build-bodies.ts'
import { probeFreshness } from './probe-freshness.ts'
import { benchQuestions, type BenchQuestion } from './questions.ts'
import { sendBodies } from './send-bodies.ts'

export interface BenchOptions {
  readonly events: number
  readonly seed: number
  readonly connections: number
  readonly bodyBytes: number
  /** Warm runs of each question. */
  readonly runs: number
  readonly folder: string
  readonly onProgress: (line: string) => void
}

export interface BenchReport {
  readonly events: number
  readonly bytesPerEventJson: number
  readonly ingest: {
    readonly seconds: number
    readonly eventsPerSecond: number
    /** Of the process, until the last acknowledgement. */
    readonly cpuSeconds: number
    readonly eventsPerCpuSecond: number
    readonly ackMs: { readonly p50: number; readonly p99: number }
    readonly searchableMs: { readonly p50: number; readonly p99: number; readonly probes: number }
    readonly busyReplies: number
    /** Until the folder stood still: sealing and merging included. */
    readonly settledSeconds: number
    readonly settledCpuSecondsPerMillion: number
    /** Of sealed fragments with catalog and index: what stays of an event. Packs and the log are removed some minutes later. */
    readonly bytesPerEventSealed: number
    readonly diskBytes: Readonly<Record<string, number>>
    readonly peakRssMb: { readonly firstHalf: number; readonly secondHalf: number; readonly ratio: number }
  }
  readonly questions: readonly QuestionReport[]
  readonly isRight: boolean
}

export interface QuestionReport {
  readonly name: string
  readonly about: string
  readonly coldMs: number
  readonly minMs: number
  readonly medianMs: number
  /** Mean of the process over the warm runs. */
  readonly cpuMs: number
  readonly problem: string | undefined
}

const SPAN_MS = 3_600_000

/** Measures one fresh standalone: ingest by `_bulk`, then eight questions, whose answers are checked. */
export async function runBench({ events, seed, connections, bodyBytes, runs, folder, onProgress }: BenchOptions): Promise<BenchReport> {
  const baseMs = Math.floor((Date.now() - SPAN_MS - MARGIN_MS) / 60_000) * 60_000
  onProgress(`making ${events} events`)
  const bodies = await buildBodies({ path: join(folder, 'bodies.ndjson'), events, seed, baseMs, spanMs: SPAN_MS, bodyBytes })
  const dataFolder = join(folder, 'data')
  await using instance = startStandalone({ port: await freePort(), dataFolder, logFile: join(folder, 'standalone.log') })
  if ((await instance.ready()) === 'ended') throw new Error('the standalone ended at once')
  const { url, pid } = instance
  const tenant = await createTenant(url, instance.adminKey, 'bench')
  const client = createClient(url, tenant.apiKey)

  onProgress('sending')
  const before = readUsage(pid)
  const startedMs = performance.now()
  let firstPeak = 0
  const probing = new AbortController()
  const probes = probeFreshness(url, tenant.apiKey, probing.signal)
  const sending = await sendBodies(bodies, {
    url, apiKey: tenant.apiKey, connections,
    onSent: (sent) => {
      if (firstPeak > 0 || sent < events / 2) return
      firstPeak = readUsage(pid).peakRssBytes
      resetPeak(pid)
    },
  })
  const acked = readUsage(pid)
  probing.abort()
  const probeMs = await probes
  await waitUntilComplete(client, { from: new Date(baseMs).toISOString(), to: new Date(baseMs + SPAN_MS).toISOString() }, Date.now())
  onProgress('waiting until sealing has settled')
  await settle(dataFolder, pid)
  const settled = readUsage(pid)
  const settledSeconds = (performance.now() - startedMs) / 1000
  const disk = await folderBytes(dataFolder, groupOf)

  const questions: QuestionReport[] = []
  for (const question of benchQuestions(bodies.figures, { baseMs, spanMs: SPAN_MS })) {
    onProgress(`${question.name}: ${question.about}`)
    questions.push(await measure(question, client, pid, runs))
  }
  const cpuSeconds = acked.cpuSeconds - before.cpuSeconds
  const staying = [...disk].reduce((sum, [group, bytes]) => sum + (TEMPORARY.has(group) ? 0 : bytes), 0)
  const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
  return {
    events, bytesPerEventJson: bodies.eventBytes / events, questions,
    ingest: {
      seconds: sending.seconds, eventsPerSecond: events / sending.seconds, cpuSeconds, eventsPerCpuSecond: events / cpuSeconds,
      ackMs: { p50: percentileOf(sending.ackMs, 0.5), p99: percentileOf(sending.ackMs, 0.99) },
      searchableMs: { p50: percentileOf(probeMs, 0.5), p99: percentileOf(probeMs, 0.99), probes: probeMs.length },
      busyReplies: sending.busyReplies, settledSeconds, settledCpuSecondsPerMillion: ((settled.cpuSeconds - before.cpuSeconds) / events) * 1e6,
      bytesPerEventSealed: staying / events, diskBytes: Object.fromEntries(disk),
      peakRssMb: { firstHalf: megabytes(firstPeak), secondHalf: megabytes(acked.peakRssBytes), ratio: acked.peakRssBytes / firstPeak },
    },
    isRight: questions.every(({ problem }) => problem === undefined),
  }
}

/** The events end this long ago, so that probes, which happen now, are in no answer. */
const MARGIN_MS = 180_000
const SETTLED_MS = 8000
const SETTLE_TIMEOUT_MS = 180_000

const TEMPORARY: ReadonlySet<string> = new Set(['bus', 'objects/pack'])

/** The folder of an engine; objects by their kind, which their names begin with. */
function groupOf(path: string): string {
  const [folder = '', , name = ''] = path.split('/')
  return folder === 'objects' ? `objects/${name.split('-')[0]}` : folder
}

/** Waits until the folder has kept its size, and the process has been nearly idle, for some seconds. */
async function settle(folder: string, pid: number): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS
  let since = performance.now()
  let last = -1
  let cpu = readUsage(pid).cpuSeconds
  while (performance.now() < deadline && performance.now() - since < SETTLED_MS) {
    await sleep(1000)
    const size = [...(await folderBytes(folder, groupOf)).values()].reduce((sum, bytes) => sum + bytes, 0)
    const now = readUsage(pid).cpuSeconds
    if (Math.abs(size - last) > 65_536 || now - cpu > 0.25) since = performance.now()
    last = size
    cpu = now
  }
}

async function measure(question: BenchQuestion, client: MillraceClient, pid: number, runs: number): Promise<QuestionReport> {
  const { name, about } = question
  const timed = async (): Promise<number> => {
    const startedMs = performance.now()
    const answer = await question.ask(client)
    const elapsed = performance.now() - startedMs
    problem ??= answer.meta.complete ? question.problemOf(answer) : `incomplete: ${JSON.stringify(answer.meta.warnings)}`
    return elapsed
  }
  let problem: string | undefined
  try {
    const coldMs = await timed()
    const before = readUsage(pid).cpuSeconds
    const times: number[] = []
    for (let run = 0; run < runs; run++) times.push(await timed())
    return { name, about, coldMs, minMs: Math.min(...times), medianMs: percentileOf(times, 0.5), cpuMs: ((readUsage(pid).cpuSeconds - before) / runs) * 1000, problem }
  } catch (error) {
    return { name, about, coldMs: NaN, minMs: NaN, medianMs: NaN, cpuMs: NaN, problem: String(error) }
  }
}

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from '../engines/engine.ts'
import type { LedgerVerdict } from '../ledger/check-ledger.ts'
import type { LoadSummary } from '../load/run-load.ts'
import type { QueryStatistics, QuestionEnd } from '../questions/ask-questions.ts'
import { openLedgerRun } from '../questions/ledger-run.ts'
import { addressesOf } from '../service-set/engine-addresses.ts'
import { startServiceSet } from '../service-set/service-set.ts'
import { faultText, type Phase } from './chaos-plan.ts'
import { injectFault } from './inject-fault.ts'

export interface ChaosOptions {
  readonly engines: readonly Engine[]
  readonly phases: readonly Phase[]
  readonly seed: number
  readonly rate: number
  readonly batch: number
  readonly tenants: number
  readonly queries: number
  /** After the last fault of a phase, until answers must be complete again. */
  readonly recoveryMs: number
  /** The answers to what is asked in so long are counted together. */
  readonly watchMs: number
  /** Pause between two faults of a phase. */
  readonly pauseMs: number
  /** Holds the ledger and the services' logs. */
  readonly folder: string
  readonly onProgress?: (line: string) => void
}

export interface ChaosReport {
  readonly faults: readonly FaultRecord[]
  readonly windows: readonly WindowRecord[]
  readonly load: LoadSummary
  readonly queries: QueryStatistics
  readonly answers: Readonly<Record<QuestionEnd['outcome'], number>>
  readonly verdict: LedgerVerdict
  readonly problems: readonly string[]
  readonly isGreen: boolean
}

export interface FaultRecord {
  readonly fault: string
  readonly startedMs: number
  /** Until it was mended. */
  readonly tookMs: number
}

/** The answers to the questions of one window after a fault: of the first in which they seemed complete again, or of the last that they had. */
export interface WindowRecord {
  readonly afterFault: string
  /** From the mending of the fault to the first of these questions. */
  readonly afterMs: number
  readonly asked: number
  readonly complete: number
}

/** Share of the answers that must be complete when nothing has been wrong for a while. */
const MIN_COMPLETE_SHARE = 0.99
const CUT_SHARE = 0.02
/** Before the first fault: a second or two of it is the first questions' own. */
const WARM_UP_MS = 5_000
/** Nearly every answer comes within it when nothing is wrong. */
const ANSWER_MS = 5_000
const CHECK_TIMEOUT_MS = 120_000

/** Lets services and engines fail one after the other under load and questions, then checks the ledger and every answer that was given. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { engines, folder, seed, onProgress = () => undefined } = options
  await using services = await startServiceSet({ engines: addressesOf(engines), folder: join(folder, 'logs'), replicas: { router: 2, writer: 2 } })
  const { url, adminKey } = services
  await using run = await openLedgerRun({ url, adminKey, name: 'chaos', folder, seed, tenants: options.tenants, arePipelinesOn: true })
  const ends: QuestionEnd[] = []
  const stop = new AbortController()
  const working = run.sendAndAsk({ rate: options.rate, batch: options.batch, cutShare: CUT_SHARE, queries: options.queries, onEnd: (end) => ends.push(end) }, stop.signal)

  const problems: string[] = []
  const faults: FaultRecord[] = []
  const watched: Window[] = []
  await sleep(WARM_UP_MS)
  try {
    for (const phase of options.phases) {
      for (const fault of phase) {
        const startedMs = Date.now()
        const problem = await injectFault(fault, services, engines)
        faults.push({ fault: faultText(fault), startedMs, tookMs: Date.now() - startedMs })
        onProgress(`${faults.length}: ${faultText(fault)}: mended after ${Date.now() - startedMs} ms${problem === undefined ? '' : `; ${problem}`}`)
        await sleep(options.pauseMs)
      }
      watched.push(await watchRecovery(ends, faults.at(-1), options))
    }
  } catch (error) {
    problems.push(`the run broke off: ${String(error)}`)
  }
  stop.abort()
  const { load, queries } = await working
  // Once more now that each question has its end: one that hung was not counted before.
  const windows = watched.map((window) => recordOf(ends, window))
  for (const window of windows) onProgress(`answers ${secondsText(window)} after ${window.afterFault}: ${window.complete} of ${window.asked} complete`)
  onProgress('checking the ledger')
  const verdict = await run.check({ timeoutMs: CHECK_TIMEOUT_MS })

  problems.push(...load.unexpected.map((reason) => `unexpected reply: ${reason}`), ...queries.wrong, ...services.services.flatMap(({ unexpectedEnds }) => unexpectedEnds))
  for (const window of windows) if (!isComplete(window)) problems.push(`${secondsText(window)} after ${window.afterFault} only ${window.complete} of ${window.asked} answers were complete`)
  const answers = { complete: 0, incomplete: 0, unanswered: 0 }
  for (const { outcome } of ends) answers[outcome] += 1
  return { faults, windows, load, queries, answers, verdict, problems, isGreen: verdict.isGreen && problems.length === 0 }
}

interface Window {
  readonly afterFault: string
  /** When that was mended, ms since 1970, as the others. */
  readonly mendedMs: number
  readonly fromMs: number
  readonly toMs: number
}

/** Window after window, until one is complete or the last has begun within which answers must be. */
async function watchRecovery(ends: readonly QuestionEnd[], fault: FaultRecord | undefined, { recoveryMs, watchMs }: ChaosOptions): Promise<Window> {
  const { fault: afterFault, startedMs, tookMs } = fault ?? { fault: '', startedMs: Date.now(), tookMs: 0 }
  const mendedMs = startedMs + tookMs
  for (;;) {
    const fromMs = Date.now()
    await sleep(watchMs)
    const window = { afterFault, mendedMs, fromMs, toMs: Date.now() }
    await sleep(ANSWER_MS) // what was asked last must not meet the next fault
    if (isComplete(recordOf(ends, window)) || Date.now() - mendedMs >= recoveryMs) return window
  }
}

/** Of the questions that were asked in it, however long they took. */
function recordOf(ends: readonly QuestionEnd[], { afterFault, mendedMs, fromMs, toMs }: Window): WindowRecord {
  const inside = ends.filter(({ askedMs }) => askedMs >= fromMs && askedMs < toMs)
  return { afterFault, afterMs: fromMs - mendedMs, asked: inside.length, complete: inside.filter(({ outcome }) => outcome === 'complete').length }
}

function isComplete({ asked, complete }: WindowRecord): boolean {
  return asked > 0 && complete >= asked * MIN_COMPLETE_SHARE
}

function secondsText({ afterMs }: WindowRecord): string {
  return `${Math.round(afterMs / 1000)} s`
}

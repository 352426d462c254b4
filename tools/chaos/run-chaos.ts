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

/** The answers to the questions of one window after a fault: of the first in which they were complete again, or of the last that they had. */
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
  const windows: WindowRecord[] = []
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
      const window = await watchRecovery(ends, faults.at(-1)?.fault ?? '', options)
      windows.push(window)
      onProgress(`answers ${Math.round(window.afterMs / 1000)} s after ${window.afterFault}: ${window.complete} of ${window.asked} complete`)
    }
  } catch (error) {
    problems.push(`the run broke off: ${String(error)}`)
  }
  stop.abort()
  const { load, queries } = await working
  onProgress('checking the ledger')
  const verdict = await run.check({ timeoutMs: CHECK_TIMEOUT_MS })

  problems.push(...load.unexpected.map((reason) => `unexpected reply: ${reason}`), ...queries.wrong, ...services.services.flatMap(({ unexpectedEnds }) => unexpectedEnds))
  for (const window of windows) if (!isComplete(window)) problems.push(`${Math.round(window.afterMs / 1000)} s after ${window.afterFault} only ${window.complete} of ${window.asked} answers were complete`)
  const answers = { complete: 0, incomplete: 0, unanswered: 0 }
  for (const { outcome } of ends) answers[outcome] += 1
  return { faults, windows, load, queries, answers, verdict, problems, isGreen: verdict.isGreen && problems.length === 0 }
}

/** Window after window, until one is complete or the time is over in which one must be. */
async function watchRecovery(ends: readonly QuestionEnd[], afterFault: string, { recoveryMs, watchMs }: ChaosOptions): Promise<WindowRecord> {
  const mendedMs = Date.now()
  for (;;) {
    const fromMs = Date.now()
    await sleep(watchMs)
    const toMs = Date.now()
    await sleep(ANSWER_MS) // what was asked last must neither go uncounted nor meet the next fault
    // Of the questions that were asked in it, however long they took.
    const inside = ends.filter(({ askedMs }) => askedMs >= fromMs && askedMs < toMs)
    const window = { afterFault, afterMs: fromMs - mendedMs, asked: inside.length, complete: inside.filter(({ outcome }) => outcome === 'complete').length }
    if (isComplete(window) || Date.now() - mendedMs > recoveryMs) return window
  }
}

function isComplete({ asked, complete }: WindowRecord): boolean {
  return asked > 0 && complete >= asked * MIN_COMPLETE_SHARE
}

import type { LedgerVerdict } from '../../ledger/check-ledger.ts'
import type { LoadSummary } from '../../load/run-load.ts'
import type { QueryStatistics, QuestionEnd } from '../../questions/ask-questions.ts'
import { openLedgerRun } from '../../questions/ledger-run.ts'
import { recordAttempts, RETRY_PAUSES_MS, type AttemptRecord } from './attempts.ts'

export interface ClusterLoadOptions {
  readonly url: string
  readonly adminKey: string
  /** Holds the ledger. */
  readonly folder: string
  /** Events per second over all tenants. */
  readonly rate: number
  readonly batch: number
  readonly tenants: number
  /** Questions per second. */
  readonly queries: number
  readonly seed: number
  /** What is done to the cluster at this moment. */
  readonly phaseOf: () => string
}

export interface ClusterLoadReport {
  readonly load: LoadSummary
  readonly attempts: Pick<AttemptRecord, 'phases' | 'stillFailing' | 'late' | 'longestMs'>
  readonly queries: QueryStatistics
  readonly answers: Readonly<Record<QuestionEnd['outcome'], number>>
  readonly verdict: LedgerVerdict
  /** Why what was done to the cluster came to no end. */
  readonly brokeOff: string | undefined
}

/** Sends a steady load through the gateway and asks questions while `disturb` runs; then holds all answers against the ledger. */
export async function loadWhile(options: ClusterLoadOptions, disturb: () => Promise<void>): Promise<ClusterLoadReport> {
  const { url, adminKey, folder, rate, batch, queries: perSecond, seed, phaseOf } = options
  await using run = await openLedgerRun({ url, adminKey, name: 'kubernetes', folder, seed, tenants: options.tenants, arePipelinesOn: true })
  const answers = { complete: 0, incomplete: 0, unanswered: 0 }
  const attempts = recordAttempts(phaseOf)
  const stop = new AbortController()
  // No reply is cut on purpose: what fails here is the cluster's doing.
  const working = run.sendAndAsk({ rate, batch, cutShare: 0, retryPausesMs: RETRY_PAUSES_MS, transport: attempts.transport, queries: perSecond, onEnd: ({ outcome }) => { answers[outcome] += 1 } }, stop.signal)
  const brokeOff = await disturb().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)))
  stop.abort()
  const { load, queries } = await working
  const verdict = await run.check({ timeoutMs: CHECK_TIMEOUT_MS })
  return { load, attempts, queries, answers, verdict, brokeOff }
}

/** What was read again after the last kill must have come through. */
const CHECK_TIMEOUT_MS = 120_000

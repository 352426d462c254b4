import { Agent } from 'node:http'
import { join } from 'node:path'
import { createClient, createTenant, type Tenant } from '../../client/millrace-client.ts'
import { checkLedger, type LedgerVerdict } from '../../ledger/check-ledger.ts'
import { runName } from '../../load/ledger-event.ts'
import { openLedger } from '../../load/ledger.ts'
import { putLedgerPipelines } from '../../load/ledger-pipelines.ts'
import { runLoad, type LoadSummary } from '../../load/run-load.ts'
import { askQuestions, type QueryStatistics, type QuestionEnd } from '../../soak/ask-questions.ts'
import { factsSource, type RequestFacts } from '../../soak/request-facts.ts'
import { withFacts } from '../../soak/with-facts.ts'
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
  const { url, adminKey, folder, rate, batch, seed, phaseOf } = options
  const run = runName()
  const tenants: Tenant[] = []
  for (let index = 0; index < options.tenants; index++) tenants.push(await createTenant(url, adminKey, `kubernetes-${run}-${index}`))
  await putLedgerPipelines(url, adminKey, tenants)
  await using ledger = await openLedger(join(folder, 'ledger.ndjson'), { run, seed, tenants, startedMs: Date.now(), arePipelinesOn: true })
  const requests = tenants.map((): RequestFacts[] => [])
  const answers = { complete: 0, incomplete: 0, unanswered: 0 }
  const agent = new Agent({ keepAlive: true })
  const attempts = recordAttempts(phaseOf)
  const stop = new AbortController()
  const working = Promise.all([
    // No reply is cut on purpose: what fails here is the cluster's doing.
    runLoad({ url, ledger: withFacts(ledger, requests, factsSource(ledger.header)), rate, batch, cutShare: 0, retryPausesMs: RETRY_PAUSES_MS, transport: attempts.transport }, stop.signal),
    askQuestions({
      header: ledger.header, clients: tenants.map(({ apiKey }) => createClient(url, apiKey, agent)), requests, perSecond: options.queries, seed,
      onEnd: ({ outcome }) => { answers[outcome] += 1 },
    }, stop.signal),
  ])
  const brokeOff = await disturb().then(() => undefined, (error: unknown) => (error instanceof Error ? error.message : String(error)))
  stop.abort()
  const [load, queries] = await working
  agent.destroy()
  const verdict = await checkLedger(url, ledger, { timeoutMs: CHECK_TIMEOUT_MS })
  return { load, attempts, queries, answers, verdict, brokeOff }
}

/** What was read again after the last kill must have come through. */
const CHECK_TIMEOUT_MS = 120_000

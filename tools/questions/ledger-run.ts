import { Agent } from 'node:http'
import { join } from 'node:path'
import { createClient, createTenant, type Tenant } from '../client/millrace-client.ts'
import { checkLedger, type LedgerVerdict } from '../ledger/check-ledger.ts'
import { runName } from '../load/ledger-event.ts'
import { putLedgerPipelines } from '../load/ledger-pipelines.ts'
import { openLedger, type Ledger } from '../load/ledger.ts'
import { runLoad, type LoadOptions, type LoadSummary } from '../load/run-load.ts'
import { askQuestions, type AskOptions, type QueryStatistics } from './ask-questions.ts'
import { factsSource, type RequestFacts } from './request-facts.ts'
import { withFacts } from './with-facts.ts'

/** Tenants made for one run, which send into a ledger and ask questions whose right answers follow from it. */
export interface LedgerRun extends AsyncDisposable {
  readonly ledger: Ledger
  /** Until `signal` aborts and all requests have their end. */
  sendAndAsk(options: SendAndAskOptions, signal: AbortSignal): Promise<{ readonly load: LoadSummary; readonly queries: QueryStatistics }>
  /** Holds all that the system answers against the ledger. */
  check(options?: { readonly timeoutMs?: number }): Promise<LedgerVerdict>
}

export interface LedgerRunOptions {
  readonly url: string
  readonly adminKey: string
  /** Begins the tenants' names. */
  readonly name: string
  /** Holds the ledger. */
  readonly folder: string
  readonly seed: number
  readonly tenants: number
  /** Whether every second tenant has pipelines. */
  readonly arePipelinesOn: boolean
}

export interface SendAndAskOptions extends Omit<LoadOptions, 'url' | 'ledger'>, Pick<AskOptions, 'onEnd'> {
  /** Questions per second. */
  readonly queries: number
}

/** Makes the tenants and begins their ledger; sends nothing yet. */
export async function openLedgerRun({ url, adminKey, name, folder, seed, tenants: count, arePipelinesOn }: LedgerRunOptions): Promise<LedgerRun> {
  const run = runName()
  const tenants: Tenant[] = []
  for (let index = 0; index < count; index++) tenants.push(await createTenant(url, adminKey, `${name}-${run}-${index}`))
  if (arePipelinesOn) await putLedgerPipelines(url, adminKey, tenants)
  const ledger = await openLedger(join(folder, 'ledger.ndjson'), { run, seed, tenants, startedMs: Date.now(), arePipelinesOn })
  const requests = tenants.map((): RequestFacts[] => [])
  const agent = new Agent({ keepAlive: true })
  return {
    ledger,
    async sendAndAsk({ queries: perSecond, onEnd, ...load }, signal) {
      const [sent, asked] = await Promise.all([
        runLoad({ url, ledger: withFacts(ledger, requests, factsSource(ledger.header)), ...load }, signal),
        askQuestions({ header: ledger.header, clients: tenants.map(({ apiKey }) => createClient(url, apiKey, agent)), requests, perSecond, seed, ...(onEnd === undefined ? {} : { onEnd }) }, signal),
      ])
      return { load: sent, queries: asked }
    },
    check: async (options) => await checkLedger(url, ledger, options),
    async [Symbol.asyncDispose]() {
      agent.destroy()
      await ledger[Symbol.asyncDispose]()
    },
  }
}

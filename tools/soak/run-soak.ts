import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerVerdict } from '../ledger/check-ledger.ts'
import type { LoadSummary } from '../load/run-load.ts'
import { freePort } from '../process/free-port.ts'
import { readUsage, type ProcessUsage } from '../process/process-usage.ts'
import { startStandalone } from '../process/standalone-process.ts'
import type { QueryStatistics } from '../questions/ask-questions.ts'
import { openLedgerRun } from '../questions/ledger-run.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly rate: number
  readonly batch: number
  readonly tenants: number
  readonly queries: number
  readonly seed: number
  /** Holds the data, the ledger and the system's log. */
  readonly folder: string
  readonly onProgress?: (line: string) => void
}

export interface SoakReport {
  readonly load: LoadSummary
  readonly queries: QueryStatistics
  readonly verdict: LedgerVerdict
  readonly usage: ProcessUsage
  /** RSS every ten seconds. */
  readonly rssBytes: readonly number[]
  readonly problems: readonly string[]
  readonly isGreen: boolean
}

/** Share of the answers that must say that they are complete, and at most two seconds behind. */
const MIN_GOOD_SHARE = 0.999
const WATCH_MS = 10_000

/** Sends a steady load without faults and asks questions all the while. */
export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const { folder, seed, onProgress = () => undefined } = options
  await using instance = startStandalone({ port: await freePort(), dataFolder: join(folder, 'data'), logFile: join(folder, 'standalone.log') })
  if ((await instance.ready()) === 'ended') throw new Error('the standalone ended at once')
  const { url, adminKey } = instance
  await using run = await openLedgerRun({ url, adminKey, name: 'soak', folder, seed, tenants: options.tenants, arePipelinesOn: false })
  const stop = AbortSignal.timeout(options.minutes * 60_000)
  const rssBytes: number[] = []
  const watching = (async () => {
    while (!stop.aborted) {
      await sleep(WATCH_MS, undefined, { signal: stop }).catch(() => undefined)
      const { rssBytes: now, cpuSeconds } = readUsage(instance.pid)
      rssBytes.push(now)
      onProgress(`${run.ledger.requests.size} requests, RSS ${Math.round(now / 1e6)} MB, CPU ${cpuSeconds.toFixed(1)} s`)
    }
  })()
  const [{ load, queries }] = await Promise.all([run.sendAndAsk({ rate: options.rate, batch: options.batch, cutShare: 0, queries: options.queries }, stop), watching])
  const usage = readUsage(instance.pid)
  onProgress('checking the ledger')
  const verdict = await run.check()
  const problems = [...load.unexpected.map((reason) => `unexpected reply: ${reason}`), ...queries.wrong]
  if (queries.complete < queries.asked * MIN_GOOD_SHARE) problems.push(`only ${queries.complete} of ${queries.asked} answers are complete`)
  if (queries.fresh < queries.asked * MIN_GOOD_SHARE) problems.push(`only ${queries.fresh} of ${queries.asked} answers are at most two seconds behind`)
  if (load.sentEvents < options.rate * options.minutes * 60 * 0.95) problems.push(`only ${load.sentEvents} events were sent`)
  return { load, queries, verdict, usage, rssBytes, problems, isGreen: verdict.isGreen && problems.length === 0 }
}

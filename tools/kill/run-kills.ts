import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTenant, type Tenant } from '../client/millrace-client.ts'
import { checkLedger, type LedgerVerdict } from '../ledger/check-ledger.ts'
import { runName } from '../load/ledger-event.ts'
import { openLedger } from '../load/ledger.ts'
import { putLedgerPipelines } from '../load/ledger-pipelines.ts'
import { runLoad, type LoadSummary } from '../load/run-load.ts'
import { freePort } from '../process/free-port.ts'
import { within } from '../process/within.ts'
import { startStandalone, type StandaloneProcess } from '../process/standalone-process.ts'
import { FAILPOINT_NAMES, planKills, type PlannedKill } from './kill-plan.ts'

export interface KillOptions {
  readonly kills: number
  readonly rate: number
  readonly batch: number
  readonly tenants: number
  readonly seed: number
  /** Holds the data, the ledger, the system's log and the report. Must be empty. */
  readonly folder: string
  readonly onProgress?: (line: string) => void
}

export interface KillReport {
  readonly load: LoadSummary
  readonly verdict: LedgerVerdict
  /** How often the process ended itself at each failpoint. */
  readonly hits: Readonly<Record<string, number>>
  readonly killsByTool: number
  /** Failpoints that were not reached in time; the tool killed instead. */
  readonly missed: number
  readonly restartMs: readonly number[]
  readonly problems: readonly string[]
  readonly isGreen: boolean
}

/** Kills and restarts the real program again and again while events come in, then checks the ledger. */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const { folder, onProgress = () => undefined } = options
  const start = await openStarter(folder)
  const problems: string[] = []
  const restartMs: number[] = []
  const hits: Record<string, number> = Object.fromEntries(FAILPOINT_NAMES.map((name) => [name, 0]))
  let killsByTool = 0
  let missed = 0

  const run = runName()
  const first = start('')
  if ((await first.ready()) === 'ended') throw new Error('the first start ended at once')
  const tenants: Tenant[] = []
  for (let index = 0; index < options.tenants; index++) tenants.push(await createTenant(first.url, first.adminKey, `kill-${run}-${index}`))
  await putLedgerPipelines(first.url, first.adminKey, tenants)
  await first[Symbol.asyncDispose]()

  await using ledger = await openLedger(join(folder, 'ledger.ndjson'), { run, seed: options.seed, tenants, startedMs: Date.now(), arePipelinesOn: true })
  const stop = new AbortController()
  const loading = runLoad({ url: first.url, ledger, rate: options.rate, batch: options.batch, cutShare: CUT_SHARE }, stop.signal)
  let cycle = 0
  for (const planned of planKills(options.seed, options.kills)) {
    cycle += 1
    const instance = start(planned.by === 'failpoint' ? `${planned.name}:${planned.hit}` : '')
    const readyMs = await instance.ready()
    if (readyMs !== 'ended') restartMs.push(readyMs)
    const how = await endBy(planned, instance)
    const end = await instance.ended
    if (end.signal !== 'SIGKILL') problems.push(`cycle ${cycle} ended by itself: code ${end.code}, signal ${end.signal}`)
    if (how === 'failpoint' && planned.by === 'tool') problems.push(`cycle ${cycle} ended before it was killed`)
    if (how === 'failpoint' && planned.by === 'failpoint') hits[planned.name] = (hits[planned.name] ?? 0) + 1
    if (how === 'tool') killsByTool += 1
    if (how === 'missed') missed += 1
    const line = `kill ${cycle}/${options.kills}: ${planned.by === 'failpoint' ? `${planned.name}:${planned.hit}` : `after ${planned.afterMs} ms`}${how === 'missed' ? ' (not reached)' : ''}, ready after ${readyMs === 'ended' ? '-' : Math.round(readyMs)} ms`
    appendFileSync(join(folder, 'kills.log'), `${line}\n`)
    onProgress(line)
  }

  await using last = start('')
  if ((await last.ready()) === 'ended') throw new Error('the last start ended at once')
  stop.abort()
  const load = await loading
  onProgress('checking the ledger')
  const verdict = await checkLedger(last.url, ledger)
  for (const reason of load.unexpected) problems.push(`unexpected reply: ${reason}`)
  if (options.kills >= 2 * FAILPOINT_NAMES.length) for (const [name, count] of Object.entries(hits)) if (count === 0) problems.push(`no kill at ${name}`)
  return { load, verdict, hits, killsByTool, missed, restartMs, problems, isGreen: verdict.isGreen && problems.length === 0 }
}

const CUT_SHARE = 0.02
/** A failpoint that the load does not reach by then is counted as missed. */
const REACH_TIMEOUT_MS = 30_000

/** The same program on the same data and port, as often as wanted. */
async function openStarter(folder: string): Promise<(failpoints: string) => StandaloneProcess> {
  const port = await freePort()
  return (failpoints) => startStandalone({ port, dataFolder: join(folder, 'data'), logFile: join(folder, 'standalone.log'), failpoints })
}

async function endBy(planned: PlannedKill, instance: StandaloneProcess): Promise<'failpoint' | 'tool' | 'missed'> {
  if (await within(planned.by === 'tool' ? planned.afterMs : REACH_TIMEOUT_MS, instance.ended)) return 'failpoint'
  instance.kill('SIGKILL')
  return planned.by === 'tool' ? 'tool' : 'missed'
}

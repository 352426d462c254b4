import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FailpointName } from '@millrace/runtime/failpoints'
import { createTenant, type Tenant } from '../client/millrace-client.ts'
import { sendRequest, type Attempt, type OutgoingRequest } from '../client/send-request.ts'
import { checkLedger, type LedgerVerdict } from '../ledger/check-ledger.ts'
import { runName } from '../load/ledger-event.ts'
import { memoryLedger } from '../load/ledger.ts'
import { runLoad, type LoadSummary } from '../load/run-load.ts'
import { SeededNumbers } from '../load/seeded-numbers.ts'
import { freePort } from '../process/free-port.ts'
import { within } from '../process/within.ts'
import { fastClock } from './fast-clock.ts'
import { ADMIN_KEY, openCrashMachine, type CrashMachine } from './crash-machine.ts'

export interface CrashRunOptions {
  readonly seed: number
  readonly crashes: number
}

export interface CrashRunResult {
  readonly isGreen: boolean
  readonly load: LoadSummary | undefined
  readonly verdict: LedgerVerdict | undefined
  /** Crashes by the place where they happened. */
  readonly crashes: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

/**
 * The whole standalone in this process on a disk that forgets what was not synced: events come in, the power fails at failpoints and at random moments, the
 * clients repeat what they may, and at the end the ledger must be right. Minutes of crashes take seconds, since waits are shortened.
 */
export async function runCrashes({ seed, crashes }: CrashRunOptions): Promise<CrashRunResult> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-crash-'))
  const counts: Record<string, number> = {}
  const problems: string[] = []
  let load: LoadSummary | undefined
  let verdict: LedgerVerdict | undefined
  const stop = new AbortController()
  const clock = fastClock(SPEED)
  const onUnhandled = (reason: unknown): void => {
    if (!isOfDeadDisk(reason)) problems.push(`unhandled: ${String(reason)}`)
  }
  process.on('unhandledRejection', onUnhandled)
  try {
    const machine = openCrashMachine({ folder, seed, port: await freePort(), clock })
    let life = await machine.start()
    const tenants: Tenant[] = []
    const run = runName()
    for (let index = 0; index < TENANTS; index++) tenants.push(await createTenant(machine.url, ADMIN_KEY, `crash-${index}`))
    const ledger = memoryLedger({ run, seed, tenants, startedMs: clock.nowMs() })
    const loading = runLoad({ url: machine.url, ledger, rate: RATE, batch: BATCH, cutShare: CUT_SHARE, retryForMs: RETRY_FOR_MS, nowMs: () => clock.nowMs(), transport: transportOf(machine) }, stop.signal)
    try {
      for (const { failpoint, hit, afterMs } of planCrashes(seed, crashes)) {
        if (failpoint !== undefined) life.crashAt(failpoint, hit)
        const isReached = await within(failpoint === undefined ? afterMs : REACH_TIMEOUT_MS, life.crashed)
        const where = isReached && failpoint !== undefined ? failpoint : 'random'
        counts[where] = (counts[where] ?? 0) + 1
        problems.push(...(await life.crash()))
        life = await machine.start()
      }
      await sleep(LAST_RUN_MS)
    } finally {
      stop.abort()
      load = await loading
    }
    verdict = await checkLedger(machine.url, ledger, { timeoutMs: CHECK_TIMEOUT_MS })
    problems.push(...load.unexpected, ...verdict.examples, ...verdict.disagreements)
    await life.crash()
  } catch (error) {
    problems.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  } finally {
    process.off('unhandledRejection', onUnhandled)
    await rm(folder, { recursive: true, force: true })
  }
  return { isGreen: problems.length === 0 && verdict?.isGreen === true, load, verdict, crashes: counts, problems }
}

/** A flush comes every 40 ms instead of every 400, a seal every two seconds. */
const SPEED = 10
const TENANTS = 2
const RATE = 1000
const BATCH = 10
const CUT_SHARE = 0.05
/** A request that finds no one for this long has shown a system that does not come back. */
const RETRY_FOR_MS = 10_000
const REACH_TIMEOUT_MS = 3000
const CHECK_TIMEOUT_MS = 5000
/** Lets the last life seal. */
const LAST_RUN_MS = 300

interface PlannedCrash {
  readonly failpoint: FailpointName | undefined
  readonly hit: number
  readonly afterMs: number
}

/** Two of three at a failpoint, in turn. */
function planCrashes(seed: number, crashes: number): readonly PlannedCrash[] {
  const numbers = new SeededNumbers(seed, CRASH_STREAM)
  let turn = numbers.below(FAILPOINTS.length)
  return Array.from({ length: crashes }, (_, index) => {
    const failpoint = index % 3 === 2 ? undefined : FAILPOINTS[turn++ % FAILPOINTS.length]
    return { failpoint, hit: failpoint === 'inside-sealing' ? 1 : 1 + numbers.below(12), afterMs: 20 + numbers.below(400) }
  })
}

const CRASH_STREAM = 2 ** 44
const FAILPOINTS: readonly FailpointName[] = ['after-append', 'after-store', 'inside-commit', 'inside-sealing']

/** What a process without power throws, nobody hears. */
function isOfDeadDisk(reason: unknown): boolean {
  return reason instanceof Error && (reason.name === 'PowerFailure' || reason.message.includes('the power ') || isOfDeadDisk(reason.cause))
}

/** A reply that comes after the power failed never reached the client. */
function transportOf(machine: CrashMachine): (request: OutgoingRequest) => Promise<Attempt> {
  return async (request) => {
    const { current } = machine
    if (current === undefined || current.isCrashed) return { outcome: 'unsent', reason: 'the power is off' }
    const attempt = await sendRequest({ ...request, agent: current.agent })
    return current.isCrashed && attempt.outcome === 'replied' ? { outcome: 'unknown', reason: 'the power failed' } : attempt
  }
}

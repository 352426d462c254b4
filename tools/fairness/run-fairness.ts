import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createTenant } from '../client/millrace-client.ts'
import { startFairnessSystem, type FairnessSystem, type Quotas } from './fairness-system.ts'
import { eventBodies } from './event-bodies.ts'
import { readMachine, untilIdle } from './machine-usage.ts'
import { startNoisyTenant, type NoisyCounts, type NoisyOptions, type NoisyTenant } from './noisy-tenant.ts'
import { runQuietTenant, type QuietOptions, type QuietWindow } from './quiet-tenant.ts'

export interface FairnessOptions {
  readonly pairs: number
  readonly seconds: number
  /** Of the quiet tenant: its share. The noisy one tries `factor` times as much. */
  readonly requestsPerSecond: number
  readonly queriesPerSecond: number
  readonly eventsPerRequest: number
  readonly factor: number
  /** Events of one body of the noisy tenant. */
  readonly eventsPerBody: number
  readonly preloadMb: number
  readonly seed: number
  /** Holds data and log of the system. */
  readonly folder: string
  readonly onProgress?: (line: string) => void
}

export type Mode = 'quotas' | 'lifted'

/** What one window costs the machine, as cores. */
export interface WindowUsage {
  readonly systemCores: number
  readonly machineCores: number
  /** All cores there are. */
  readonly cores: number
}

export interface MeasuredWindow {
  readonly quiet: QuietWindow
  readonly usage: WindowUsage
}

/** One round: the same quiet load alone, beside the noisy tenant, and beside a process that burns what the noisy tenant made the system burn. */
export interface Round {
  readonly without: MeasuredWindow
  readonly with: MeasuredWindow
  readonly noisy: NoisyCounts
  readonly burnt: MeasuredWindow
}

const LIFTED: Quotas = { requestsPerSecond: 1e6, bytesPerSecond: 1e10 }
/** What a tenant may use beyond the quiet one's share before it is refused. */
const QUOTA_HEADROOM = 1.5
/** The noise before a window begins, so that it is measured in its steady state. */
const RAMP_MS = 2000
const QUIET_BODIES = 50
const QUIET_SPAN_MS = 5 * 60_000
const MB = 1024 * 1024

/** Fills a new system, then measures it in each mode: started anew on the same data, with its own quotas. */
export async function runFairness(options: FairnessOptions, modes: readonly Mode[]): Promise<ReadonlyMap<Mode, readonly Round[]>> {
  const { folder, onProgress = () => undefined } = options
  const baseMs = Date.now()
  const { quiet, noisy, share } = await (async () => {
    await using system = await startFairnessSystem(folder, LIFTED)
    const tenants = { quiet: await createTenant(system.url, system.adminKey, 'fairness-quiet'), noisy: await createTenant(system.url, system.adminKey, 'fairness-noisy') }
    const loads = loadsOf(options, tenants.quiet.apiKey, tenants.noisy.apiKey, baseMs)
    await using noisyTenant = await startNoisyTenant({ ...loads.noisy, url: system.url })
    const counts = await noisyTenant.preload()
    await runQuietTenant({ ...loads.quiet, url: system.url, seconds: 5 })
    await untilIdle(system.pids)
    onProgress(`filled: ${counts.takenBodies} bodies of the noisy tenant, ${Math.round(counts.takenBytes / MB)} MB`)
    return loads
  })()
  const rounds = new Map<Mode, readonly Round[]>()
  for (const mode of modes) {
    const quotas = mode === 'lifted' ? LIFTED : { requestsPerSecond: share.requestsPerSecond * QUOTA_HEADROOM, bytesPerSecond: share.bytesPerSecond * QUOTA_HEADROOM }
    await using system = await startFairnessSystem(folder, quotas)
    await using noisyTenant = await startNoisyTenant({ ...noisy, url: system.url })
    // Warm code and caches, of both tenants.
    noisyTenant.start()
    await runQuietTenant({ ...quiet, url: system.url, seconds: 5 })
    await noisyTenant.stop()
    const measured: Round[] = []
    for (let pair = 0; pair < options.pairs; pair++) {
      measured.push(await measureRound(system, { ...quiet, url: system.url }, noisyTenant, pair % 2 === 1))
      onProgress(`${mode} ${pair + 1}: ${roundText(measured.at(-1))}`)
    }
    rounds.set(mode, measured)
  }
  return rounds
}

interface Loads {
  readonly quiet: Omit<QuietOptions, 'url'>
  readonly noisy: Omit<NoisyOptions, 'url'>
  /** What the quiet tenant uses. */
  readonly share: Quotas
}

function loadsOf({ seconds, requestsPerSecond, queriesPerSecond, eventsPerRequest, factor, eventsPerBody, preloadMb, seed }: FairnessOptions, quietKey: string, noisyKey: string, baseMs: number): Loads {
  const bodies = eventBodies({ seed, bodies: QUIET_BODIES, eventsPerBody: eventsPerRequest, baseMs: baseMs - QUIET_SPAN_MS, spanMs: QUIET_SPAN_MS })
  const bodyBytes = bodies.reduce((sum, body) => sum + body.length, 0) / bodies.length
  return {
    quiet: { apiKey: quietKey, bodies, requestsPerSecond, queriesPerSecond, seconds },
    noisy: { apiKey: noisyKey, seed: seed + 1, baseMs, eventsPerBody, bodiesPerSecond: (factor * requestsPerSecond * eventsPerRequest) / eventsPerBody, queriesPerSecond: factor * queriesPerSecond, preloadBytes: preloadMb * MB },
    share: { requestsPerSecond: requestsPerSecond + queriesPerSecond, bytesPerSecond: requestsPerSecond * bodyBytes },
  }
}

async function measureRound(system: FairnessSystem, quiet: QuietOptions, noisyTenant: NoisyTenant, isNoisyFirst: boolean): Promise<Round> {
  const measureWithout = async (): Promise<MeasuredWindow> => {
    await untilIdle(system.pids)
    await sleep(RAMP_MS)
    return await measure(system, quiet)
  }
  const measureWith = async (): Promise<Pick<Round, 'with' | 'noisy'>> => {
    await untilIdle(system.pids)
    noisyTenant.start()
    await sleep(RAMP_MS)
    const window = await measure(system, quiet)
    return { with: window, noisy: await noisyTenant.stop() }
  }
  const first = isNoisyFirst ? await measureWith() : undefined
  const without = await measureWithout()
  const noise = first ?? (await measureWith())
  await untilIdle(system.pids)
  const burner = startBurner(Math.max(0, noise.with.usage.systemCores - without.usage.systemCores))
  await sleep(RAMP_MS)
  const burnt = await measure(system, quiet)
  burner.disconnect()
  await once(burner, 'exit')
  return { without, ...noise, burnt }
}

async function measure({ pids }: FairnessSystem, quiet: QuietOptions): Promise<MeasuredWindow> {
  const startedMs = performance.now()
  const before = readMachine(pids)
  const seen = await runQuietTenant(quiet)
  const after = readMachine(pids)
  const seconds = (performance.now() - startedMs) / 1000
  const cores = (cpuSeconds: number): number => Math.round((cpuSeconds / seconds) * 100) / 100
  return { quiet: seen, usage: { systemCores: cores(after.system - before.system), machineCores: cores(after.busy - before.busy), cores: Math.round((after.all - before.all) / seconds) } }
}

function startBurner(cores: number): ChildProcess {
  return fork(join(import.meta.dirname, 'burn-main.ts'), [String(cores)])
}

function roundText(round: Round | undefined): string {
  if (round === undefined) return ''
  const text = ({ quiet, usage }: MeasuredWindow): string => `ack p99 ${quiet.ackMs.p99}, query p99 ${quiet.queryMs.p99} ms (system ${usage.systemCores}, machine ${usage.machineCores} cores${quiet.failures > 0 ? `, ${quiet.failures} FAILURES: ${quiet.firstFailure}` : ''})`
  return `without ${text(round.without)}; with ${text(round.with)}; burnt ${text(round.burnt)}; noisy ${JSON.stringify(round.noisy)}`
}

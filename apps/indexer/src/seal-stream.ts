import type { CommitEntry, SealPosition } from '@millrace/catalog/catalog'
import { expireTenants } from './expire-tenants.ts'
import { indexRows } from './index-rows.ts'
import { mergeSmallRows } from './merge-small-rows.ts'
import { sealEntries } from './seal-entries.ts'
import { GRACE_MS, type SealerOptions } from './sealer-options.ts'
import { createSweep, type Sweep } from './sweep-objects.ts'
import type { WakeUp } from './wake-up.ts'

/**
 * Turns the packs of one stream into sealed fragments, as long as this process is its sealer: seal, index, merge what is small, forget
 * what is no longer named. Works from the commit log alone. Any doubt ends in a new claim.
 */
export async function sealStream(options: SealerOptions, stream: string, wakeUp: WakeUp, signal: AbortSignal): Promise<void> {
  const { catalog, clock, random, log } = options
  while (!signal.aborted) {
    try {
      // A new owner each time: rows that were put under the last epoch and could not be named must never be named with what comes next.
      const sealer = createSealer(options, stream, await catalog.claimSealer(stream, random.text(16)))
      while (!signal.aborted) {
        await sealer.run(signal)
        await wakeUp.wait(CHECK_INTERVAL_MS, signal)
      }
    } catch (error) {
      if (signal.aborted) return
      log.warn({ err: error, stream }, 'sealing starts again from the seal log')
      await clock.sleep(RESTART_PAUSE_MS, signal)
    }
  }
}

/** Packs also grow old when nothing more is committed. */
const CHECK_INTERVAL_MS = 1_000
/** Long enough not to hammer an engine that is down. */
const RESTART_PAUSE_MS = 500
/** A stream is sealed when this many events wait: half a full fragment, so that most fragments come out large. */
const SEAL_ROWS = 32_768
/** … or this many entries, which every planner would otherwise read, */
const SEAL_ENTRIES = 64
/** … or when the oldest has waited this long. */
const SEAL_AGE_MS = 20_000
/** Encoded bytes that one seal takes in: decoded they are some ten times as many, all in one worker's memory. */
const MAX_SEAL_BYTES = 12 * 1024 * 1024
/** Retention goes by days; sweeps only free disk. */
const HOUSEKEEPING_INTERVAL_MS = 60_000

function createSealer(options: SealerOptions, stream: string, claimed: SealPosition): { run(signal: AbortSignal): Promise<void> } {
  const { catalog, clock, log } = options
  const sweep: Sweep = createSweep(options, stream)
  const sealed: { readonly throughCommit: number; readonly atMs: number }[] = []
  let position = claimed
  let housekeepingMs = clock.monotonicMs()

  const sealOnce = async (): Promise<boolean> => {
    const entries = takeEntries(await catalog.readEntries(stream, position.throughCommit, SEAL_ENTRIES))
    const last = entries.at(-1)
    const [first] = entries
    if (first === undefined || last === undefined) return false
    const rows = entries.reduce((sum, { directory }) => sum + directory.reduce((total, row) => total + row.rows, 0), 0)
    if (rows < SEAL_ROWS && entries.length < SEAL_ENTRIES && clock.nowMs() - first.committedMs < SEAL_AGE_MS) return false
    const next = { epoch: position.epoch, sequence: position.sequence + 1, throughCommit: last.sequence }
    const sealedRows = await sealEntries(options, stream, next, entries)
    position = next
    sealed.push({ throughCommit: next.throughCommit, atMs: clock.monotonicMs() })
    log.debug({ stream, entries: entries.length, rows, fragments: sealedRows.length }, 'sealed')
    await indexRows(options, sealedRows)
    for (const { tenantId, kind, dayNs } of distinctDays(sealedRows.map(({ row }) => row))) await mergeSmallRows(options, { stream, position, tenantId, kind, dayNs })
    return true
  }

  return {
    async run(signal) {
      while (!signal.aborted && (await sealOnce())) await clock.sleep(0, signal)
      const now = clock.monotonicMs()
      while (sealed[0] !== undefined && now - sealed[0].atMs > GRACE_MS) {
        await catalog.trimCommits(stream, { beforeMs: clock.nowMs(), throughSequence: sealed[0].throughCommit - 1 }) // the last sealed entry tells receipts how far sealing is
        sealed.shift()
      }
      if (now - housekeepingMs < HOUSEKEEPING_INTERVAL_MS) return
      housekeepingMs = now
      await expireTenants(options, GRACE_MS)
      await sweep.run(position)
    },
  }
}

function takeEntries(entries: readonly CommitEntry[]): readonly CommitEntry[] {
  let bytes = 0
  const taken = entries.findIndex(({ directory }) => {
    bytes += directory.reduce((sum, { start, end }) => sum + end - start, 0)
    return bytes > MAX_SEAL_BYTES
  })
  return taken === -1 ? entries : entries.slice(0, Math.max(1, taken))
}

function distinctDays<T extends { readonly tenantId: string; readonly kind: string; readonly dayNs: bigint }>(rows: readonly T[]): readonly T[] {
  return [...new Map(rows.map((row) => [`${row.tenantId} ${row.kind} ${row.dayNs}`, row])).values()]
}

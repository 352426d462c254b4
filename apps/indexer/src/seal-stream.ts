import { OutcomeUnknownError, type CommitEntry, type SealedRow, type SealPosition } from '@millrace/catalog/catalog'
import { createHousekeeping, type Housekeeping } from './housekeeping.ts'
import { indexRows } from './index-rows.ts'
import { mergeSmallRows } from './merge-small-rows.ts'
import { sealEntries } from './seal-entries.ts'
import type { SealerOptions } from './sealer-options.ts'
import type { WakeUp } from './wake-up.ts'

/**
 * Turns the packs of one stream into sealed fragments, as long as this process is its sealer: seal, index, merge what is small, forget
 * what is no longer named. Works from the commit log alone. Any doubt ends in a new claim.
 */
export async function sealStream(options: SealerOptions, stream: string, wakeUp: WakeUp, signal: AbortSignal): Promise<void> {
  const { catalog, clock, random, log, metrics } = options
  const housekeeping = createHousekeeping(options, stream)
  while (!signal.aborted) {
    try {
      // A new owner each time: rows that were put under the last epoch and could not be named must never be named with what comes next.
      const sealer = createSealer(options, stream, await catalog.claimSealer(stream, random.text(16)), housekeeping)
      while (!signal.aborted) {
        await sealer.run(signal)
        await housekeeping.run(sealer.position)
        await wakeUp.wait(CHECK_INTERVAL_MS, signal)
      }
    } catch (error) {
      if (signal.aborted) return
      log.warn({ err: error, stream }, 'sealing starts again from the seal log')
      metrics?.restarted()
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
/** Rows that one seal takes in, at least one entry's: logs that repeat themselves have many in few bytes. */
const MAX_SEAL_ROWS = 262_144

function createSealer(options: SealerOptions, stream: string, claimed: SealPosition, housekeeping: Housekeeping): { readonly position: SealPosition; run(signal: AbortSignal): Promise<void> } {
  const { catalog, clock, log, metrics } = options
  const wide = new Set<string>()
  let position = claimed

  /** Merging only makes queries cheaper: what goes wrong in it must not keep packs from being sealed. */
  const mergeSmall = async ({ tenantId, kind, dayNs }: SealedRow): Promise<void> => {
    try {
      housekeeping.unindexed(await mergeSmallRows(options, { stream, position, tenantId, kind, dayNs, wide }))
    } catch (error) {
      if (error instanceof OutcomeUnknownError) throw error
      log.warn({ err: error, stream, tenantId, kind }, 'small fragments stay as they are')
    }
  }

  const sealOnce = async (): Promise<boolean> => {
    const entries = takeEntries(await catalog.readEntries(stream, position.throughCommit, SEAL_ENTRIES))
    const last = entries.at(-1)
    const [first] = entries
    metrics?.unsealedSince(stream, first?.committedMs)
    if (first === undefined || last === undefined) return false
    const rows = entries.reduce((sum, entry) => sum + rowsOf(entry), 0)
    if (rows < SEAL_ROWS && entries.length < SEAL_ENTRIES && clock.nowMs() - first.committedMs < SEAL_AGE_MS) return false
    const next = { epoch: position.epoch, sequence: position.sequence + 1, throughCommit: last.sequence }
    const sealedRows = await sealEntries(options, stream, next, entries)
    position = next
    housekeeping.sealed(next)
    metrics?.sealed()
    log.debug({ stream, entries: entries.length, rows, fragments: sealedRows.length }, 'sealed')
    housekeeping.unindexed(await indexRows(options, sealedRows))
    for (const row of distinctDays(sealedRows.map((sealedRow) => sealedRow.row))) await mergeSmall(row)
    return true
  }

  return {
    get position() {
      return position
    },
    async run(signal) {
      while (!signal.aborted && (await sealOnce())) await clock.sleep(0, signal)
    },
  }
}

function takeEntries(entries: readonly CommitEntry[]): readonly CommitEntry[] {
  let bytes = 0
  let rows = 0
  const taken = entries.findIndex((entry) => {
    bytes += entry.directory.reduce((sum, { start, end }) => sum + end - start, 0)
    rows += rowsOf(entry)
    return bytes > MAX_SEAL_BYTES || rows > MAX_SEAL_ROWS
  })
  return taken === -1 ? entries : entries.slice(0, Math.max(1, taken))
}

function rowsOf({ directory }: CommitEntry): number {
  return directory.reduce((sum, { rows }) => sum + rows, 0)
}

function distinctDays<T extends { readonly tenantId: string; readonly kind: string; readonly dayNs: bigint }>(rows: readonly T[]): readonly T[] {
  return [...new Map(rows.map((row) => [`${row.tenantId} ${row.kind} ${row.dayNs}`, row])).values()]
}

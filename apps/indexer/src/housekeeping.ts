import type { SealedRow, SealPosition } from '@millrace/catalog/catalog'
import { IndexUnavailableError } from '@millrace/fragment-index/fragment-index'
import { createCatchUp } from './catch-up-index.ts'
import { expireTenants } from './expire-tenants.ts'
import { GRACE_MS, type SealerOptions } from './sealer-options.ts'
import { createSweep } from './sweep-objects.ts'

/** What a stream's sealer cleans up beside sealing. Outlives a sealer that has to claim again, so that errors cannot keep it from its turn. */
export interface Housekeeping {
  /** Tells that entries up to `position.throughCommit` are sealed now. */
  sealed(position: SealPosition): void
  /** Tells that rows were sealed and could not be indexed. */
  unindexed(rows: readonly SealedRow[]): void
  /** Does what is due. */
  run(position: SealPosition): Promise<void>
}

export function createHousekeeping(options: SealerOptions, stream: string): Housekeeping {
  const { catalog, clock, log } = options
  const sweep = createSweep(options, stream)
  const catchUp = createCatchUp(options, stream)
  const sealed: { readonly throughCommit: number; readonly atMs: number }[] = []
  let lastMs = clock.monotonicMs()
  let lastCatchUpMs = lastMs

  const catchUpIndex = async (): Promise<void> => {
    try {
      await catchUp.run()
    } catch (error) {
      // Nothing is decided here that sealing relies on, so that no failure may end the sealer's claim. While the index is down each round fails.
      if (error instanceof IndexUnavailableError) log.debug({ err: error, stream }, 'the index cannot be caught up with yet')
      else log.warn({ err: error, stream }, 'catching up with the index starts again')
    }
  }

  return {
    sealed({ throughCommit }) {
      sealed.push({ throughCommit, atMs: clock.monotonicMs() })
    },
    unindexed(rows) {
      catchUp.noteLeft(rows)
    },
    async run(position) {
      const now = clock.monotonicMs()
      while (sealed[0] !== undefined && now - sealed[0].atMs > GRACE_MS) {
        await catalog.trimCommits(stream, { beforeMs: clock.nowMs() - FORGET_LAG_MS, throughSequence: sealed[0].throughCommit })
        sealed.shift()
      }
      if (now - lastCatchUpMs >= CATCH_UP_INTERVAL_MS) {
        lastCatchUpMs = now
        await catchUpIndex()
      }
      if (now - lastMs < INTERVAL_MS) return
      lastMs = now
      // Retention is the tenants' and not the streams': one stream looks after it for all.
      if (stream.endsWith('/0')) await expireTenants(options, GRACE_MS)
      await sweep.run(position)
    },
  }
}

/** Retention goes by days; sweeps only free disk. */
const INTERVAL_MS = 60_000
/** A round takes some seconds at most, and sealing waits for it: so it has less than half of the time. */
const CATCH_UP_INTERVAL_MS = 10_000
/** Ids age by intake's stamps, and what was received before an outage of this length may still wait in the log. */
const FORGET_LAG_MS = 2 * 3_600_000

import type { SealPosition } from '@millrace/catalog/catalog'
import { expireTenants } from './expire-tenants.ts'
import { GRACE_MS, type SealerOptions } from './sealer-options.ts'
import { createSweep } from './sweep-objects.ts'

/** What a stream's sealer cleans up beside sealing. Outlives a sealer that has to claim again, so that errors cannot keep it from its turn. */
export interface Housekeeping {
  /** Tells that entries up to `position.throughCommit` are sealed now. */
  sealed(position: SealPosition): void
  /** Does what is due. */
  run(position: SealPosition): Promise<void>
}

export function createHousekeeping(options: SealerOptions, stream: string): Housekeeping {
  const { catalog, clock } = options
  const sweep = createSweep(options, stream)
  const sealed: { readonly throughCommit: number; readonly atMs: number }[] = []
  let lastMs = clock.monotonicMs()
  return {
    sealed({ throughCommit }) {
      sealed.push({ throughCommit, atMs: clock.monotonicMs() })
    },
    async run(position) {
      const now = clock.monotonicMs()
      while (sealed[0] !== undefined && now - sealed[0].atMs > GRACE_MS) {
        await catalog.trimCommits(stream, { beforeMs: clock.nowMs() - FORGET_LAG_MS, throughSequence: sealed[0].throughCommit })
        sealed.shift()
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
/** Ids age by intake's stamps, and what was received before an outage of this length may still wait in the log. */
const FORGET_LAG_MS = 2 * 3_600_000

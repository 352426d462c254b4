import type { Catalog } from '@millrace/catalog/catalog'
import type { FragmentIndex } from '@millrace/fragment-index/fragment-index'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Workers } from '@millrace/runtime/workers'
import type { Log } from '@millrace/telemetry/log'
import type { IndexerMetrics } from './indexer-metrics.ts'

/** What every step of sealing works with. */
export interface SealerOptions {
  readonly catalog: Catalog
  readonly store: FragmentStore
  readonly index: FragmentIndex
  readonly clock: Clock
  readonly random: Random
  /** Merge and encode, away from the event loop. */
  readonly workers: Workers
  readonly log: Log
  /** Nothing is counted without. */
  readonly metrics?: IndexerMetrics
}

/** Sealed entries stay this long for readers that began before: twice the longest query. */
export const GRACE_MS = 120_000

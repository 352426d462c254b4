import type { Bus } from '@millrace/bus/bus'
import { shardSet } from '@millrace/bus/partitioning'
import type { Topics } from '@millrace/bus/topics'
import type { Catalog, CommitPosition } from '@millrace/catalog/catalog'
import { NS_PER_DAY, NS_PER_MS, type TenantId } from '@millrace/event/event'
import type { MissingPart, QueryEngine } from '@millrace/query-engine/query-engine'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Tail } from '@millrace/tail/tail'
import type { Log } from '@millrace/telemetry/log'
import type { Admission } from './admission.ts'
import type { Frontier } from './frontier.ts'
import type { QueryMetrics } from './query-metrics.ts'

export interface QueryContext {
  readonly bus: Bus
  readonly catalog: Catalog
  readonly engine: QueryEngine
  readonly topics: Topics
  readonly receiptSecret: string
  readonly frontier: Frontier
  readonly tail: Tail
  readonly admission: Admission
  /** Days for which the tenant's events are kept: older ones are not answered, also where they still lie about. */
  readonly retentionOf: (tenantId: TenantId) => Promise<number>
  readonly metrics: QueryMetrics
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Streams that may hold events of a tenant. */
export function streamsOf(topics: Topics, tenantId: TenantId): readonly string[] {
  return shardSet(tenantId, topics.partitions).map((partition) => `${topics.generation}/${partition}`)
}

/** Whether an answer is complete, and what it includes. */
export interface Completeness {
  readonly complete: boolean
  /** Events acknowledged before it are included, ISO 8601; absent when even the oldest frontier known is not reached. */
  readonly completeUntil: string | undefined
  readonly missing: readonly MissingPart[]
}

/** Joins what the engine could not read with how far the commits were when it looked, and counts it. */
export function completenessOf({ frontier, clock, metrics }: Pick<QueryContext, 'frontier' | 'clock' | 'metrics'>, answer: { readonly complete: boolean; readonly missing: readonly MissingPart[]; readonly positions: ReadonlyMap<string, CommitPosition> }): Completeness {
  const untilMs = frontier.completeUntilMs(answer.positions)
  const behindMs = untilMs === undefined ? undefined : clock.nowMs() - untilMs
  const isBehind = behindMs === undefined || behindMs > MAX_BEHIND_MS
  const missing = isBehind ? [...answer.missing, { reason: 'behind', detail: `events acknowledged after ${untilMs === undefined ? 'an unknown time' : new Date(untilMs).toISOString()} may be missing` }] : answer.missing
  metrics.answered(behindMs, missing.map(({ reason }) => reason))
  return { complete: answer.complete && !isBehind, completeUntil: untilMs === undefined ? undefined : new Date(untilMs).toISOString(), missing }
}

/** An answer further behind than this is not called complete: five times what the freshness promise allows. */
const MAX_BEHIND_MS = 10_000

/** The start of a question's range, not before the tenant's retention. */
export async function clippedFrom({ clock, retentionOf }: QueryContext, tenantId: TenantId, fromNs: bigint): Promise<bigint> {
  const oldestNs = BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS - BigInt(await retentionOf(tenantId)) * NS_PER_DAY
  return fromNs < oldestNs ? oldestNs : fromNs
}

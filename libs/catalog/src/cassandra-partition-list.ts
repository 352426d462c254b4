import { bigintOf } from '@millrace/cassandra/cassandra-row'
import { EVENT_KIND_CODES, type EventKind, type TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { CassandraDatabase } from './cassandra-database.ts'
import { IN_PARTITION, keyOf, partitionFrom, type SealedPartition } from './cassandra-sealed-partition.ts'

/**
 * Lists partitions of `sealed` by tenant and kind. A partition is listed before something is written to it. Its listing goes only when the partition was found without
 * what it is listed for, {@link IN_FLIGHT_MS} after it was last listed, and only that listing: one that was made meanwhile is newer and stays.
 */
export interface PartitionList {
  /** Lists a partition, for what is written within half of {@link IN_FLIGHT_MS}. */
  touch(partition: SealedPartition): Promise<void>
  /** Those with a day in [`fromDay`, `toDay`]. */
  read(scope: { readonly tenantId: TenantId; readonly kind: EventKind; readonly fromDay: number; readonly toDay: number }): Promise<readonly ListedPartition[]>
  /** Takes a listing away if it is old enough. */
  remove(listed: ListedPartition): Promise<void>
}

export interface ListedPartition extends SealedPartition {
  /** When it was last listed, ms since 1970 on the clock of who did. */
  readonly touchedAt: bigint
}

/** Far longer than one call to the catalog can take, and than clocks may differ. */
export const IN_FLIGHT_MS = 3_600_000
/** A partition is listed again after this time, at every use of it. */
const RELIST_MS = IN_FLIGHT_MS / 4
/** Bounds what is remembered; beyond it partitions are listed more often than they must. */
const MAX_REMEMBERED = 20_000

export function createPartitionList(db: CassandraDatabase, clock: Clock, table: 'sealed_days' | 'sealed_merges'): PartitionList {
  const touched = new Map<string, number>()
  return {
    async touch(partition) {
      const name = keyOf(partition).join(' ')
      const now = clock.monotonicMs()
      const before = touched.get(name)
      if (before !== undefined && now - before < RELIST_MS) return
      const at = Math.trunc(clock.nowMs())
      await db.write(`INSERT INTO ${table} (tenant, kind, day, stream, touched) VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?`, [...keyOf(partition), at, at])
      if (touched.size >= MAX_REMEMBERED) touched.clear()
      touched.set(name, now)
    },
    async read({ tenantId, kind, fromDay, toDay }) {
      const rows = await db.read(`SELECT day, stream, WRITETIME(touched) AS touched_at FROM ${table} WHERE tenant = ? AND kind = ? AND day >= ? AND day <= ?`, [tenantId, EVENT_KIND_CODES[kind], fromDay, toDay])
      return rows.map((row) => ({ ...partitionFrom(row, tenantId, kind), touchedAt: bigintOf(row, 'touched_at') }))
    },
    async remove(listed) {
      if (clock.nowMs() - Number(listed.touchedAt) < IN_FLIGHT_MS) return
      await db.write(`DELETE FROM ${table} USING TIMESTAMP ? WHERE ${IN_PARTITION}`, [Number(listed.touchedAt), ...keyOf(listed)])
    },
  }
}

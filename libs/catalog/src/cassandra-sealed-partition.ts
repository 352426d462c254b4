import { bigintOf, isNull, safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow } from '@millrace/cassandra/cassandra-session'
import { EVENT_KIND_CODES, NS_PER_DAY, type EventKind, type TenantId } from '@millrace/event/event'
import type { SealedRow } from './catalog.ts'
import type { CassandraDatabase, CassandraValue, CatalogStatement } from './cassandra-database.ts'
import { dayNumber, kindOfCode } from './directory-codec.ts'

/**
 * One partition of `sealed`: the rows of one tenant, kind, day and stream, in the order of their sequences.
 *
 * Merges and removals are conditional on `version`, so that what was read is what is changed. Timestamps keep plain writes apart from those: a row that was put is
 * dated {@link PUT_AT}, a mark of it in milliseconds (about 2e12), and what Paxos writes in microseconds (about 2e15). So a removal wins over
 * every put and mark of the same row, however late those are repeated.
 */
export interface SealedPartition {
  readonly tenantId: TenantId
  readonly kind: EventKind
  /** Days since 1970. */
  readonly day: number
  readonly stream: string
}

export interface SealedPartitionContent {
  /** Grows with every merge and removal; undefined before the first. */
  readonly version: number | undefined
  /** When `version` was written, microseconds on Cassandra's clock. */
  readonly versionAt: bigint | undefined
  /** In the order of the partition. */
  readonly rows: readonly StoredRow[]
}

export interface StoredRow {
  readonly row: SealedRow
  /** When a merge has replaced it, ms since 1970. */
  readonly replacedMs: number | undefined
}

export const PUT_AT = 1

export const IN_PARTITION = 'tenant = ? AND kind = ? AND day = ? AND stream = ?'

export function keyOf({ tenantId, kind, day, stream }: SealedPartition): [string, number, number, string] {
  return [tenantId, EVENT_KIND_CODES[kind], day, stream]
}

export function partitionOf({ tenantId, kind, dayNs, stream }: SealedRow): SealedPartition {
  return { tenantId, kind, day: dayNumber(dayNs), stream }
}

/** @param isSerial also after conditional writes that hang. */
export async function readPartition(db: CassandraDatabase, partition: SealedPartition, isSerial: boolean): Promise<SealedPartitionContent> {
  const cql = `SELECT version, WRITETIME(version) AS version_at, ${COLUMNS}, indexed, replaced_ms FROM sealed WHERE ${IN_PARTITION}`
  const found = isSerial ? await db.readSerial(cql, keyOf(partition)) : await db.read(cql, keyOf(partition))
  const [first] = found
  const hasVersion = first !== undefined && !isNull(first, 'version')
  return {
    version: hasVersion ? safeIntegerOf(first, 'version') : undefined,
    versionAt: hasVersion ? bigintOf(first, 'version_at') : undefined,
    // Without its object it is no row: there are only static columns, or something was marked that never was there.
    rows: found.filter((row) => !isNull(row, 'object')).map((row) => ({ row: sealedRowOf(row, partition), replacedMs: isNull(row, 'replaced_ms') ? undefined : safeIntegerOf(row, 'replaced_ms') })),
  }
}

/** @param suffix ` USING TIMESTAMP …`, or nothing inside a conditional write. */
export function insertStatement(row: SealedRow, suffix: string): CatalogStatement {
  const parameters: CassandraValue[] = [
    ...keyOf(partitionOf(row)), row.sequence, row.rowId, row.epoch, row.rows, row.minTimeOffset, row.maxTimeOffset, row.object, row.start, row.end, JSON.stringify(row.inputs), JSON.stringify(row.inputTags),
  ]
  const isIndexed = row.indexed !== undefined
  if (isIndexed) parameters.push(row.indexed)
  return { cql: `INSERT INTO sealed (tenant, kind, day, stream, ${COLUMNS}${isIndexed ? ', indexed' : ''}) VALUES (${parameters.map(() => '?').join(', ')})${suffix}`, parameters }
}

const COLUMNS = 'sequence, row_id, epoch, rows, min_time, max_time, object, start, end, inputs, input_tags'

/** Sets the version that follows the one that was read, if it is still there. */
export function nextVersionStatement(partition: SealedPartition, version: number | undefined): CatalogStatement {
  const next = (version ?? 0) + 1
  return version === undefined
    ? { cql: `UPDATE sealed SET version = ? WHERE ${IN_PARTITION} IF version = null`, parameters: [next, ...keyOf(partition)] }
    : { cql: `UPDATE sealed SET version = ? WHERE ${IN_PARTITION} IF version = ?`, parameters: [next, ...keyOf(partition), version] }
}

/**
 * Removes `gone` out of `rows`, the partition's. Neighbours go as one range: ranges of later removals swallow earlier ones, so that a reader
 * meets about as many tombstones as rows and not as many as there ever were.
 *
 * @param completeThrough rows of sequences up to it had all been put before `rows` were read; above it a range could take one that came since.
 */
export function removeStatements(partition: SealedPartition, rows: readonly StoredRow[], gone: ReadonlySet<StoredRow>, completeThrough: number): readonly CatalogStatement[] {
  const statements: CatalogStatement[] = []
  let first: StoredRow | undefined
  rows.forEach((row, index) => {
    if (!gone.has(row)) return
    first ??= row
    const next = rows[index + 1]
    if (next !== undefined && gone.has(next) && next.row.sequence <= completeThrough) return
    statements.push({
      cql: `DELETE FROM sealed WHERE ${IN_PARTITION} AND (sequence, row_id) >= (?, ?) AND (sequence, row_id) <= (?, ?)`,
      parameters: [...keyOf(partition), first.row.sequence, first.row.rowId, row.row.sequence, row.row.rowId],
    })
    first = undefined
  })
  return statements
}

function sealedRowOf(row: CassandraRow, { tenantId, kind, day, stream }: SealedPartition): SealedRow {
  return {
    tenantId, kind, dayNs: BigInt(day) * NS_PER_DAY, stream, rows: safeIntegerOf(row, 'rows'), minTimeOffset: safeIntegerOf(row, 'min_time'), maxTimeOffset: safeIntegerOf(row, 'max_time'),
    start: safeIntegerOf(row, 'start'), end: safeIntegerOf(row, 'end'), rowId: textOf(row, 'row_id'), object: textOf(row, 'object'), epoch: safeIntegerOf(row, 'epoch'), sequence: safeIntegerOf(row, 'sequence'),
    inputs: JSON.parse(textOf(row, 'inputs')) as SealedRow['inputs'], inputTags: JSON.parse(textOf(row, 'input_tags')) as SealedRow['inputTags'],
    indexed: isNull(row, 'indexed') ? undefined : textOf(row, 'indexed'),
  }
}

/** The partition that a row of sealed_days, sealed_merges or sealed_objects names. */
export function partitionFrom(row: CassandraRow, tenantId: TenantId, kind: EventKind): SealedPartition {
  return { tenantId, kind, day: safeIntegerOf(row, 'day'), stream: textOf(row, 'stream') }
}

export function kindFrom(row: CassandraRow): EventKind {
  return kindOfCode(safeIntegerOf(row, 'kind'))
}

/** Day of a time that may be anything, days since 1970. */
export function floorDay(ns: bigint): number {
  const day = ns / NS_PER_DAY
  const floor = Number(ns < 0n && ns % NS_PER_DAY !== 0n ? day - 1n : day)
  return Math.min(Math.max(floor, MIN_DAY), MAX_DAY)
}

/** Beyond the year 10000; keeps open ranges inside a bigint column. */
export const MAX_DAY = 3_000_000
export const MIN_DAY = -MAX_DAY

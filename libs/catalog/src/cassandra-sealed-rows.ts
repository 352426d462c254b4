import assert from 'node:assert/strict'
import { safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { Clock } from '@millrace/runtime/clock'
import type { EventKind, TenantId } from '@millrace/event/event'
import { CatalogUnavailableError, FencedError, type SealedRow, type SealLog } from './catalog.ts'
import { inParallel, type CassandraDatabase } from './cassandra-database.ts'
import { createPartitionList, IN_FLIGHT_MS, type ListedPartition, type PartitionList } from './cassandra-partition-list.ts'
import type { SealTags } from './cassandra-seal-log.ts'
import {
  floorDay, insertStatement, IN_PARTITION, keyOf, kindFrom, MAX_DAY, MIN_DAY, nextVersionStatement, partitionFrom, partitionOf, PUT_AT, readPartition, removeStatements, type SealedPartition, type SealedPartitionContent, type StoredRow,
} from './cassandra-sealed-partition.ts'

export type SealedRows = Omit<SealLog, 'claimSealer' | 'nameSeal' | 'readSealPosition'>

interface Tables {
  readonly db: CassandraDatabase
  readonly clock: Clock
  readonly tags: SealTags
  readonly days: PartitionList
  readonly merges: PartitionList
}

export function createCassandraSealedRows(db: CassandraDatabase, clock: Clock, tags: SealTags): SealedRows {
  const tables: Tables = { db, clock, tags, days: createPartitionList(db, clock, 'sealed_days'), merges: createPartitionList(db, clock, 'sealed_merges') }
  return {
    putSealed: async (rows) => { await putSealed(tables, rows) },
    readSealed: async (tenantId, kind, fromDayNs, toDayNs) => await readSealed(tables, { tenantId, kind, fromDay: floorDay(fromDayNs), toDay: floorDay(toDayNs) }),
    mergeSealed: async (merged) => { await mergeSealed(tables, merged) },
    forgetMerged: async (tenantId, kind, beforeMs) => await forgetMerged(tables, { tenantId, kind, beforeMs }),
    markIndexed: async (rows) => { await markIndexed(db, rows, Math.trunc(clock.nowMs())) },
    expireSealed: async (tenantId, kind, beforeDayNs) => await expireSealed(tables, { tenantId, kind, beforeDay: floorDay(beforeDayNs) }),
    isObjectNamed: async (object) => await isObjectNamed(tables, object),
  }
}

async function putSealed({ db, clock, days }: Tables, rows: readonly SealedRow[]): Promise<void> {
  const deadline = clock.monotonicMs() + PUT_LIMIT_MS
  const partitions = new Map(rows.map((row) => [keyOf(partitionOf(row)).join(' '), partitionOf(row)]))
  await inParallel([...partitions.values()], async (partition) => { await days.touch(partition) })
  await inParallel(rows, async (row) => { await nameObject(db, row) })
  await inParallel(rows, async (row) => {
    // Later their listing could be taken away under them.
    if (clock.monotonicMs() > deadline) throw new CatalogUnavailableError('sealed rows took too long to be stored')
    const { cql, parameters } = insertStatement(row, ` USING TIMESTAMP ${PUT_AT}`)
    await db.write(cql, parameters)
  })
}

const PUT_LIMIT_MS = IN_FLIGHT_MS / 4

async function nameObject(db: CassandraDatabase, row: SealedRow): Promise<void> {
  await db.write(
    'INSERT INTO sealed_objects (object, row_id, tenant, kind, day, stream, sequence, epoch, is_merge) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?',
    [row.object, row.rowId, ...keyOf(partitionOf(row)), row.sequence, row.epoch, row.inputs.length > 0 ? 1 : 0, PUT_AT],
  )
}

/** For good: the same name written again, however late, does not come back. */
async function unnameObject(db: CassandraDatabase, object: string, rowId: string): Promise<void> {
  await db.write('DELETE FROM sealed_objects USING TIMESTAMP ? WHERE object = ? AND row_id = ?', [PUT_AT, object, rowId])
}

async function readSealed({ db, tags, days }: Tables, scope: { readonly tenantId: TenantId; readonly kind: EventKind; readonly fromDay: number; readonly toDay: number }): Promise<readonly SealedRow[]> {
  const listed = await days.read(scope)
  const contents = await inParallel(listed, async (partition) => await readPartition(db, partition, false))
  const rows = contents.flatMap((content) => content.rows.map(({ row }) => row))
  const states = await tags.read(rows)
  return rows.filter((row) => states.stateOf(row) === 'named')
}

async function markIndexed(db: CassandraDatabase, rows: readonly SealedRow[], nowMs: number): Promise<void> {
  await inParallel(rows, async (row) => {
    const key = [...keyOf(partitionOf(row)), row.sequence, row.rowId]
    const [change, values] = row.indexed === undefined ? ['DELETE indexed FROM sealed', []] : ['UPDATE sealed', [row.indexed]]
    const set = row.indexed === undefined ? '' : ' SET indexed = ?'
    const where = `WHERE ${IN_PARTITION} AND sequence = ? AND row_id = ?`
    // A merged row may stand where an earlier removal has left its range, which would hide a mark in milliseconds.
    if (row.inputs.length > 0) await db.repeatable([{ cql: `${change}${set} ${where} IF object = ?`, parameters: [...values, ...key, row.object] }])
    else await db.write(`${change} USING TIMESTAMP ?${set} ${where}`, [nowMs, ...values, ...key])
  })
}

async function mergeSealed({ db, clock, tags, merges }: Tables, merged: SealedRow): Promise<void> {
  assert(merged.inputs.length > 0, 'a merge has inputs')
  const partition = partitionOf(merged)
  const inputs = new Set(merged.inputs)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const { version, rows } = await readPartition(db, partition, attempt > 0)
    const live = rows.filter(({ row, replacedMs }) => inputs.has(row.rowId) && replacedMs === undefined)
    const states = await tags.read([merged, ...live.map(({ row }) => row)])
    const missing = merged.inputs.find((input) => !live.some(({ row }) => row.rowId === input && states.stateOf(row) === 'named'))
    if (missing !== undefined) throw new FencedError(`row ${missing} is not live`)
    assert(states.stateOf(merged) === 'named', 'a merge carries a tag that is named, or it would hide its inputs and stay hidden itself')
    await Promise.all([merges.touch(partition), nameObject(db, merged)])
    const refused = await db.conditional([
      nextVersionStatement(partition, version),
      // An expiry takes the version away too, and leaves a partition that looks as if nothing had ever happened to it.
      ...live.map(({ row }) => ({
        cql: `UPDATE sealed SET replaced_ms = ? WHERE ${IN_PARTITION} AND sequence = ? AND row_id = ? IF object = ? AND replaced_ms = null`,
        parameters: [Math.trunc(clock.nowMs()), ...keyOf(partition), row.sequence, row.rowId, row.object],
      })),
      insertStatement(merged, ''),
    ])
    if (refused === undefined) return
  }
  throw new CatalogUnavailableError('a partition of sealed rows changes faster than it can be merged')
}

/**
 * A stream has one sealer and few that clean up beside it, so two meetings in a row are rare. The first attempt saves the round of Paxos: what it reads may lack a
 * conditional write that hangs, and is refused then.
 */
const MAX_ATTEMPTS = 5

async function forgetMerged(tables: Tables, { tenantId, kind, beforeMs }: { readonly tenantId: TenantId; readonly kind: EventKind; readonly beforeMs: number }): Promise<readonly SealedRow[]> {
  const { merges } = tables
  const listed = await merges.read({ tenantId, kind, fromDay: MIN_DAY, toDay: MAX_DAY })
  return await removeFrom(listed, async (partition, removed) => {
    const left = await removeRows(tables, partition, removed, ({ replacedMs }) => replacedMs !== undefined && replacedMs < beforeMs)
    if (left.rows.every(({ replacedMs }) => replacedMs === undefined)) await merges.remove(partition)
  })
}

async function expireSealed(tables: Tables, { tenantId, kind, beforeDay }: { readonly tenantId: TenantId; readonly kind: EventKind; readonly beforeDay: number }): Promise<readonly SealedRow[]> {
  const { db, days } = tables
  const listed = await days.read({ tenantId, kind, fromDay: MIN_DAY, toDay: beforeDay - 1 })
  return await removeFrom(listed, async (partition, removed) => {
    const left = await removeRows(tables, partition, removed, () => true)
    if (left.rows.length > 0) return
    // Not the partition: its tombstone would also hide rows of events that arrive late, after the tenant's retention was raised.
    if (left.versionAt !== undefined) await db.write('DELETE version FROM sealed USING TIMESTAMP ? WHERE tenant = ? AND kind = ? AND day = ? AND stream = ?', [Number(left.versionAt), ...keyOf(partition)])
    else await days.remove(partition)
  })
}

/**
 * Removes named rows that are `isGone`, and rows that nothing can name any more. Rows that are put and not yet named stay.
 * @param removed takes the named ones, as soon as they are gone.
 * @returns what is left.
 */
async function removeRows({ db, tags }: Tables, partition: SealedPartition, removed: SealedRow[], isGone: (stored: StoredRow) => boolean): Promise<SealedPartitionContent> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const position = await tags.read([{ stream: partition.stream, epoch: 0, sequence: 0 }])
    const content = await readPartition(db, partition, attempt > 0)
    const states = await tags.read(content.rows.map(({ row }) => row))
    const gone = content.rows.filter((stored) => states.stateOf(stored.row) === 'dead' || (states.stateOf(stored.row) === 'named' && isGone(stored)))
    if (gone.length === 0) return content
    // The names first: once the rows are gone, nothing would find them.
    await inParallel(gone, async ({ row }) => { await unnameObject(db, row.object, row.rowId) })
    const refused = await db.repeatable([nextVersionStatement(partition, content.version), ...removeStatements(partition, content.rows, new Set(gone), position.sequenceOf(partition.stream))])
    if (refused === undefined) for (const { row } of gone) if (states.stateOf(row) === 'named') removed.push(row)
  }
  throw new CatalogUnavailableError('a partition of sealed rows changes faster than it can be cleaned')
}

/** Removes from one partition after the other. What went before a failure is answered; the rest is found again by the next call. */
async function removeFrom(listed: readonly ListedPartition[], remove: (partition: ListedPartition, removed: SealedRow[]) => Promise<void>): Promise<readonly SealedRow[]> {
  const removed: SealedRow[] = []
  try {
    for (const partition of listed) await remove(partition, removed)
  } catch (error) {
    if (!(error instanceof CatalogUnavailableError) || removed.length === 0) throw error
  }
  return removed
}

async function isObjectNamed({ db, tags }: Tables, object: string): Promise<boolean> {
  for await (const page of db.pages('SELECT row_id, tenant, kind, day, stream, sequence, epoch, is_merge FROM sealed_objects WHERE object = ?', [object], NAMES_PER_READ)) {
    const names = page.map((row) => ({ partition: partitionFrom(row, textOf(row, 'tenant'), kindFrom(row)), stream: textOf(row, 'stream'), epoch: safeIntegerOf(row, 'epoch'), sequence: safeIntegerOf(row, 'sequence'), rowId: textOf(row, 'row_id'), isMerge: safeIntegerOf(row, 'is_merge') === 1 }))
    const states = await tags.read(names)
    for (const name of names) {
      if (states.stateOf(name) === 'dead') await unnameObject(db, object, name.rowId)
      // A merge that was refused leaves its name behind. Of other rows the name goes first.
      else if (!name.isMerge || (await hasRow(db, name.partition, name.sequence, name.rowId))) return true
    }
  }
  return false
}

/** One named row is enough to know, and most objects have one. */
const NAMES_PER_READ = 32

async function hasRow(db: CassandraDatabase, partition: SealedPartition, sequence: number, rowId: string): Promise<boolean> {
  const [row] = await db.read(`SELECT object FROM sealed WHERE ${IN_PARTITION} AND sequence = ? AND row_id = ?`, [...keyOf(partition), sequence, rowId])
  return row?.['object'] !== null && row !== undefined
}

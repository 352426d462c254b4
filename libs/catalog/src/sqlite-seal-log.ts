import assert from 'node:assert/strict'
import { EVENT_KIND_CODES, NS_PER_DAY } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { Failpoints } from '@millrace/runtime/failpoints'
import { FencedError, type SealedRow, type SealLog, type SealPosition } from './catalog.ts'
import { dayNumber, kindOfCode } from './directory-codec.ts'
import { streamId } from './sqlite-commit-log.ts'
import { asNumber, asOptionalText, asText, type SqliteDatabase, type SqliteRow } from './sqlite-database.ts'

export function createSealLog(db: SqliteDatabase, { clock, failpoints }: { readonly clock: Clock; readonly failpoints: Failpoints }): SealLog {
  return {
    async claimSealer(stream, ownerId) {
      return db.transaction(() => {
        const id = streamId(db, stream)
        if (db.run('UPDATE streams SET seal_epoch = seal_epoch + 1, seal_owner = ?2 WHERE id = ?1 AND seal_owner IS NOT ?2', id, ownerId) > 0) {
          // What earlier sealers put and never named, nothing can name any more.
          db.run('DELETE FROM sealed WHERE row_id IN (SELECT row_id FROM seal_epochs AS e CROSS JOIN sealed AS s ON s.stream = e.stream AND s.epoch = e.epoch AND s.sequence > e.last_sequence WHERE e.stream = ?)', id)
          db.run('INSERT INTO seal_epochs SELECT id, seal_epoch, seal_sequence FROM streams WHERE id = ?', id)
        }
        return readSealPosition(db, stream)
      })
    },

    async putSealed(rows) {
      db.transaction(() => {
        for (const row of rows) insertRow(db, row)
      })
    },

    async nameSeal(stream, { epoch, sequence, throughCommit }) {
      db.transaction(() => {
        const at = readSealPosition(db, stream)
        if (at.epoch !== epoch) throw new FencedError(`the sealer of ${stream} is at epoch ${at.epoch}, not ${epoch}`)
        if (at.sequence + 1 !== sequence) throw new FencedError(`the seal log of ${stream} goes on with ${at.sequence + 1}, not with ${sequence}`)
        const committed = asNumber(db.get('SELECT sequence FROM streams WHERE stream = ?', stream)?.['sequence'])
        assert(throughCommit >= at.throughCommit && throughCommit <= committed, 'a seal goes forward and covers entries that exist')
        const id = streamId(db, stream)
        db.run('UPDATE streams SET seal_sequence = ?2, sealed_through = ?3 WHERE id = ?1', id, sequence, throughCommit)
        db.run('UPDATE seal_epochs SET last_sequence = ?3 WHERE stream = ?1 AND epoch = ?2', id, epoch, sequence)
        failpoints.hit('inside-sealing')
      })
    },

    async readSealPosition(stream) {
      return readSealPosition(db, stream)
    },

    async readSealed(tenantId, kind, fromDayNs, toDayNs) {
      const rows: SealedRow[] = []
      let day = Math.max(floorDay(fromDayNs), -MAX_DAY)
      const lastDay = Math.min(floorDay(toDayNs), MAX_DAY)
      let rowId = ''
      // In pages with a pause between them: a tenant may have thousands of rows, and rows that come or go between the pages do no harm (live-fragments.ts).
      for (;;) {
        const page = db.all(
          `SELECT sealed.*, streams.stream AS stream_name FROM sealed JOIN streams ON streams.id = sealed.stream
           WHERE tenant = ? AND kind = ? AND (day, row_id) > (?, ?) AND day <= ? AND sealed.sequence <= ${LAST_NAMED_OF_EPOCH} ORDER BY day, row_id LIMIT ${ROWS_PER_PAGE}`,
          tenantId, EVENT_KIND_CODES[kind], day, rowId, lastDay,
        )
        for (const row of page) rows.push(sealedRowOf(row))
        const last = page.at(-1)
        if (last === undefined || page.length < ROWS_PER_PAGE) return rows
        day = asNumber(last['day'])
        rowId = asText(last['row_id'])
        await clock.sleep(0)
      }
    },

    async mergeSealed(merged) {
      const { tenantId, kind, dayNs, inputs } = merged
      assert(inputs.length > 0, 'a merge has inputs')
      db.transaction(() => {
        for (const input of inputs) {
          const replaced = db.run(
            `UPDATE sealed SET replaced_ms = ? WHERE tenant = ? AND kind = ? AND day = ? AND row_id = ? AND replaced_ms IS NULL AND sequence <= ${LAST_NAMED_OF_EPOCH}`,
            Math.trunc(clock.nowMs()), tenantId, EVENT_KIND_CODES[kind], dayNumber(dayNs), input,
          )
          if (replaced !== 1) throw new FencedError(`row ${input} is not live`)
        }
        const named = db.get('SELECT last_sequence FROM seal_epochs WHERE stream = ? AND epoch = ?', streamId(db, merged.stream), merged.epoch)
        assert(named !== undefined && merged.sequence <= asNumber(named['last_sequence']), 'a merge carries a tag that is named, or it would hide its inputs and stay hidden itself')
        insertRow(db, merged)
      })
    },

    async forgetMerged(tenantId, kind, beforeMs) {
      return removeRows(db, 'tenant = ? AND kind = ? AND replaced_ms < ?', tenantId, EVENT_KIND_CODES[kind], Math.trunc(beforeMs))
    },

    async markIndexed(rows) {
      db.transaction(() => {
        for (const { rowId, indexed } of rows) db.run('UPDATE sealed SET indexed = ?2 WHERE row_id = ?1', rowId, indexed ?? null)
      })
    },

    async expireSealed(tenantId, kind, beforeDayNs) {
      return removeRows(db, 'tenant = ? AND kind = ? AND day < ?', tenantId, EVENT_KIND_CODES[kind], floorDay(beforeDayNs))
    },

    async isObjectNamed(object) {
      const row = db.get(
        `SELECT 1 FROM sealed JOIN streams ON streams.id = sealed.stream
         WHERE object = ? AND (sealed.sequence <= ${LAST_NAMED_OF_EPOCH} OR (sealed.epoch = streams.seal_epoch AND sealed.sequence > streams.seal_sequence)) LIMIT 1`,
        object,
      )
      return row !== undefined
    },
  }
}

/** Rows of one synchronous read: about two milliseconds. */
const ROWS_PER_PAGE = 256
/** Beyond the year 10000; keeps open ranges inside SQLite's integers. */
const MAX_DAY = 3_000_000
/** Of the epoch of a row in `sealed`. */
const LAST_NAMED_OF_EPOCH = 'coalesce((SELECT last_sequence FROM seal_epochs WHERE seal_epochs.stream = sealed.stream AND seal_epochs.epoch = sealed.epoch), 0)'

function readSealPosition(db: SqliteDatabase, stream: string): SealPosition {
  const row = db.get('SELECT seal_epoch, seal_sequence, sealed_through FROM streams WHERE stream = ?', stream)
  if (row === undefined) return { epoch: 0, sequence: 0, throughCommit: 0 }
  return { epoch: asNumber(row['seal_epoch']), sequence: asNumber(row['seal_sequence']), throughCommit: asNumber(row['sealed_through']) }
}

function insertRow(db: SqliteDatabase, row: SealedRow): void {
  db.run(
    'INSERT INTO sealed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING',
    row.tenantId, EVENT_KIND_CODES[row.kind], dayNumber(row.dayNs), row.rowId, row.rows, row.minTimeOffset, row.maxTimeOffset, row.object, row.start, row.end,
    streamId(db, row.stream), row.epoch, row.sequence, JSON.stringify(row.inputs), JSON.stringify(row.inputTags), row.indexed ?? null,
  )
}

function removeRows(db: SqliteDatabase, condition: string, ...parameters: (string | number)[]): readonly SealedRow[] {
  return db.transaction(() => {
    const rows = db.all(`SELECT sealed.*, streams.stream AS stream_name FROM sealed JOIN streams ON streams.id = sealed.stream WHERE ${condition}`, ...parameters).map(sealedRowOf)
    if (rows.length > 0) db.run(`DELETE FROM sealed WHERE ${condition}`, ...parameters)
    return rows
  })
}

function sealedRowOf(row: SqliteRow): SealedRow {
  return {
    tenantId: asText(row['tenant']), kind: kindOfCode(asNumber(row['kind'])), dayNs: BigInt(asNumber(row['day'])) * NS_PER_DAY, rows: asNumber(row['rows']),
    minTimeOffset: asNumber(row['min_time']), maxTimeOffset: asNumber(row['max_time']), start: asNumber(row['start']), end: asNumber(row['end']),
    rowId: asText(row['row_id']), object: asText(row['object']), stream: asText(row['stream_name']), epoch: asNumber(row['epoch']), sequence: asNumber(row['sequence']),
    inputs: parseInputs(asText(row['inputs'])), inputTags: parseInputTags(asText(row['input_tags'])), indexed: asOptionalText(row['indexed']),
  }
}

function parseInputs(text: string): SealedRow['inputs'] {
  return text === '[]' ? [] : (JSON.parse(text) as SealedRow['inputs'])
}

function parseInputTags(text: string): SealedRow['inputTags'] {
  return text === '[]' ? [] : (JSON.parse(text) as SealedRow['inputTags'])
}

function floorDay(ns: bigint): number {
  const day = ns / NS_PER_DAY
  return Number(ns < 0n && ns % NS_PER_DAY !== 0n ? day - 1n : day)
}

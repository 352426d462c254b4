import assert from 'node:assert/strict'
import type { Failpoints } from '@millrace/runtime/failpoints'
import { FencedError, type CommitEntry, type CommitLog, type CommitPosition } from './catalog.ts'
import { decodeDirectory, encodeDirectory } from './directory-codec.ts'
import { decodeRequests, encodeRequests, pagesByExpiry } from './requests-codec.ts'
import { asBytes, asNumber, asOptionalText, type SqliteDatabase, type SqliteRow } from './sqlite-database.ts'

export function createCommitLog(db: SqliteDatabase, failpoints: Failpoints): CommitLog {
  return {
    async claimStream(stream, ownerId) {
      return db.transaction(() => {
        db.run('UPDATE streams SET epoch = epoch + 1, owner = ?2 WHERE id = ?1 AND owner IS NOT ?2', streamId(db, stream), ownerId)
        return { ...readPosition(db, stream), ownerId }
      })
    },

    async commit(stream, entry) {
      const { epoch, sequence, firstOffset, nextOffset, nextSourceOffset, pack, committedMs } = entry
      assert(nextOffset >= firstOffset, 'an entry does not go backwards')
      const directory = encodeDirectory(entry.directory)
      const pages = pagesByExpiry(entry.requests).map((page) => ({ expiresMs: latestExpiry(page), ids: encodeRequests(page) }))
      db.transaction(() => {
        const at = readPosition(db, stream)
        if (at.epoch !== epoch) throw new FencedError(`${stream} is at epoch ${at.epoch}, not ${epoch}`)
        if (at.sequence + 1 !== sequence || at.nextOffset !== firstOffset) throw new FencedError(`${stream} goes on with entry ${at.sequence + 1} at ${at.nextOffset}, not with ${sequence} at ${firstOffset}`)
        assert(nextSourceOffset >= at.nextSourceOffset, 'source offsets do not go backwards')
        const id = streamId(db, stream)
        db.run('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', id, sequence, epoch, firstOffset, nextOffset, nextSourceOffset, pack ?? null, directory, Math.trunc(committedMs))
        for (const { expiresMs, ids } of pages) db.run('INSERT INTO requests (stream, expires_ms, ids) VALUES (?, ?, ?)', id, expiresMs, ids)
        db.run('UPDATE streams SET sequence = ?2, next_offset = ?3, next_source_offset = ?4 WHERE id = ?1', id, sequence, nextOffset, nextSourceOffset)
        failpoints.hit('inside-commit')
      })
    },

    async readPosition(stream) {
      return readPosition(db, stream)
    },

    async readEntries(stream, afterSequence, limit) {
      return db
        .all('SELECT entries.* FROM entries JOIN streams ON streams.id = entries.stream WHERE streams.stream = ? AND entries.sequence > ? ORDER BY entries.sequence LIMIT ?', stream, afterSequence, limit)
        .map(entryOf)
    },

    async *readRequestIds(stream, aliveMs) {
      let expiresMs = Math.trunc(aliveMs)
      let pageId = Number.MAX_SAFE_INTEGER // what expires at aliveMs itself is expired
      for (;;) {
        const page = db.get('SELECT requests.* FROM requests JOIN streams ON streams.id = requests.stream WHERE streams.stream = ? AND (requests.expires_ms, requests.id) > (?, ?) ORDER BY requests.expires_ms, requests.id LIMIT 1', stream, expiresMs, pageId)
        if (page === undefined) return
        expiresMs = asNumber(page['expires_ms'])
        pageId = asNumber(page['id'])
        const alive = decodeRequests(asBytes(page['ids'])).filter((request) => request.expiresMs > aliveMs)
        if (alive.length > 0) yield alive.sort((a, b) => a.expiresMs - b.expiresMs)
      }
    },

    async trimCommits(stream, { beforeMs, throughSequence }) {
      db.transaction(() => {
        db.run('DELETE FROM requests WHERE stream = (SELECT id FROM streams WHERE stream = ?) AND expires_ms < ?', stream, Math.trunc(beforeMs))
        db.run('DELETE FROM entries WHERE stream = (SELECT id FROM streams WHERE stream = ?1) AND sequence <= ?2 AND sequence < (SELECT sealed_through FROM streams WHERE stream = ?1)', stream, throughSequence)
      })
    },
  }
}

/** The number that stands for a stream in the other tables. Called inside a transaction. */
export function streamId(db: SqliteDatabase, stream: string): number {
  const found = db.get('SELECT id FROM streams WHERE stream = ?', stream) ?? db.get('INSERT INTO streams (stream) VALUES (?) RETURNING id', stream)
  return asNumber(found?.['id'])
}

function readPosition(db: SqliteDatabase, stream: string): CommitPosition {
  const row = db.get('SELECT epoch, sequence, next_offset, next_source_offset FROM streams WHERE stream = ?', stream)
  if (row === undefined) return { epoch: 0, sequence: 0, nextOffset: 0, nextSourceOffset: 0 }
  return { epoch: asNumber(row['epoch']), sequence: asNumber(row['sequence']), nextOffset: asNumber(row['next_offset']), nextSourceOffset: asNumber(row['next_source_offset']) }
}

function entryOf(row: SqliteRow): CommitEntry {
  return {
    epoch: asNumber(row['epoch']), sequence: asNumber(row['sequence']), firstOffset: asNumber(row['first_offset']), nextOffset: asNumber(row['next_offset']),
    nextSourceOffset: asNumber(row['next_source_offset']), pack: asOptionalText(row['pack']), directory: decodeDirectory(asBytes(row['directory'])), requests: [],
    committedMs: asNumber(row['committed_ms']),
  }
}

function latestExpiry(page: readonly { readonly expiresMs: number }[]): number {
  return Math.ceil(page.reduce((latest, { expiresMs }) => Math.max(latest, expiresMs), 0))
}

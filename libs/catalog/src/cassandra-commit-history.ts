import { bytesOf, safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow } from '@millrace/cassandra/cassandra-session'
import type { CommitEntry, CommittedRequest } from './catalog.ts'
import { inParallel, type CassandraDatabase } from './cassandra-database.ts'
import { decodeDirectory, encodeDirectory } from './directory-codec.ts'
import { decodeRequests, encodeRequests, pagesByExpiry } from './requests-codec.ts'

/**
 * Copies of the entries that heads have named. All writes are plain, of values that never change, and dated not by a clock but by the log: a copy of
 * entry n at {@link copiedAt}(n), a removal at {@link removedAt}(n), n being the last entry that it knew. So the same copy, made again at any later time by anyone, changes
 * nothing and brings nothing back.
 */
export interface CommitHistory {
  /** Safe to repeat. Only of an entry that the head has named. */
  copy(stream: string, entry: CommitEntry): Promise<void>
  /** Entries with a sequence in (`afterSequence`, `beforeSequence`), ascending, at most `limit`. */
  readEntries(stream: string, range: { readonly afterSequence: number; readonly beforeSequence: number; readonly limit: number }): Promise<readonly CommitEntry[]>
  readRequestIds(stream: string, aliveMs: number): AsyncIterable<readonly CommittedRequest[]>
  trimEntries(stream: string, throughSequence: number): Promise<void>
  /** @param sequence the last entry; what later ones bring is not touched. */
  trimRequestIds(stream: string, beforeMs: number, sequence: number): Promise<void>
}

/** @param entriesPerBucket {@link ENTRIES_PER_BUCKET} but in tests: all who open a keyspace must agree. */
export function createCommitHistory(db: CassandraDatabase, entriesPerBucket = ENTRIES_PER_BUCKET): CommitHistory {
  const bucketOf = (sequence: number): number => Math.floor(sequence / entriesPerBucket)
  return {
    async copy(stream, entry) {
      await inParallel(requestPagesOf(entry), async (page) => { await copyRequests(db, stream, entry.sequence, page) })
      const { sequence, epoch, firstOffset, nextOffset, nextSourceOffset, pack, directory, committedMs } = entry
      await db.write(
        `INSERT INTO commit_entries (stream, bucket, sequence, epoch, first_offset, next_offset, next_source_offset, pack, directory, committed_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?`,
        [stream, bucketOf(sequence), sequence, epoch, firstOffset, nextOffset, nextSourceOffset, pack ?? '', encodeDirectory(directory), Math.trunc(committedMs), copiedAt(sequence)],
      )
    },

    async readEntries(stream, { afterSequence, beforeSequence, limit }) {
      const entries: CommitEntry[] = []
      let from = Math.max(afterSequence, 0) + 1
      if (bucketOf(from) < bucketOf(beforeSequence)) from = Math.max(from, (await readTrimmed(db, stream)) + 1) // or each bucket that is gone would be asked
      while (from < beforeSequence && entries.length < limit) {
        const rows = await db.read(
          `SELECT sequence, epoch, first_offset, next_offset, next_source_offset, pack, directory, committed_ms FROM commit_entries
           WHERE stream = ? AND bucket = ? AND sequence >= ? AND sequence < ? LIMIT ${Math.min(limit - entries.length, entriesPerBucket)}`,
          [stream, bucketOf(from), from, beforeSequence],
        )
        for (const row of rows) entries.push(entryOf(row))
        from = (bucketOf(from) + 1) * entriesPerBucket
      }
      return entries
    },

    async *readRequestIds(stream, aliveMs) {
      const alive = Math.floor(aliveMs)
      const slots = await db.read('SELECT slot FROM commit_request_slots WHERE stream = ? AND slot >= ?', [stream, slotOf(alive)])
      for (const slot of slots) {
        const parameters = [stream, safeIntegerOf(slot, 'slot'), alive]
        for await (const rows of db.pages('SELECT ids FROM commit_requests WHERE stream = ? AND slot = ? AND expires_ms > ?', parameters, PAGES_PER_READ)) {
          const requests = rows.flatMap((row) => decodeRequests(bytesOf(row, 'ids')).filter(({ expiresMs }) => expiresMs > aliveMs))
          if (requests.length > 0) yield requests.sort((a, b) => a.expiresMs - b.expiresMs)
        }
      }
    },

    async trimEntries(stream, throughSequence) {
      const trimmed = throughSequence <= 0 ? throughSequence : await readTrimmed(db, stream)
      if (throughSequence <= trimmed) return
      const last = bucketOf(throughSequence)
      // Ascending, and told at the end: a removal that ends half way leaves no gap, and is repeated from where the last one was told.
      for (let bucket = bucketOf(trimmed + 1); bucket < last; bucket++) {
        await db.write('DELETE FROM commit_entries USING TIMESTAMP ? WHERE stream = ? AND bucket = ?', [removedAt(throughSequence), stream, bucket])
      }
      await db.write('DELETE FROM commit_entries USING TIMESTAMP ? WHERE stream = ? AND bucket = ? AND sequence <= ?', [removedAt(throughSequence), stream, last, throughSequence])
      await db.write('INSERT INTO commit_trims (stream, through) VALUES (?, ?) USING TIMESTAMP ?', [stream, throughSequence, throughSequence])
    },

    async trimRequestIds(stream, beforeMs, sequence) {
      const slot = slotOf(beforeMs)
      const at = removedAt(sequence)
      const slots = (await db.read('SELECT slot FROM commit_request_slots WHERE stream = ? AND slot <= ?', [stream, slot])).map((row) => safeIntegerOf(row, 'slot'))
      if (slots.includes(slot)) await db.write('DELETE FROM commit_requests USING TIMESTAMP ? WHERE stream = ? AND slot = ? AND expires_ms < ?', [at, stream, slot, beforeMs])
      const gone = slots.filter((each) => each < slot)
      if (gone.length === 0) return
      await inParallel(gone, async (each) => { await db.write('DELETE FROM commit_requests USING TIMESTAMP ? WHERE stream = ? AND slot = ?', [at, stream, each]) })
      await db.write('DELETE FROM commit_request_slots USING TIMESTAMP ? WHERE stream = ? AND slot < ?', [at, stream, slot])
    },
  }
}

/**
 * Bounds a partition of commit_entries: a directory has some 50 bytes per fragment, so it is about 1 MB with 100 fragments a flush, and 25 MB with 2,000. A reader of
 * the entries that are not sealed meets two at most. Stored: changing it needs a migration.
 */
export const ENTRIES_PER_BUCKET = 256
/** Bounds a partition of commit_requests: 18 MB at 1,000 request units a second in one stream. Ids that live for a day are in 144 of them. Stored: as above. */
const SLOT_MS = 600_000
/** Ids of one row: 120 KB, so that {@link PAGES_PER_READ} are some 4 MB. */
const REQUESTS_PER_PAGE = 4096
const PAGES_PER_READ = 32

/** In the place of microseconds since 1970. */
function copiedAt(sequence: number): number {
  return 2 * sequence
}

/** After the copies of all entries up to `sequence`, and before those of later ones. */
function removedAt(sequence: number): number {
  return 2 * sequence + 1
}

function slotOf(expiresMs: number): number {
  return Math.floor(expiresMs / SLOT_MS)
}

interface RequestPage {
  readonly expiresMs: number
  readonly page: number
  readonly requests: readonly CommittedRequest[]
}

/** Always the same for the same entry. */
function requestPagesOf({ requests }: CommitEntry): readonly RequestPage[] {
  return pagesByExpiry(requests)
    .flatMap((page) => Array.from({ length: Math.ceil(page.length / REQUESTS_PER_PAGE) }, (_, index) => page.slice(index * REQUESTS_PER_PAGE, (index + 1) * REQUESTS_PER_PAGE)))
    .map((page, index) => ({ expiresMs: Math.ceil(page.reduce((latest, { expiresMs }) => Math.max(latest, expiresMs), 0)), page: index, requests: page }))
}

async function copyRequests(db: CassandraDatabase, stream: string, sequence: number, { expiresMs, page, requests }: RequestPage): Promise<void> {
  const at = copiedAt(sequence)
  const slot = slotOf(expiresMs)
  // The slot first: ids in a slot that is not listed would neither be read nor removed.
  await db.write('INSERT INTO commit_request_slots (stream, slot) VALUES (?, ?) USING TIMESTAMP ?', [stream, slot, at])
  await db.write('INSERT INTO commit_requests (stream, slot, expires_ms, sequence, page, ids) VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?', [stream, slot, expiresMs, sequence, page, encodeRequests(requests), at])
}

async function readTrimmed(db: CassandraDatabase, stream: string): Promise<number> {
  const [row] = await db.read('SELECT through FROM commit_trims WHERE stream = ?', [stream])
  return row === undefined ? 0 : safeIntegerOf(row, 'through')
}

function entryOf(row: CassandraRow): CommitEntry {
  const pack = textOf(row, 'pack')
  return {
    epoch: safeIntegerOf(row, 'epoch'), sequence: safeIntegerOf(row, 'sequence'), firstOffset: safeIntegerOf(row, 'first_offset'), nextOffset: safeIntegerOf(row, 'next_offset'),
    nextSourceOffset: safeIntegerOf(row, 'next_source_offset'), pack: pack === '' ? undefined : pack, directory: decodeDirectory(bytesOf(row, 'directory')), requests: [],
    committedMs: safeIntegerOf(row, 'committed_ms'),
  }
}

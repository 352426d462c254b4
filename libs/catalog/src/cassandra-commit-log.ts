import assert from 'node:assert/strict'
import { bytesOf, safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow } from '@millrace/cassandra/cassandra-session'
import { CatalogUnavailableError, FencedError, type CommitEntry, type CommitLog, type CommitPosition } from './catalog.ts'
import type { CassandraDatabase } from './cassandra-database.ts'
import { createCommitHistory, type CommitHistory } from './cassandra-commit-history.ts'
import { decodeDirectory, encodeDirectory } from './directory-codec.ts'
import { decodeRequests, encodeRequests } from './requests-codec.ts'

export interface CassandraCommitLog extends CommitLog {
  /** Waits for copies that are on their way. */
  settle(): Promise<void>
}

/**
 * One row per stream decides everything: the head, which holds the position and the whole of the last entry. A commit is one conditional write to
 * it. What the next commit would overwrite is first copied to the history, where entries never change; so there is no second place that could
 * fence or be fenced.
 */
export function createCassandraCommitLog(db: CassandraDatabase, sealedThrough: (stream: string) => Promise<number>, entriesPerBucket?: number): CassandraCommitLog {
  const history = createCommitHistory(db, entriesPerBucket)
  const copies = createCopies(db, history)
  return {
    claimStream: async (stream, ownerId) => await claimStream(db, stream, ownerId),

    async commit(stream, entry) {
      assert(entry.nextOffset >= entry.firstOffset, 'an entry does not go backwards')
      const statement = commitStatement(stream, entry)
      await copies.finish(stream, entry.sequence - 1)
      const refused = await db.conditional([statement])
      if (refused !== undefined) throw refusalOf(stream, entry, refused[0])
      copies.begin(stream, entry)
    },

    async readPosition(stream) {
      const [row] = await db.readSerial(`SELECT ${POSITION} FROM commit_heads WHERE stream = ?`, [stream])
      return positionOf(row)
    },

    async readEntries(stream, afterSequence, limit) {
      // The head first: everything before its entry is in the history by then, and what is committed later is left out.
      const [row] = await db.read(`SELECT ${POSITION}, ${ENTRY} FROM commit_heads WHERE stream = ?`, [stream])
      const { sequence } = positionOf(row)
      if (row === undefined || sequence <= afterSequence || limit <= 0) return []
      const entries = await history.readEntries(stream, { afterSequence, beforeSequence: sequence, limit })
      return entries.length < limit ? [...entries, headEntryOf(row)] : entries
    },

    async *readRequestIds(stream, aliveMs) {
      const head = await readHead(db, stream)
      if (head !== undefined) await history.copy(stream, head)
      yield* history.readRequestIds(stream, aliveMs)
    },

    async trimCommits(stream, { beforeMs, throughSequence }) {
      const [head, sealed] = await Promise.all([readHead(db, stream), sealedThrough(stream)])
      // Its copy may be under way, and ids that arrive under an older date than the trim's would stay for good beside a slot that is gone.
      if (head?.requests.some(({ expiresMs }) => expiresMs < beforeMs) === true) await history.copy(stream, head)
      // Below the last sealed entry, so the head's own entry always stays.
      await history.trimEntries(stream, Math.min(throughSequence, sealed - 1))
      await history.trimRequestIds(stream, Math.trunc(beforeMs), head?.sequence ?? 0)
    },

    settle: async () => { await copies.settle() },
  }
}

/** Claims that meet each other or a commit read again; so many in a row means that something is wrong with the engine. */
const MAX_CLAIM_ATTEMPTS = 20

const POSITION = 'epoch, owner, sequence, next_offset, next_source_offset'
const ENTRY = 'entry_epoch, first_offset, pack, directory, committed_ms'

async function claimStream(db: CassandraDatabase, stream: string, ownerId: string): Promise<CommitPosition & { readonly ownerId: string }> {
  for (let attempt = 0; attempt < MAX_CLAIM_ATTEMPTS; attempt++) {
    const [row] = await db.readSerial(`SELECT ${POSITION} FROM commit_heads WHERE stream = ?`, [stream])
    const at = positionOf(row)
    if (row !== undefined && textOf(row, 'owner') === ownerId) return { ...at, ownerId }
    const epoch = at.epoch + 1
    const refused = await db.conditional([
      row === undefined
        ? { cql: 'INSERT INTO commit_heads (stream, epoch, owner, sequence, next_offset, next_source_offset) VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS', parameters: [stream, epoch, ownerId, 0, 0, 0] }
        // The sequence too: then the position that was read is where the claimed log stands.
        : { cql: 'UPDATE commit_heads SET epoch = ?, owner = ? WHERE stream = ? IF epoch = ? AND sequence = ?', parameters: [epoch, ownerId, stream, at.epoch, at.sequence] },
    ])
    if (refused === undefined) return { ...at, epoch, ownerId }
  }
  throw new CatalogUnavailableError(`${stream} was claimed or committed to ${MAX_CLAIM_ATTEMPTS} times while it was being claimed`)
}

function commitStatement(stream: string, entry: CommitEntry): { readonly cql: string; readonly parameters: (string | number | Uint8Array)[] } {
  const { epoch, sequence, firstOffset, nextOffset, nextSourceOffset, pack, committedMs } = entry
  const directory = encodeDirectory(entry.directory)
  const requests = encodeRequests(entry.requests)
  assert(directory.length + requests.length <= MAX_ENTRY_BYTES, 'an entry has at most MAX_ENTRY_BYTES')
  return {
    cql: `UPDATE commit_heads SET sequence = ?, next_offset = ?, next_source_offset = ?, entry_epoch = ?, first_offset = ?, pack = ?, directory = ?, requests = ?, committed_ms = ?
      WHERE stream = ? IF epoch = ? AND sequence = ? AND next_offset = ? AND next_source_offset <= ?`,
    parameters: [sequence, nextOffset, nextSourceOffset, epoch, firstOffset, pack ?? '', directory, requests, Math.trunc(committedMs), stream, epoch, sequence - 1, firstOffset, nextSourceOffset],
  }
}

/** Directory and request ids of one entry. A flush has at most 20,000 requests (600 KB) and some thousand fragments (50 bytes each); Cassandra refuses 16 MB. */
const MAX_ENTRY_BYTES = 8 * 1024 * 1024

function refusalOf(stream: string, { epoch, sequence, firstOffset }: CommitEntry, row: CassandraRow | undefined): FencedError {
  const at = positionOf(row)
  if (at.epoch !== epoch) return new FencedError(`${stream} is at epoch ${at.epoch}, not ${epoch}`)
  assert(at.sequence + 1 !== sequence || at.nextOffset !== firstOffset, 'source offsets do not go backwards')
  return new FencedError(`${stream} goes on with entry ${at.sequence + 1} at ${at.nextOffset}, not with ${sequence} at ${firstOffset}`)
}

/** The last entry with its request ids; undefined before the first. */
async function readHead(db: CassandraDatabase, stream: string): Promise<CommitEntry | undefined> {
  const [row] = await db.readSerial(`SELECT ${POSITION}, ${ENTRY}, requests FROM commit_heads WHERE stream = ?`, [stream])
  return row === undefined || positionOf(row).sequence === 0 ? undefined : { ...headEntryOf(row), requests: decodeRequests(bytesOf(row, 'requests')) }
}

/** A refused condition tells only the columns that it names; those of the head are never null once it exists. */
function positionOf(row: CassandraRow | undefined): CommitPosition {
  if (row === undefined) return { epoch: 0, sequence: 0, nextOffset: 0, nextSourceOffset: 0 }
  return { epoch: safeIntegerOf(row, 'epoch'), sequence: safeIntegerOf(row, 'sequence'), nextOffset: safeIntegerOf(row, 'next_offset'), nextSourceOffset: safeIntegerOf(row, 'next_source_offset') }
}

function headEntryOf(row: CassandraRow): CommitEntry {
  const pack = textOf(row, 'pack')
  return {
    epoch: safeIntegerOf(row, 'entry_epoch'), sequence: safeIntegerOf(row, 'sequence'), firstOffset: safeIntegerOf(row, 'first_offset'), nextOffset: safeIntegerOf(row, 'next_offset'),
    nextSourceOffset: safeIntegerOf(row, 'next_source_offset'), pack: pack === '' ? undefined : pack, directory: decodeDirectory(bytesOf(row, 'directory')), requests: [],
    committedMs: safeIntegerOf(row, 'committed_ms'),
  }
}

interface Copies {
  /** Copies an entry that was just committed, beside whatever else happens. */
  begin(stream: string, entry: CommitEntry): void
  /**
   * Resolves when the history has entry `sequence`, the last of the log: then the head may be overwritten.
   * @throws {FencedError} it is not the last.
   */
  finish(stream: string, sequence: number): Promise<void>
  settle(): Promise<void>
}

function createCopies(db: CassandraDatabase, history: CommitHistory): Copies {
  /** The last entry that this process has committed, per stream, and whether its copy succeeded. */
  const begun = new Map<string, { readonly sequence: number; readonly isDone: Promise<boolean> }>()
  return {
    begin(stream, entry) {
      // A copy that fails is made again from the head by the next commit.
      begun.set(stream, { sequence: entry.sequence, isDone: history.copy(stream, entry).then(() => true, () => false) })
    },
    async finish(stream, sequence) {
      const own = begun.get(stream)
      if (sequence === 0 || (own?.sequence === sequence && (await own.isDone))) return
      const head = await readHead(db, stream)
      // Were it to go on, the head could reach this sequence meanwhile, and its entry would be overwritten without a copy.
      if (head?.sequence !== sequence) throw new FencedError(`${stream} has ${head?.sequence ?? 0} as its last entry, not ${sequence}`)
      await history.copy(stream, head)
    },
    async settle() {
      await Promise.all([...begun.values()].map(({ isDone }) => isDone))
    },
  }
}

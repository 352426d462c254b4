import assert from 'node:assert/strict'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { EVENT_KIND_CODES, type EventKind, type TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { Disk } from '@millrace/runtime/disk'
import type { Random } from '@millrace/runtime/random'
import { clampTime, IndexUnavailableError, MAX_DOCUMENT_WORDS, MAX_QUERY_WORDS, type FragmentDocument, type FragmentHits, type FragmentIndex, type FragmentName, type FragmentQuery } from './fragment-index.ts'
import { wordTerm } from './word-term.ts'

export interface SqliteFragmentIndexOptions {
  /** Folder of `fragments.db`; created when missing. Several threads of one process may open it at once. */
  readonly root: string
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
}

/**
 * Keeps words in a full-text table that holds no text, one term per tenant, kind and word (word-term.ts). A file that is damaged or of another
 * version is replaced by an empty one with another UUID, because all of it can be made again. @throws {IndexUnavailableError}
 */
export async function openSqliteFragmentIndex({ root, disk, clock, random }: SqliteFragmentIndexOptions): Promise<FragmentIndex> {
  const path = `${root}/fragments.db`
  try {
    await disk.makeDirectory(root)
    let db: DatabaseSync
    try {
      db = openDatabase(path, random)
    } catch (error) {
      if (!isDamage(error)) throw error
      for (const suffix of ['', '-wal', '-shm']) await disk.remove(path + suffix)
      db = openDatabase(path, random)
    }
    await disk.syncDirectory(root)
    return new SqliteFragmentIndex(db, clock)
  } catch (cause) {
    throw new IndexUnavailableError('the index cannot be opened', { cause })
  }
}

/** Words in one synchronous transaction: some ten milliseconds. */
const MAX_TRANSACTION_WORDS = MAX_DOCUMENT_WORDS
/** Documents forgotten in one synchronous transaction: some ten milliseconds. */
const MAX_TRANSACTION_REMOVALS = 64
/** Other threads hold the write lock for milliseconds; longer means that the disk hangs. */
const BUSY_TIMEOUT_MS = 2_000
const SCHEMA_VERSION = 1
/** `detail=none`: which documents, not where in them. */
const SCHEMA = `
  CREATE TABLE identity (uuid TEXT NOT NULL) STRICT;
  CREATE TABLE documents (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, kind INTEGER NOT NULL, row_id TEXT NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL, has_words INTEGER NOT NULL,
    UNIQUE (tenant, row_id)
  ) STRICT;
  CREATE INDEX documents_by_time ON documents (tenant, kind, max_time);
  CREATE VIRTUAL TABLE words USING fts5 (terms, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');
  PRAGMA user_version = ${SCHEMA_VERSION};
`

class SqliteFragmentIndex implements FragmentIndex {
  readonly #db: DatabaseSync
  readonly #uuid: string
  readonly #clock: Clock
  readonly #statements = new Map<string, StatementSync>()

  constructor(db: DatabaseSync, clock: Clock) {
    this.#db = db
    this.#clock = clock
    const uuid = db.prepare('SELECT uuid FROM identity').get()?.['uuid']
    assert(typeof uuid === 'string', 'an index has an identity')
    this.#uuid = uuid
  }

  async put(documents: readonly FragmentDocument[]): Promise<readonly string[]> {
    for (let next = 0; next < documents.length; ) {
      const first = next
      for (let words = 0; next < documents.length && (next === first || words < MAX_TRANSACTION_WORDS); next++) words += documents[next]?.words?.length ?? 0
      this.#transaction(() => {
        for (const document of documents.slice(first, next)) this.#putOne(document)
      })
      await this.#clock.sleep(0) // others get a turn between the transactions
    }
    return documents.map(() => this.#uuid)
  }

  async find({ tenantId, kind, fromNs, toNs, words }: FragmentQuery): Promise<FragmentHits> {
    const terms = words.slice(0, MAX_QUERY_WORDS).map((word) => wordTerm(tenantId, kind, word))
    return guarded(() => {
      const documents = 'SELECT row_id FROM documents WHERE tenant = ? AND kind = ? AND max_time >= ? AND min_time <= ?'
      const scope = [tenantId, EVENT_KIND_CODES[kind], clampTime(fromNs), clampTime(toNs)]
      const rows = terms.length === 0
        ? this.#prepared(documents).all(...scope)
        : this.#prepared(`${documents} AND (has_words = 0 OR id IN (SELECT rowid FROM words WHERE words MATCH ?))`).all(...scope, terms.join(' AND '))
      return { rowIds: new Set(rows.map((row) => String(row['row_id']))), indexes: new Set([this.#uuid]) }
    })
  }

  async remove(rows: readonly FragmentName[]): Promise<void> {
    for (let first = 0; first < rows.length; first += MAX_TRANSACTION_REMOVALS) {
      this.#transaction(() => {
        for (const { tenantId, rowId } of rows.slice(first, first + MAX_TRANSACTION_REMOVALS)) this.#removeOne(tenantId, rowId)
      })
      await this.#clock.sleep(0)
    }
  }

  async removeBefore(dayNs: bigint): Promise<void> {
    for (;;) {
      const rows = guarded(() => this.#prepared('SELECT tenant, row_id FROM documents WHERE max_time < ? LIMIT ?').all(clampTime(dayNs), MAX_TRANSACTION_REMOVALS))
      if (rows.length === 0) return
      this.#transaction(() => {
        for (const row of rows) this.#removeOne(String(row['tenant']), String(row['row_id']))
      })
      await this.#clock.sleep(0)
    }
  }

  async uuids(): Promise<ReadonlySet<string>> {
    return guarded(() => {
      this.#prepared('SELECT 1').get()
      return new Set([this.#uuid])
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #putOne({ tenantId, kind, rowId, minTimeNs, maxTimeNs, words }: FragmentDocument): void {
    assert(words === undefined || words.length <= MAX_DOCUMENT_WORDS, 'a document has at most MAX_DOCUMENT_WORDS words')
    this.#removeOne(tenantId, rowId)
    const { lastInsertRowid } = this.#run('INSERT INTO documents (tenant, kind, row_id, min_time, max_time, has_words) VALUES (?, ?, ?, ?, ?, ?)', tenantId, EVENT_KIND_CODES[kind], rowId, clampTime(minTimeNs), clampTime(maxTimeNs), words === undefined ? 0 : 1)
    if (words !== undefined) this.#run('INSERT INTO words (rowid, terms) VALUES (?, ?)', lastInsertRowid, termsOf(tenantId, kind, words))
  }

  #removeOne(tenantId: TenantId, rowId: string): void {
    const found = this.#prepared('SELECT id, has_words FROM documents WHERE tenant = ? AND row_id = ?').get(tenantId, rowId)
    if (found === undefined) return
    if (found['has_words'] === 1) this.#run('DELETE FROM words WHERE rowid = ?', found['id'] ?? null)
    this.#run('DELETE FROM documents WHERE id = ?', found['id'] ?? null)
  }

  #run(sql: string, ...parameters: SQLInputValue[]): { readonly lastInsertRowid: number | bigint } {
    return this.#prepared(sql).run(...parameters)
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }

  #transaction(work: () => void): void {
    guarded(() => {
      inTransaction(this.#db, work)
    })
  }
}

/** Durable when it returns (synchronous=FULL): the catalog will rely on what was put, so it must not be lost without the UUID being lost too. */
function inTransaction(db: DatabaseSync, work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

function openDatabase(path: string, random: Random): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    inTransaction(db, () => {
      const version = db.prepare('PRAGMA user_version').get()?.['user_version']
      if (version === SCHEMA_VERSION) return
      if (version !== 0) throw new OtherVersionError(`the index has version ${String(version)}`)
      db.exec(SCHEMA)
      db.prepare('INSERT INTO identity VALUES (?)').run(random.text(UUID_LENGTH))
    })
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** 165 bits. */
const UUID_LENGTH = 32

class OtherVersionError extends Error {}

function isDamage(error: unknown): boolean {
  return error instanceof OtherVersionError || (error instanceof Error && 'errcode' in error && (error.errcode === SQLITE_CORRUPT || error.errcode === SQLITE_NOTADB))
}

/** https://www.sqlite.org/rescode.html */
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

function termsOf(tenantId: TenantId, kind: EventKind, words: readonly string[]): string {
  return words.map((word) => wordTerm(tenantId, kind, word)).join(' ')
}

function guarded<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof assert.AssertionError) throw cause
    throw new IndexUnavailableError('the index did not answer', { cause })
  }
}

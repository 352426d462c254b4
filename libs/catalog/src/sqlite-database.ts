import { AssertionError } from 'node:assert'
import assert from 'node:assert/strict'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { CatalogUnavailableError, FencedError, OutcomeUnknownError, SettingConflictError, TenantExistsError } from './catalog.ts'
import { MIGRATIONS } from './sqlite-migrations.ts'

export type SqliteRow = Readonly<Record<string, SQLOutputValue>>

/**
 * One connection to the catalog's file. Its calls are synchronous and short; each thread has a connection of its own, and writers take turns.
 * WAL with synchronous=FULL: a transaction is durable when it returns.
 */
export class SqliteDatabase {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  /** @throws {CatalogUnavailableError} also when the file is of a newer version than this program. */
  constructor(path: string) {
    try {
      this.#db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    } catch (cause) {
      throw new CatalogUnavailableError('the catalog cannot be opened', { cause })
    }
    try {
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
      this.#migrate()
    } catch (cause) {
      this.#db.close()
      throw new CatalogUnavailableError('the catalog cannot be opened', { cause })
    }
  }

  /** First row of a query. */
  get(sql: string, ...parameters: SQLInputValue[]): SqliteRow | undefined {
    return guarded(() => this.#prepared(sql).get(...parameters))
  }

  all(sql: string, ...parameters: SQLInputValue[]): readonly SqliteRow[] {
    return guarded(() => this.#prepared(sql).all(...parameters))
  }

  /** Answers how many rows were changed. */
  run(sql: string, ...parameters: SQLInputValue[]): number {
    return guarded(() => Number(this.#prepared(sql).run(...parameters).changes))
  }

  /**
   * Runs `work` as one transaction that excludes other writers from its first statement on.
   * @throws what `work` throws; then nothing has happened. @throws {OutcomeUnknownError} the disk refused the commit.
   */
  transaction<Result>(work: () => Result): Result {
    guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
    })
    let result: Result
    try {
      result = work()
    } catch (error) {
      this.#rollBack()
      throw error
    }
    try {
      this.#db.exec('COMMIT')
    } catch (cause) {
      this.#rollBack()
      // The log file may hold the transaction although its sync failed; a start after a crash would then find it.
      throw new OutcomeUnknownError('the catalog could not sync a transaction', { cause })
    }
    return result
  }

  close(): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #rollBack(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
  }

  /** Each step runs once, in order, in a transaction of its own; `user_version` counts them. */
  #migrate(): void {
    const version = (): number => asNumber(this.#db.prepare('PRAGMA user_version').get()?.['user_version'])
    for (let next = version(); next !== MIGRATIONS.length; next = version()) {
      assert(next < MIGRATIONS.length, `the catalog has version ${next}, and this program knows ${MIGRATIONS.length}`)
      this.transaction(() => {
        if (version() !== next) return // another thread was faster
        this.#db.exec(`${MIGRATIONS[next] ?? ''}; PRAGMA user_version = ${next + 1}`)
      })
    }
  }
}

/** Other threads hold the write lock for milliseconds; longer means that the disk hangs. */
const BUSY_TIMEOUT_MS = 2_000

function guarded<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof AssertionError || OWN_ERRORS.some((own) => cause instanceof own)) throw cause
    throw new CatalogUnavailableError('the catalog did not answer', { cause })
  }
}

const OWN_ERRORS = [CatalogUnavailableError, FencedError, OutcomeUnknownError, SettingConflictError, TenantExistsError]

export function asNumber(value: SQLOutputValue | undefined): number {
  assert(typeof value === 'number', 'the column holds a number')
  return value
}

export function asText(value: SQLOutputValue | undefined): string {
  assert(typeof value === 'string', 'the column holds text')
  return value
}

export function asOptionalText(value: SQLOutputValue | undefined): string | undefined {
  return value === null ? undefined : asText(value)
}

export function asBytes(value: SQLOutputValue | undefined): Buffer {
  assert(value instanceof Uint8Array, 'the column holds bytes')
  return Buffer.from(value.buffer, value.byteOffset, value.length)
}

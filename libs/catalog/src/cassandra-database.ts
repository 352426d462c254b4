import assert from 'node:assert/strict'
import { CassandraOutcomeUnknownError, CassandraUnavailableError, type CassandraRow, type CassandraSession } from '@millrace/cassandra/cassandra-session'
import { CatalogUnavailableError, OutcomeUnknownError } from './catalog.ts'

/** What a parameter may be. Every whole number of the catalog's tables is a `bigint` column. */
export type CassandraValue = string | number | Uint8Array

export interface CatalogStatement {
  readonly cql: string
  readonly parameters: readonly CassandraValue[]
}

/** A session in the words of the catalog's port: numbers go in as numbers, and its errors come out. */
export class CassandraDatabase implements AsyncDisposable {
  readonly #session: CassandraSession

  constructor(session: CassandraSession) {
    this.#session = session
  }

  /** Sees every plain write and every conditional one that was acknowledged. @throws {CatalogUnavailableError} */
  async read(cql: string, parameters: readonly CassandraValue[]): Promise<readonly CassandraRow[]> {
    return await guarded(async () => await this.#session.execute(cql, valuesOf(parameters), { isIdempotent: true }))
  }

  /** Reads one partition after every conditional write to it, and finishes one that hangs. @throws {CatalogUnavailableError} */
  async readSerial(cql: string, parameters: readonly CassandraValue[]): Promise<readonly CassandraRow[]> {
    return await guarded(async () => await this.#session.execute(cql, valuesOf(parameters), { isIdempotent: true, isSerial: true }))
  }

  /** All rows, few at a time. @throws {CatalogUnavailableError} */
  async *pages(cql: string, parameters: readonly CassandraValue[], rowsPerPage: number): AsyncGenerator<readonly CassandraRow[]> {
    const pages = this.#session.pages(cql, valuesOf(parameters), { rowsPerPage })[Symbol.asyncIterator]()
    try {
      for (;;) {
        const page = await guarded(async () => await pages.next())
        if (page.done === true) return
        yield page.value
      }
    } finally {
      await pages.return?.()
    }
  }

  /** A plain write that must be safe to repeat, at any later time and by anyone: it carries its own timestamp where that matters. @throws {CatalogUnavailableError} */
  async write(cql: string, parameters: readonly CassandraValue[]): Promise<void> {
    await guarded(async () => await this.#session.execute(cql, valuesOf(parameters), { isIdempotent: true }))
  }

  /**
   * Some statements on one partition, with conditions: all or none.
   * @returns undefined when it was applied, else the rows that the conditions met, as they are.
   * @throws {OutcomeUnknownError} @throws {CatalogUnavailableError} it was not sent.
   */
  async conditional(statements: readonly CatalogStatement[]): Promise<readonly CassandraRow[] | undefined> {
    const { isApplied, rows } = await guarded(async () => await this.#session.conditional(statements.map(({ cql, parameters }) => ({ cql, parameters: valuesOf(parameters) }))))
    return isApplied ? undefined : rows
  }

  /** A conditional write that does no harm when its caller repeats it. @throws {CatalogUnavailableError} also when the outcome is unknown. */
  async repeatable(statements: readonly CatalogStatement[]): Promise<readonly CassandraRow[] | undefined> {
    try {
      return await this.conditional(statements)
    } catch (cause) {
      throw cause instanceof OutcomeUnknownError ? new CatalogUnavailableError('the catalog did not answer', { cause }) : cause
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }
}

/** Works on all items, {@link MAX_IN_FLIGHT} at a time; answers in their order. After a failure no more are begun, and all that were have ended when it throws. */
export async function inParallel<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  let hasFailed = false
  const worker = async (): Promise<void> => {
    while (!hasFailed && next < items.length) {
      const index = next++
      try {
        results[index] = await work(items[index] as Item)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: Math.min(MAX_IN_FLIGHT, items.length) }, worker))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return results
}

/** Statements of one call at once: enough to keep a few hosts busy, few enough to leave others their turn. */
const MAX_IN_FLIGHT = 32

function valuesOf(parameters: readonly CassandraValue[]): readonly unknown[] {
  return parameters.map((value) => {
    if (typeof value === 'number') {
      assert(Number.isSafeInteger(value), 'a number in the catalog is whole')
      return BigInt(value)
    }
    return typeof value === 'string' ? value : Buffer.from(value.buffer, value.byteOffset, value.length)
  })
}

async function guarded<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof CassandraUnavailableError) throw new CatalogUnavailableError('the catalog did not answer', { cause })
    if (cause instanceof CassandraOutcomeUnknownError) throw new OutcomeUnknownError('the catalog did not tell the outcome of a conditional write', { cause })
    throw cause
  }
}

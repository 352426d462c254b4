import assert from 'node:assert/strict'
import { CassandraUnavailableError, openCassandraSession, type CassandraOptions, type CassandraSession } from '@millrace/cassandra/cassandra-session'
import type { Clock } from '@millrace/runtime/clock'
import { CatalogUnavailableError, type Catalog, type TopicGeneration } from './catalog.ts'
import { createCassandraCommitLog } from './cassandra-commit-log.ts'
import { CassandraDatabase } from './cassandra-database.ts'
import { createCassandraSealPositions, createSealTags } from './cassandra-seal-log.ts'
import { createCassandraSealedRows } from './cassandra-sealed-rows.ts'
import { createCassandraSettings, createCassandraTenants, firstValue, readFirstValue } from './cassandra-tenants.ts'

/** The keyspace must have been made by `migrateCatalog`. */
export type CassandraCatalogOptions = CassandraOptions

/** Keeps the catalog in Cassandra; docs/design/catalog-cassandra.md tells how. @throws {CatalogUnavailableError} */
export async function openCassandraCatalog(options: CassandraCatalogOptions): Promise<Catalog> {
  try {
    return createCassandraCatalog(await openCassandraSession(options), options.clock)
  } catch (cause) {
    throw cause instanceof CassandraUnavailableError ? new CatalogUnavailableError('the catalog cannot be opened', { cause }) : cause
  }
}

/**
 * @param session is closed with the catalog.
 * @param entriesPerBucket smaller in tests; all who open a keyspace must agree.
 */
export function createCassandraCatalog(session: CassandraSession, clock: Clock, entriesPerBucket?: number): Catalog {
  const db = new CassandraDatabase(session)
  const positions = createCassandraSealPositions(db)
  const { settle, ...commits } = createCassandraCommitLog(db, async (stream) => (await positions.readSealPosition(stream)).throughCommit, entriesPerBucket)
  return {
    ...createCassandraTenants(db),
    ...createCassandraSettings(db),
    ...commits,
    ...positions,
    ...createCassandraSealedRows(db, clock, createSealTags(db)),
    async openGeneration(candidate) {
      return parseGeneration(await firstValue(db, 'generation', JSON.stringify(candidate)))
    },
    async currentGeneration() {
      const value = await readFirstValue(db, 'generation')
      return value === undefined ? undefined : parseGeneration(value)
    },
    async openSecret(name, candidate) {
      return await firstValue(db, `secret ${name}`, candidate)
    },
    async [Symbol.asyncDispose]() {
      await settle()
      await db[Symbol.asyncDispose]()
    },
  }
}

function parseGeneration(text: string): TopicGeneration {
  const value: unknown = JSON.parse(text)
  assert(typeof value === 'object' && value !== null && 'generation' in value && typeof value.generation === 'string' && 'partitions' in value && typeof value.partitions === 'number', 'the catalog holds a generation')
  return { generation: value.generation, partitions: value.partitions }
}

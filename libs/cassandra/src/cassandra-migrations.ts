import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { types, type Client } from 'cassandra-driver'
import type { Random } from '@millrace/runtime/random'
import { CassandraOutcomeUnknownError, CassandraUnavailableError, connectCassandra, openCassandraSession, type CassandraOptions, type CassandraSession } from './cassandra-session.ts'

/** One step of a schema, never changed once it has run anywhere. */
export interface CassandraMigration {
  /** Unique among all lists that share a keyspace: `objects-1`. */
  readonly id: string
  /**
   * Statements that are safe to run twice: `CREATE TABLE IF NOT EXISTS name (…) WITH …` and `ALTER TABLE name …`.
   * Tables are created in the session's keyspace, under an ID made of keyspace and name.
   */
  readonly statements: readonly string[]
}

export interface MigrationOptions extends CassandraOptions {
  /** Copies of each row in the data centre; of a keyspace that exists it is left as it is. 3 for one lost host without a pause. */
  readonly replicationFactor: number
  readonly random: Random
}

/**
 * Makes the keyspace and brings it to the newest version; answers the ids of what it ran. Safe to run twice and from several places at once:
 * one of them holds a lease while it changes the schema, the others wait for it and then find the work done. Cassandra itself does not order
 * changes of schema, and two tables made at the same time under one name would get two IDs and lose data; hence also the fixed IDs.
 *
 * @throws {CassandraUnavailableError} running it again goes on where it ended.
 */
export async function migrateCassandra(options: MigrationOptions, migrations: readonly CassandraMigration[]): Promise<readonly string[]> {
  await makeKeyspace(options)
  await using session = await openCassandraSession(options)
  const owner = options.random.text(OWNER_CHARACTERS)
  await takeLease(session, options, owner)
  try {
    await using connection = await connectCassandra(options, options.keyspace)
    const ran: string[] = []
    for (const migration of migrations) {
      if (!(await isDue(session, migration))) continue
      for (const statement of migration.statements) {
        await extendLease(session, owner)
        await changeSchema(connection.client, withTableId(options.keyspace, statement))
      }
      await session.execute('INSERT INTO migrations (id, hash, done_at) VALUES (?, ?, toTimestamp(now()))', [migration.id, hashOfMigration(migration)], { isIdempotent: true })
      ran.push(migration.id)
    }
    return ran
  } finally {
    await releaseLease(session, owner)
  }
}

/** Removes the keyspace with everything in it, for tests that made their own. @throws {CassandraUnavailableError} */
export async function dropKeyspace(options: CassandraOptions): Promise<void> {
  await using connection = await connectCassandra(options, undefined)
  await changeSchema(connection.client, `DROP KEYSPACE IF EXISTS ${options.keyspace}`)
}

/** Longer than a change of schema may take, so that a lease ends only when its holder died. */
const LEASE_SECONDS = 90
/** A change of schema waits until all hosts agree on it: seconds in a busy cluster. */
const SCHEMA_TIMEOUT_MS = 30_000
/** Bounds the wait for another migration: its lease, and once more for its work. */
const WAIT_MS = 2 * LEASE_SECONDS * 1000
const POLL_MS = 250
const OWNER_CHARACTERS = 12
/** What the lease itself needs, and a reason why migrations cannot make it. */
const BOOKKEEPING = [
  "CREATE TABLE IF NOT EXISTS migrations (id text PRIMARY KEY, hash text, done_at timestamp) WITH comment = 'steps of the schema that have run'",
  "CREATE TABLE IF NOT EXISTS migration_lease (name text PRIMARY KEY, owner text) WITH comment = 'who changes the schema now'",
]
const LEASE = 'schema'

async function makeKeyspace(options: MigrationOptions): Promise<void> {
  const { keyspace, localDataCenter, replicationFactor } = options
  assert(Number.isInteger(replicationFactor) && replicationFactor > 0, 'a replication factor is a positive integer')
  assert(/^[\w.-]+$/.test(localDataCenter), 'a data centre has letters, digits, dots, dashes and underscores')
  await using connection = await connectCassandra(options, undefined)
  const { client } = connection
  try {
    const { rows } = await client.execute('SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?', [keyspace], { prepare: true })
    if (rows.some((row) => row['table_name'] === 'migrations') && rows.some((row) => row['table_name'] === 'migration_lease')) return
    await changeSchema(client, `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${localDataCenter}': ${replicationFactor}}`)
    for (const statement of BOOKKEEPING) await changeSchema(client, withTableId(keyspace, statement.replace('IF NOT EXISTS ', `IF NOT EXISTS ${keyspace}.`)))
  } catch (cause) {
    if (cause instanceof CassandraUnavailableError) throw cause
    throw new CassandraUnavailableError(`keyspace ${keyspace} could not be made`, { cause })
  }
}

async function takeLease(session: CassandraSession, { clock }: MigrationOptions, owner: string): Promise<void> {
  const deadline = clock.monotonicMs() + WAIT_MS
  for (;;) {
    try {
      const { isApplied } = await session.conditional([{ cql: `INSERT INTO migration_lease (name, owner) VALUES (?, ?) IF NOT EXISTS USING TTL ${LEASE_SECONDS}`, parameters: [LEASE, owner] }])
      if (isApplied) return
    } catch (error) {
      if (!(error instanceof CassandraOutcomeUnknownError)) throw error
      const [row] = await session.execute('SELECT owner FROM migration_lease WHERE name = ?', [LEASE], { isIdempotent: true, isSerial: true })
      if (row?.['owner'] === owner) return
    }
    if (clock.monotonicMs() > deadline) throw new CassandraUnavailableError('another migration did not end')
    await clock.sleep(POLL_MS)
  }
}

async function extendLease(session: CassandraSession, owner: string): Promise<void> {
  const { isApplied } = await session.conditional([{ cql: `UPDATE migration_lease USING TTL ${LEASE_SECONDS} SET owner = ? WHERE name = ? IF owner = ?`, parameters: [owner, LEASE, owner] }])
  if (!isApplied) throw new CassandraUnavailableError('another migration took over')
}

async function releaseLease(session: CassandraSession, owner: string): Promise<void> {
  try {
    await session.conditional([{ cql: 'DELETE FROM migration_lease WHERE name = ? IF owner = ?', parameters: [LEASE, owner] }])
  } catch (error) {
    // It ends by itself.
    if (!(error instanceof CassandraUnavailableError) && !(error instanceof CassandraOutcomeUnknownError)) throw error
  }
}

async function isDue(session: CassandraSession, migration: CassandraMigration): Promise<boolean> {
  const [row] = await session.execute('SELECT hash FROM migrations WHERE id = ?', [migration.id], { isIdempotent: true })
  assert(row === undefined || row['hash'] === hashOfMigration(migration), `migration ${migration.id} was changed after it had run`)
  return row === undefined
}

/** Runs one change and waits until every host has it. @throws {CassandraUnavailableError} */
async function changeSchema(client: Client, statement: string): Promise<void> {
  try {
    const { info } = await client.execute(statement, [], { prepare: false, isIdempotent: false, readTimeout: SCHEMA_TIMEOUT_MS })
    // The driver's types do not know it.
    if (!('isSchemaInAgreement' in info) || info.isSchemaInAgreement !== true) throw new Error('the hosts do not agree on the schema')
  } catch (cause) {
    if (isRefusal(cause)) throw cause
    throw new CassandraUnavailableError('a change of the schema failed', { cause })
  }
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === types.responseErrorCodes.syntaxError || cause.code === types.responseErrorCodes.invalid || cause.code === types.responseErrorCodes.configError)
}

/** A table's ID must be unique in the cluster and the same wherever the statement runs. */
function withTableId(keyspace: string, statement: string): string {
  const [, table] = CREATE_TABLE.exec(statement) ?? []
  if (table === undefined) {
    assert(ALTER_TABLE.test(statement), `a migration runs only statements that are safe to run twice: ${statement.slice(0, 60)}`)
    return statement
  }
  assert(statement.includes(' WITH '), 'CREATE TABLE has options, the first of them a comment')
  const hex = createHash('sha256').update(`${keyspace}.${table}`).digest('hex')
  return `${statement} AND ID = ${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const CREATE_TABLE = /^CREATE TABLE IF NOT EXISTS (?:\w+\.)?(\w+) \(/
const ALTER_TABLE = /^ALTER TABLE \w+ (?:ADD IF NOT EXISTS|WITH|DROP IF EXISTS) /

/** By which a step that was changed after it had run is found. */
export function hashOfMigration({ statements }: CassandraMigration): string {
  return createHash('sha256').update(statements.join(';')).digest('hex')
}

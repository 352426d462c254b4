import { hashOfMigration, type CassandraMigration } from './cassandra-migrations.ts'
import { CassandraUnavailableError, connectCassandra, openCassandraSession, type CassandraConnection, type CassandraOptions } from './cassandra-session.ts'

/** What Cassandra is at the moment, for people who look for what is wrong. */
export interface CassandraFacts {
  readonly nodes: readonly { readonly address: string; readonly isUp: boolean; readonly dataCenter: string; readonly version: string }[]
  /** Copies by data centre; undefined where there is no such keyspace. */
  readonly replication: ReadonlyMap<string, number> | undefined
  /** `batch`, `group` or `periodic`; undefined where it may not be asked. */
  readonly commitlogSync: string | undefined
  /** How far a node's clock is ahead of ours, ms, give or take {@link clockErrorMs}. */
  readonly clockAheadMs: number
  readonly clockErrorMs: number
  /** Steps of the schema that have not run, were changed after they had, or are of a newer version; undefined where there is no keyspace. */
  readonly migrations: { readonly missing: readonly string[]; readonly changed: readonly string[]; readonly unknown: readonly string[] } | undefined
}

/**
 * Looks at Cassandra with reads by quorum, plain and serial, and changes nothing.
 * @param migrations all steps that this version knows of the keyspace. @throws {CassandraUnavailableError} no quorum answers.
 */
export async function inspectCassandra(options: CassandraOptions, migrations: readonly CassandraMigration[]): Promise<CassandraFacts> {
  await using connection = await connectCassandra(options, undefined)
  const { client } = connection
  try {
    const keyspaces = await rowsOf(client, 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [options.keyspace])
    const replication = keyspaces[0]?.['replication'] as Readonly<Record<string, string>> | undefined
    const sentMs = options.clock.nowMs()
    const [clock] = await rowsOf(client, 'SELECT toTimestamp(now()) AS now FROM system.local', [])
    const receivedMs = options.clock.nowMs()
    return {
      nodes: client.hosts.values().map((host) => ({ address: host.address, isUp: host.isUp(), dataCenter: host.datacenter, version: host.cassandraVersion })),
      replication: replication === undefined ? undefined : new Map(Object.entries(replication).filter(([name]) => name !== 'class').map(([name, copies]) => [name, Number(copies)])),
      commitlogSync: await rowsOf(client, "SELECT value FROM system_views.settings WHERE name = 'commitlog_sync'", []).then(([row]) => (typeof row?.['value'] === 'string' ? row['value'] : undefined), () => undefined),
      clockAheadMs: (clock?.['now'] as Date).getTime() - (sentMs + receivedMs) / 2,
      clockErrorMs: (receivedMs - sentMs) / 2,
      migrations: replication === undefined ? undefined : await readMigrations(options, migrations),
    }
  } catch (cause) {
    throw cause instanceof CassandraUnavailableError ? cause : new CassandraUnavailableError('Cassandra could not be asked what it is', { cause })
  }
}

async function rowsOf(client: CassandraConnection['client'], cql: string, parameters: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await client.execute(cql, [...parameters], { prepare: true, isIdempotent: true })).rows as unknown as readonly Readonly<Record<string, unknown>>[]
}

async function readMigrations(options: CassandraOptions, known: readonly CassandraMigration[]): Promise<NonNullable<CassandraFacts['migrations']>> {
  await using session = await openCassandraSession(options)
  // Serial, as each commit reads and writes: a quorum that answers plain reads alone is not enough.
  await session.execute('SELECT owner FROM migration_lease WHERE name = ?', ['schema'], { isIdempotent: true, isSerial: true })
  const ran = new Map((await session.execute('SELECT id, hash FROM migrations', [], { isIdempotent: true })).map(({ id, hash }) => [String(id), String(hash)]))
  return {
    missing: known.filter(({ id }) => !ran.has(id)).map(({ id }) => id),
    changed: known.filter((migration) => ran.has(migration.id) && ran.get(migration.id) !== hashOfMigration(migration)).map(({ id }) => id),
    unknown: [...ran.keys()].filter((id) => !known.some((migration) => migration.id === id)),
  }
}

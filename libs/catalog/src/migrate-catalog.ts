import { migrateCassandra, type CassandraMigration, type MigrationOptions } from '@millrace/cassandra/cassandra-migrations'
import { MIGRATIONS } from './cassandra-migrations.ts'

/**
 * Makes the catalog's tables in Cassandra, or brings them to the newest version; answers the ids of the steps that it ran. Safe to run twice and from several
 * places at once. The embedded catalog migrates itself when it is opened.
 *
 * @throws {CassandraUnavailableError} running it again goes on where it ended.
 */
export async function migrateCatalog(options: MigrationOptions): Promise<readonly string[]> {
  return await migrateCassandra(options, MIGRATIONS)
}

/** The steps that it runs, for whoever looks whether they have run. */
export function catalogMigrations(): readonly CassandraMigration[] {
  return MIGRATIONS
}

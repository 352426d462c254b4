import type { CassandraMigration, MigrationOptions } from '@millrace/cassandra/cassandra-migrations'

/** Makes the tables of the distributed store, or brings them up to date; answers what it ran. Safe to run twice and from two places. @throws {CassandraUnavailableError} */
export async function migrateFragmentStore(options: MigrationOptions): Promise<readonly string[]> {
  const { migrateObjects } = await import('./cassandra-migrations.ts')
  return await migrateObjects(options)
}

/** The steps that it runs, for whoever looks whether they have run. */
export async function fragmentStoreMigrations(): Promise<readonly CassandraMigration[]> {
  return (await import('./cassandra-migrations.ts')).objectMigrations
}

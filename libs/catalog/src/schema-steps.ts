import { MIGRATIONS as cassandraSteps } from './cassandra-migrations.ts'
import { MIGRATIONS as sqliteSteps } from './sqlite-migrations.ts'

/** What each step of the catalog's schemas does, by a name that never changes. A step that was released is never changed: installations have run it. */
export function catalogSteps(): Readonly<Record<string, string>> {
  return Object.fromEntries([...cassandraSteps.map(({ id, statements }) => [`cassandra ${id}`, statements.join(';')]), ...sqliteSteps.map((step, i) => [`sqlite ${i + 1}`, step])])
}

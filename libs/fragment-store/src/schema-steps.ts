import { objectMigrations } from './cassandra-migrations.ts'

/** What each step of the store's schema does, by a name that never changes. A step that was released is never changed: installations have run it. */
export function objectSteps(): Readonly<Record<string, string>> {
  return Object.fromEntries(objectMigrations.map(({ id, statements }) => [`cassandra ${id}`, statements.join(';')]))
}

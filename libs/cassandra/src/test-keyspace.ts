import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { dropKeyspace, type MigrationOptions } from './cassandra-migrations.ts'
import { openCassandraSession, type CassandraSession } from './cassandra-session.ts'

/** For tests: a keyspace that the tests of one `describe` have for themselves. */
export interface TestKeyspace {
  readonly options: MigrationOptions
  /** Open while tests run. */
  readonly session: CassandraSession
}

/** Lets jest make a keyspace of a random name before the tests around the call, migrate it, and drop it after them. */
export function useTestKeyspace(address: string, migrate: (options: MigrationOptions) => Promise<unknown>): TestKeyspace {
  const options: MigrationOptions = { contactPoints: [address], localDataCenter: 'datacenter1', keyspace: `test_${systemRandom.text(12)}`, replicationFactor: 1, clock: systemClock, random: systemRandom, log: createLog('silent') }
  let session: CassandraSession | undefined
  beforeAll(async () => {
    await migrate(options)
    session = await openCassandraSession(options)
  }, MIGRATE_TIMEOUT_MS)
  afterAll(async () => {
    await session?.[Symbol.asyncDispose]()
    await dropKeyspace(options)
  }, MIGRATE_TIMEOUT_MS)
  return {
    options,
    get session() {
      if (session === undefined) throw new Error('a test keyspace is open while tests run')
      return session
    },
  }
}

/** Some tables, one after the other, on a machine that is busy. */
const MIGRATE_TIMEOUT_MS = 60_000

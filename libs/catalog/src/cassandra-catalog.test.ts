import { dropKeyspace, type MigrationOptions } from '@millrace/cassandra/cassandra-migrations'
import { openCassandraSession, type CassandraSession } from '@millrace/cassandra/cassandra-session'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { CatalogUnavailableError, type Catalog } from './catalog.ts'
import { describeCatalog } from './catalog.conformance.ts'
import { describeLiveFragments } from './live-fragments.conformance.ts'
import { migrateCatalog } from './migrate-catalog.ts'
import { openCatalog } from './open-catalog.ts'
import { prefixedCatalog } from './prefixed-catalog.ts'

describeOn('cassandra', 'the catalog in Cassandra', (address) => {
  const options: MigrationOptions = { contactPoints: [address], localDataCenter: 'datacenter1', keyspace: `test_${systemRandom.text(12)}`, replicationFactor: 1, clock: systemClock, random: systemRandom, log: createLog('silent') }
  let session: CassandraSession

  beforeAll(async () => {
    await migrateCatalog(options)
    session = await openCassandraSession(options)
  }, 60_000)
  afterAll(async () => {
    await session[Symbol.asyncDispose]()
    await dropKeyspace(options)
  }, 60_000)

  const open = async (): Promise<Catalog> => prefixedCatalog(await openCatalog({ kind: 'cassandra', ...options }), systemRandom.text(8))

  describeCatalog('cassandra', async () => {
    await session.conditional([{ cql: 'DELETE FROM first_values WHERE name = ? IF EXISTS', parameters: ['generation'] }])
    return await open()
  })
  describeLiveFragments('cassandra', open, 3)

  it('is not opened before its keyspace was made, and when no host answers', async () => {
    await expect(openCatalog({ kind: 'cassandra', ...options, keyspace: 'test_absent' })).rejects.toThrow(CatalogUnavailableError)
    await expect(openCatalog({ kind: 'cassandra', ...options, contactPoints: ['127.0.0.1:1'] })).rejects.toThrow(CatalogUnavailableError)
  }, 30_000)

  it('migrates to what is there already without doing anything', async () => {
    expect(await migrateCatalog(options)).toEqual([])
  }, 30_000)
})

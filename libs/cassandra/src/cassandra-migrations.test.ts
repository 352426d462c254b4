import { createLog } from '@millrace/telemetry/log'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { dropKeyspace, migrateCassandra, type CassandraMigration, type MigrationOptions } from './cassandra-migrations.ts'
import { openCassandraSession } from './cassandra-session.ts'

const first: CassandraMigration = { id: 'birds-1', statements: ["CREATE TABLE IF NOT EXISTS birds (name text PRIMARY KEY, wings int) WITH comment = 'birds'", "CREATE TABLE IF NOT EXISTS nests (place text PRIMARY KEY, eggs bigint) WITH comment = 'nests'"] }
const second: CassandraMigration = { id: 'birds-2', statements: ['ALTER TABLE birds ADD IF NOT EXISTS song text'] }

describeOn('cassandra', 'migrations', (address) => {
  const keyspaces: MigrationOptions[] = []
  const newKeyspace = (): MigrationOptions => {
    const options = { contactPoints: [address], localDataCenter: 'datacenter1', keyspace: `test_${systemRandom.text(12)}`, replicationFactor: 1, clock: systemClock, random: systemRandom, log: createLog('silent') }
    keyspaces.push(options)
    return options
  }
  afterAll(async () => {
    for (const options of keyspaces) await dropKeyspace(options)
  }, 60_000)

  it('bring a new keyspace to the newest version, and an older one too', async () => {
    const options = newKeyspace()
    expect(await migrateCassandra(options, [first])).toEqual(['birds-1'])
    {
      await using session = await openCassandraSession(options)
      await session.execute('INSERT INTO birds (name, wings) VALUES (?, ?)', ['kea', 2], { isIdempotent: true })
    }
    expect(await migrateCassandra(options, [first, second])).toEqual(['birds-2'])
    await using session = await openCassandraSession(options)
    expect(await session.execute('SELECT name, wings, song FROM birds', [], { isIdempotent: true })).toMatchObject([{ name: 'kea', wings: 2, song: null }])
  }, 60_000)

  it('run from four places at once are each run once', async () => {
    const options = newKeyspace()
    const ran = await Promise.all([0, 1, 2, 3].map(async () => await migrateCassandra(options, [first, second])))
    expect(ran.flat().sort()).toEqual(['birds-1', 'birds-2'])
    await using session = await openCassandraSession(options)
    await session.execute('INSERT INTO birds (name, song) VALUES (?, ?)', ['kea', 'keeaa'], { isIdempotent: true })
    expect(await session.execute('SELECT owner FROM migration_lease', [], { isIdempotent: true })).toEqual([])
  }, 60_000)

  it('do nothing when they run again', async () => {
    const options = newKeyspace()
    await migrateCassandra(options, [first, second])
    expect(await migrateCassandra(options, [first, second])).toEqual([])
  }, 60_000)

  it('go on when a run ended between a change and its record', async () => {
    const options = newKeyspace()
    await migrateCassandra(options, [{ id: 'cut', statements: first.statements }])
    expect(await migrateCassandra(options, [first, second])).toEqual(['birds-1', 'birds-2'])
  }, 60_000)

  it('refuse a step that was changed after it had run, and one that is not safe to run twice', async () => {
    const options = newKeyspace()
    await migrateCassandra(options, [first])
    await expect(migrateCassandra(options, [{ ...first, statements: first.statements.slice(1) }])).rejects.toThrow('birds-1 was changed')
    await expect(migrateCassandra(options, [first, { id: 'birds-3', statements: ['DROP TABLE birds'] }])).rejects.toThrow('safe to run twice')
  }, 60_000)
})

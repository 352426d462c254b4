import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { migrateCassandra, type CassandraMigration } from './cassandra-migrations.ts'
import { CassandraUnavailableError } from './cassandra-session.ts'
import { inspectCassandra } from './inspect-cassandra.ts'
import { useTestKeyspace } from './test-keyspace.ts'

const ONE: CassandraMigration = { id: 'one', statements: ["CREATE TABLE IF NOT EXISTS one (id text PRIMARY KEY) WITH comment = 'of a test'"] }
const TWO: CassandraMigration = { id: 'two', statements: ['ALTER TABLE one ADD IF NOT EXISTS more text'] }

describe('what Cassandra is', () => {
  it('cannot be told where there is none', async () => {
    await expect(inspectCassandra({ contactPoints: ['127.0.0.1:1'], localDataCenter: 'datacenter1', keyspace: 'none', clock: systemClock, log: createLog('silent') }, [])).rejects.toThrow(CassandraUnavailableError)
  }, 20_000)
})

describeOn('cassandra', 'what Cassandra is', (address) => {
  const keyspace = useTestKeyspace(address, async (options) => await migrateCassandra(options, [ONE]))

  it('is told of nodes, copies, clock and migrations', async () => {
    const { options } = keyspace
    const facts = await inspectCassandra(options, [ONE])
    expect(facts.nodes).toEqual([expect.objectContaining({ isUp: true, dataCenter: 'datacenter1', version: expect.stringMatching(/^5\./) as unknown })])
    expect([facts.replication, facts.migrations]).toEqual([new Map([['datacenter1', 1]]), { missing: [], changed: [], unknown: [] }])
    expect(Math.abs(facts.clockAheadMs)).toBeLessThanOrEqual(facts.clockErrorMs + 5)
    expect(['periodic', 'batch', 'group']).toContain(facts.commitlogSync)
    const changed: CassandraMigration = { ...ONE, statements: [...ONE.statements, ...TWO.statements] }
    expect((await inspectCassandra(options, [changed, TWO])).migrations).toEqual({ missing: ['two'], changed: ['one'], unknown: [] })
    expect((await inspectCassandra(options, [])).migrations).toEqual({ missing: [], changed: [], unknown: ['one'] })
  })

  it('is told where the keyspace is missing', async () => {
    expect(await inspectCassandra({ ...keyspace.options, keyspace: 'none_such' }, [ONE])).toMatchObject({ replication: undefined, migrations: undefined })
  })
})

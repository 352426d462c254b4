import { useTestKeyspace } from '@millrace/cassandra/test-keyspace'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { CatalogUnavailableError, type Catalog } from './catalog.ts'
import { describeCatalog } from './catalog.conformance.ts'
import { describeLiveFragments } from './live-fragments.conformance.ts'
import { migrateCatalog } from './migrate-catalog.ts'
import { openCatalog } from './open-catalog.ts'
import { prefixedCatalog } from './prefixed-catalog.ts'

describeOn('cassandra', 'the catalog in Cassandra', (address) => {
  const keyspace = useTestKeyspace(address, migrateCatalog)
  const { options } = keyspace

  const open = async (): Promise<Catalog> => prefixedCatalog(await openCatalog({ kind: 'cassandra', ...options }), systemRandom.text(8))

  describeCatalog('cassandra', async () => {
    await keyspace.session.conditional([{ cql: 'DELETE FROM first_values WHERE name = ? IF EXISTS', parameters: ['generation'] }])
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

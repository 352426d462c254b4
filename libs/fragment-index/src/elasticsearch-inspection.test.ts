import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describeOn } from '@millrace/simulator/describe-on'
import { systemRandom } from '@millrace/runtime/system-random'
import { createElasticsearchClient } from './elasticsearch-client.ts'
import { migrateElasticsearch } from './elasticsearch-migration.ts'
import { indexNames } from './elasticsearch-index-schema.ts'
import { IndexUnavailableError } from './fragment-index.ts'
import { inspectElasticsearch } from './inspect-elasticsearch.ts'

describe('what Elasticsearch is', () => {
  it('cannot be told where there is none, or something else', async () => {
    await expect(inspectElasticsearch({ nodes: ['http://127.0.0.1:1'], prefix: 'test' })).rejects.toThrow(IndexUnavailableError)
    const server = createServer((_, response) => response.end('{}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    await expect(inspectElasticsearch({ nodes: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`], prefix: 'test' })).rejects.toThrow(IndexUnavailableError)
    server.close()
    server.closeAllConnections()
  })
})

describeOn('elasticsearch', 'what Elasticsearch is', (address) => {
  it('is told before and after the template was put', async () => {
    const connection = { nodes: [address], prefix: `test${systemRandom.text(8)}` }
    expect(await inspectElasticsearch(connection)).toMatchObject({ version: expect.stringMatching(/^\d+\./) as unknown, dataNodes: 1, template: undefined, indices: 0 })
    await migrateElasticsearch({ ...connection, shards: 2, replicas: 0 })
    expect((await inspectElasticsearch(connection)).template).toEqual({ shards: 2, replicas: 0, forbidsAutoCreation: true })
    const client = createElasticsearchClient(connection)
    await client.indices.deleteIndexTemplate({ name: indexNames(connection.prefix).template })
    await client.close()
  })
})

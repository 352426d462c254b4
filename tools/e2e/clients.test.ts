import { client, v2 } from '@datadog/datadog-api-client'
import { Client as ElasticClient } from '@elastic/elasticsearch'
import { waitFor } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('unmodified clients', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const datadog = (): v2.LogsApi => {
    const configuration = client.createConfiguration({ authMethods: { apiKeyAuth: millrace.key, appKeyAuth: millrace.key }, baseServer: new client.BaseServerConfiguration(millrace.url, {}) })
    return new v2.LogsApi(configuration)
  }

  it('write with the bulk helper of @elastic/elasticsearch, and read with the Datadog client', async () => {
    const elastic = new ElasticClient({ node: millrace.url, auth: { apiKey: Buffer.from(`id:${millrace.key}`).toString('base64') }, compression: true })
    const documents = Array.from({ length: 500 }, (_, n) => ({ '@timestamp': new Date(Date.now() - n).toISOString(), message: `shipped document ${n}`, service: n % 5 === 0 ? 'api' : 'web', level: n % 50 === 0 ? 'error' : 'info', took: n }))
    const dropped: unknown[] = []
    const result = await elastic.helpers.bulk({ datasource: documents, onDocument: () => ({ create: { _index: 'logs' } }), onDrop: (document) => dropped.push(document), flushBytes: 20_000, concurrency: 2 })
    await elastic.close()
    expect(dropped).toEqual([])
    expect(result).toMatchObject({ total: 500, successful: 500, failed: 0 })

    const api = datadog()
    const count = async (): Promise<unknown> => {
      const { data } = await api.aggregateLogs({ body: { filter: { query: 'shipped', from: 'now-1h', to: 'now' }, compute: [{ aggregation: 'count' }] } })
      return data?.buckets?.[0]?.computes?.['c0']
    }
    await waitFor(async () => (await count()) === 500)

    const found: string[] = []
    for await (const log of api.listLogsWithPagination({ body: { filter: { query: 'service:api shipped', from: 'now-1h', to: 'now' }, sort: 'timestamp', page: { limit: 30 } } })) found.push(log.attributes?.message ?? '')
    expect(found).toEqual(documents.filter(({ service }) => service === 'api').map(({ message }) => message).reverse())

    const { data } = await api.aggregateLogs({
      body: {
        filter: { query: 'shipped', from: 'now-1h', to: 'now' },
        compute: [{ aggregation: 'max', metric: '@took' }, { aggregation: 'count', type: 'timeseries', interval: '1h' }],
        groupBy: [{ facet: 'status', limit: 10, sort: { type: 'measure', aggregation: 'count', order: 'asc' } }],
      },
    })
    expect(data?.buckets?.map(({ by, computes }) => [by?.['status'], computes?.['c0']])).toEqual([['error', 450], ['info', 499]])
  })

  it('are told in their own manner what is wrong', async () => {
    await expect(datadog().aggregateLogs({ body: { filter: { query: 'service:(' } } })).rejects.toMatchObject({ code: 400 })
    const elastic = new ElasticClient({ node: millrace.url, auth: { apiKey: 'wrong' } })
    await expect(elastic.bulk({ operations: [{ index: { _index: 'x' } }, { message: 'x' }] })).rejects.toMatchObject({ statusCode: 403, message: expect.stringContaining('security_exception') as unknown })
    await elastic.close()
  })
})

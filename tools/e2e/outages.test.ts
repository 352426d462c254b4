import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeOnAll } from '@millrace/simulator/describe-on'
import type { Engine } from '../engines/engine.ts'
import { startEngineSet, type PrivateEngineSet } from '../engines/start-engine-set.ts'
import { addressesOf } from '../service-set/engine-addresses.ts'
import { startServiceSet, type ServiceSet } from '../service-set/service-set.ts'
import { createTestClient, waitFor, type TestClient } from './test-client.ts'

/** A lone event is sealed after some 20 seconds. */
const SEAL_TIMEOUT_MS = 60_000
const RECOVERY_TIMEOUT_MS = 60_000
/** Stopping and starting an engine takes up to a minute on a busy machine. */
const TEST_TIMEOUT_MS = 4 * 60_000

/** Engines of its own, since it stops them; it runs where a run has engines at all. */
describeOnAll('the services', () => {
  let folder: string
  let engines: PrivateEngineSet
  let services: ServiceSet
  let client: TestClient
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-outages-'))
    engines = await startEngineSet()
    services = await startServiceSet({ engines: addressesOf(engines.engines), folder })
    client = createTestClient(services.url, services.apiKey)
  }, 5 * 60_000)
  afterAll(async () => {
    await services[Symbol.asyncDispose]()
    await engines[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }, 2 * 60_000)

  const whileStopped = async (name: Engine['name'], work: () => Promise<void>): Promise<void> => {
    const engine = engines.engine(name)
    await engine.stop()
    try {
      await work()
    } finally {
      await engine.start()
      await engine.ready()
    }
  }
  const search = async (query: string): Promise<{ readonly status: number; readonly complete: boolean | undefined; readonly found: number }> => {
    const answer = await client.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query, from: 'now-1h' }, page: { limit: 100 } }))
    const { data = [], meta } = (await answer.json()) as { readonly data?: readonly unknown[]; readonly meta?: { readonly complete: boolean } }
    return { status: answer.status, complete: meta?.complete, found: data.length }
  }
  const sendOne = async (message: string): Promise<Response> => await client.send(JSON.stringify({ message }))

  it('search completely without Elasticsearch', async () => {
    const sealed = await sendOne('sealed before the index went')
    await waitFor(async () => ((await (await client.get(`/v1/receipts/${sealed.headers.get('millrace-receipt')}`)).json()) as { state: string }).state === 'sealed', SEAL_TIMEOUT_MS)
    expect(await search('"sealed before"')).toEqual({ status: 200, complete: true, found: 1 })
    await whileStopped('elasticsearch', async () => {
      await client.searchable(await sendOne('fresh without the index'))
      await waitFor(async () => (await search('"without the index"')).complete === true)
      expect(await search('"sealed before"')).toEqual({ status: 200, complete: true, found: 1 })
      expect(await search('"without the index"')).toEqual({ status: 200, complete: true, found: 1 })
      expect(await search('nowhere')).toEqual({ status: 200, complete: true, found: 0 })
    })
  }, TEST_TIMEOUT_MS)

  it('take and find events without Redis', async () => {
    await whileStopped('redis', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, async (_, n) => await sendOne(`redisless ${n}`)))
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
      for (const answer of answers) await client.searchable(answer)
      expect(await search('redisless')).toMatchObject({ status: 200, found: 20 })
    })
  }, TEST_TIMEOUT_MS)

  it('acknowledge under known keys without Cassandra, lose nothing of it, and say that the rest cannot be answered now', async () => {
    expect((await sendOne('the key is checked')).status).toBe(200)
    const answers: Response[] = []
    await whileStopped('cassandra', async () => {
      for (let n = 0; n < 10; n++) answers.push(await sendOne(`bookless ${n}`))
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200))
      expect((await search('*')).status).toBe(503)
      const stranger = await createTestClient(services.url, 'a key that nobody has checked').send('{"message":"x"}')
      expect([stranger.status, stranger.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
    })
    for (const answer of answers) await client.searchable(answer, RECOVERY_TIMEOUT_MS)
    expect(await search('bookless')).toMatchObject({ status: 200, found: 10 })
  }, TEST_TIMEOUT_MS)

  it('answer 503 with Retry-After without Kafka, and questions all the same', async () => {
    await whileStopped('kafka', async () => {
      const refused = await sendOne('nowhere to go')
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
      const bulk = await client.post('/_bulk', '{"index":{"_index":"a"}}\n{"message":"nowhere to go"}\n')
      expect([bulk.status, bulk.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)])
      expect(await search('bookless')).toMatchObject({ status: 200, found: 10 })
    })
    await waitFor(async () => (await sendOne('back again')).status === 200, RECOVERY_TIMEOUT_MS)
    await waitFor(async () => (await search('"back again"')).found >= 1, RECOVERY_TIMEOUT_MS)
  }, TEST_TIMEOUT_MS)
})

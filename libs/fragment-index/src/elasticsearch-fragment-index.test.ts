import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { Client } from '@elastic/elasticsearch'
import { NS_PER_DAY } from '@millrace/event/event'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { describeFragmentIndex, document, query } from './fragment-index.conformance.ts'
import { IndexUnavailableError, MAX_DOCUMENT_WORDS, type FragmentDocument, type FragmentIndex } from './fragment-index.ts'
import { migrateFragmentIndex } from './migrate-fragment-index.ts'
import { openFragmentIndex } from './open-fragment-index.ts'

const runtime = { clock: systemClock, random: systemRandom, log: createLog('silent') }
const openAt = async (node: string, prefix: string, clock = systemClock): Promise<FragmentIndex> => await openFragmentIndex({ kind: 'elasticsearch', nodes: [node], prefix, replicas: 0, ...runtime, clock })
/** A cluster that has just started answers its first searches after seconds; what is tested on it is not how long it takes. */
const openPatient = async (node: string, prefix: string, clock = systemClock): Promise<FragmentIndex> => await openFragmentIndex({ kind: 'elasticsearch', nodes: [node], prefix, replicas: 0, findLimitMs: 20_000, ...runtime, clock })

describeOn('elasticsearch', 'the fragment index in Elasticsearch', (node) => {
  let client: Client
  beforeAll(() => {
    client = new Client({ node })
  })
  const prefixes: string[] = []
  const newPrefix = (): string => {
    const prefix = `t${systemRandom.text(12)}`
    prefixes.push(prefix)
    return prefix
  }
  const indicesOf = async (prefix: string): Promise<string[]> => Object.keys(await client.indices.get({ index: `${prefix}-*` }))
  afterAll(async () => {
    for (const prefix of prefixes) {
      for (const index of await indicesOf(prefix)) await client.indices.delete({ index })
      await client.indices.deleteIndexTemplate({ name: `${prefix}-v1-template` }, { ignore: [404] })
    }
    await client.close()
  })

  describeFragmentIndex('elasticsearch', async () => await openPatient(node, newPrefix()))

  it('is found by another process, with the same UUIDs', async () => {
    const prefix = newPrefix()
    await using first = await openPatient(node, prefix)
    await using second = await openPatient(node, prefix)
    const uuids = await Promise.all([first.put([document({ rowId: 'a' })]), second.put([document({ rowId: 'b' })])])
    expect(uuids[0]).toEqual(uuids[1])
    await using third = await openPatient(node, prefix)
    expect(await third.find(query())).toEqual({ rowIds: new Set(['a', 'b']), indexes: new Set(uuids[0]) })
    expect(await indicesOf(prefix)).toEqual([`${prefix}-v1-log-1969.12.29`])
  })

  it('never answers for an index that was deleted and made again under its name', async () => {
    const prefix = newPrefix()
    await using reader = await openPatient(node, prefix)
    await using writer = await openPatient(node, prefix)
    const [lost] = await writer.put([document({ rowId: 'lost' })])
    expect((await reader.find(query())).indexes).toEqual(new Set([lost]))
    await client.indices.delete({ index: await indicesOf(prefix) })
    await using other = await openPatient(node, prefix)
    const [made] = await other.put([document({ rowId: 'made' })])
    expect(made).not.toBe(lost)
    // Neither has looked since the old one vanished, and the new one has its name.
    expect(await reader.find(query())).toEqual({ rowIds: new Set(), indexes: new Set() })
    expect(await writer.put([document({ rowId: 'refused' })])).toEqual([undefined])
    expect(await writer.put([document({ rowId: 'late' })])).toEqual([made])
    expect(await reader.find(query())).toEqual({ rowIds: new Set(['made', 'late']), indexes: new Set([made]) })
    expect(await reader.uuids()).toEqual(new Set([made]))
  })

  it('answers for the other indices where one is gone, closed or not ours', async () => {
    const prefix = newPrefix()
    await using index = await openPatient(node, prefix)
    const weeks = [20_000n, 20_007n, 20_014n].map((day) => document({ rowId: `d${day}`, dayNs: day * NS_PER_DAY, minTimeNs: day * NS_PER_DAY, maxTimeNs: day * NS_PER_DAY }))
    const [first, second, third] = await index.put(weeks)
    const all = query({ toNs: 30_000n * NS_PER_DAY })
    expect((await index.find(all)).indexes).toEqual(new Set([first, second, third]))
    const names = (await indicesOf(prefix)).sort()
    await client.indices.close({ index: names[0] ?? '' })
    await client.indices.delete({ index: names[1] ?? '' })
    await client.indices.create({ index: names[1] ?? '' })
    expect(await index.find(all)).toEqual({ rowIds: new Set(['d20014']), indexes: new Set([third]) })
    expect(await index.uuids()).toEqual(new Set([third]))
    expect(await index.put(weeks)).toEqual([undefined, undefined, third])
  })

  it('does not answer for an index with a shard that is not there', async () => {
    const prefix = newPrefix()
    await using index = await openPatient(node, prefix)
    const [held] = await index.put([document(), document({ rowId: 'later', dayNs: 20_000n * NS_PER_DAY, maxTimeNs: 20_000n * NS_PER_DAY })])
    // As an index looks whose only node is gone: it exists, and no node may hold it.
    const [alias] = Object.keys(await client.indices.getAlias({ index: `${prefix}-v1-log-1969.12.29` }).then((answer) => answer[`${prefix}-v1-log-1969.12.29`]?.aliases ?? {}))
    await client.indices.delete({ index: `${prefix}-v1-log-1969.12.29` })
    await client.indices.create({ index: `${prefix}-v1-log-1969.12.29`, aliases: { [alias ?? '']: {} }, settings: { 'index.routing.allocation.include._name': 'nowhere' }, wait_for_active_shards: 0 })
    const hits = await index.find(query({ toNs: 30_000n * NS_PER_DAY }))
    expect(hits.indexes.has(held ?? '')).toBe(false)
    expect([hits.indexes.size, [...hits.rowIds]]).toEqual([1, ['later']])
  })

  it('leaves documents that are refused unindexed, and takes the others', async () => {
    const prefix = newPrefix()
    await using index = await openPatient(node, prefix)
    const onDay = (rowId: string, day: bigint): FragmentDocument => document({ rowId, dayNs: day * NS_PER_DAY, minTimeNs: day * NS_PER_DAY, maxTimeNs: day * NS_PER_DAY })
    const [early, late] = await index.put([onDay('a', 0n), onDay('b', 20_000n)])
    await client.indices.putSettings({ index: `${prefix}-v1-log-1969.12.29`, settings: { 'index.blocks.write': true } })
    expect(await index.put([onDay('c', 20_000n), onDay('d', 0n), onDay('e', 20_000n)])).toEqual([late, undefined, late])
    expect(await index.find(query({ toNs: 30_000n * NS_PER_DAY }))).toEqual({ rowIds: new Set(['a', 'b', 'c', 'e']), indexes: new Set([early, late]) })
  })

  it('counts an index with more hits than one answer takes as one that has not answered', async () => {
    await using index = await openPatient(node, newPrefix())
    await index.put(Array.from({ length: 10_000 }, (_, i) => document({ rowId: `r${i}`, words: i === 0 ? ['rare', 'error'] : ['error'] })))
    expect((await index.find(query())).indexes.size).toBe(0)
    expect((await index.find(query({ words: ['rare'] }))).indexes.size).toBe(1)
  })

  it('takes several documents of the largest size at once', async () => {
    await using index = await openPatient(node, newPrefix())
    const words = Array.from({ length: MAX_DOCUMENT_WORDS }, (_, i) => `${'語'.repeat(9)}${i}`)
    const uuids = await index.put(Array.from({ length: 12 }, (_, i) => document({ rowId: `r${i}`, words: [`own${i}`, ...words.slice(1)] })))
    expect(new Set(uuids).size).toBe(1)
    expect((await index.find(query({ words: ['own11', words.at(-1) ?? ''] }))).rowIds).toEqual(new Set(['r11']))
  })

  it('finds words of any length', async () => {
    await using index = await openPatient(node, newPrefix())
    const long = `a${'\u{1f600}'.repeat(40_000)}`
    await index.put([document({ words: [long] }), document({ rowId: 'other', words: ['a'] })])
    expect((await index.find(query({ words: [long] }))).rowIds).toEqual(new Set(['row']))
  })

  it('is prepared twice, from two places, and then refuses indices that a mere write would make', async () => {
    const prefix = newPrefix()
    await Promise.all([1, 2].map(async () => await migrateFragmentIndex({ nodes: [node], prefix, replicas: 0 })))
    await migrateFragmentIndex({ nodes: [node], prefix, replicas: 0 })
    await expect(client.index({ index: `${prefix}-v1-log-2026.11.23`, document: { tenant: 't' } })).rejects.toThrow(/forbids index auto creation/)
    await using index = await openPatient(node, prefix)
    const [held] = await index.put([document()])
    expect(await index.find(query())).toEqual({ rowIds: new Set(['row']), indexes: new Set([held]) })
    await client.indices.delete({ index: await indicesOf(prefix) })
    await index.remove([document()])
    expect(await indicesOf(prefix)).toEqual([])
  })
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('an answer of Elasticsearch that is not whole', () => {
  const shards = { total: 2, successful: 2, skipped: 0, failed: 0 }
  const hits = { hits: [{ fields: { row: ['found'] } }] }
  /** Of a cluster with one index, whose every search is answered with this. */
  const answerTo = async (response: object): Promise<{ readonly rows: readonly string[]; readonly indexes: number }> => {
    const name = 'fake-v1-log-1969.12.29'
    const server = createHttpServer((request, answer) => {
      request.resume()
      const body = request.url?.startsWith('/_msearch') === true ? { responses: [response] } : { [name]: { aliases: { 'fake-v1-id-a': {} }, settings: { index: { uuid: 'u' } } } }
      answer.writeHead(200, { 'content-type': 'application/vnd.elasticsearch+json;compatible-with=9', 'x-elastic-product': 'Elasticsearch' }).end(JSON.stringify(body))
    })
    await using index = await openAt(await listening(server), 'fake')
    const { rowIds, indexes } = await index.find(query())
    server.close()
    return { rows: [...rowIds], indexes: indexes.size }
  }

  it('is told from one that is', async () => {
    expect(await answerTo({ status: 200, timed_out: false, _shards: shards, hits })).toEqual({ rows: ['found'], indexes: 1 })
    expect(await answerTo({ status: 200, timed_out: false, _shards: shards })).toEqual({ rows: [], indexes: 1 })
    expect(await answerTo({ status: 200, timed_out: true, _shards: shards, hits })).toEqual({ rows: ['found'], indexes: 0 })
    expect(await answerTo({ status: 200, timed_out: false, _shards: { ...shards, successful: 1, failed: 1 }, hits })).toEqual({ rows: ['found'], indexes: 0 })
    expect(await answerTo({ status: 200, timed_out: false, _shards: { ...shards, successful: 1 }, hits })).toEqual({ rows: ['found'], indexes: 0 })
    expect(await answerTo({ status: 200, timed_out: false, _shards: { ...shards, total: 0, successful: 0 } })).toEqual({ rows: [], indexes: 0 })
    expect(await answerTo({ status: 503, error: { type: 'search_phase_execution_exception' } })).toEqual({ rows: [], indexes: 0 })
  })
})

describe('the fragment index without its Elasticsearch', () => {
  const ask = async (node: string): Promise<{ firstMs: number; secondMs: number }> => {
    await using index = await openAt(node, 'nowhere')
    const times: number[] = []
    for (let i = 0; i < 2; i++) {
      const before = performance.now()
      await expect(index.find(query())).rejects.toThrow(IndexUnavailableError)
      times.push(performance.now() - before)
    }
    return { firstMs: times[0] ?? 0, secondMs: times[1] ?? 0 }
  }

  it('is unavailable at once where nobody listens', async () => {
    expect((await ask('http://127.0.0.1:1')).firstMs).toBeLessThan(500)
  })

  it('is unavailable within about a second where a server hangs, and from then on at once', async () => {
    const server = createServer(() => undefined)
    const { firstMs, secondMs } = await ask(await listening(server))
    server.close()
    expect(firstMs).toBeGreaterThan(900)
    expect(firstMs).toBeLessThan(2_000)
    expect(secondMs).toBeLessThan(50)
  })

  it('refuses a prefix that could name what is not its own', async () => {
    await expect(openAt('http://127.0.0.1:1', 'a-b')).rejects.toThrow(/prefix/)
  })

  it('tells that a cluster could not be prepared', async () => {
    await expect(migrateFragmentIndex({ nodes: ['http://127.0.0.1:1'], prefix: 'nowhere' })).rejects.toThrow(IndexUnavailableError)
  })
})

import { Client } from '@elastic/elasticsearch'
import { NS_PER_DAY } from '@millrace/event/event'
import { IndexUnavailableError, MAX_DOCUMENT_WORDS } from '@millrace/fragment-index/fragment-index'
import { openFragmentIndex } from '@millrace/fragment-index/open-fragment-index'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { openIndexerHarness, TODAY_NS, type IndexerHarness } from './indexer-harness.ts'
import { rebuildIndex } from './rebuild-index.ts'

const MESSAGES = ['Disk FULL on node-7 äöü', 'GET /api/v1/users 200 in 31ms', 'größe 日本 überlauf', '']
const sortedWords = (words: readonly string[] | undefined): readonly string[] | undefined => words?.toSorted()

describe('rebuilding the index', () => {
  let harness: IndexerHarness
  beforeEach(async () => {
    harness = await openIndexerHarness()
    for (const tenantId of ['t', 'u']) await harness.ports.catalog.createTenant({ tenantId, name: tenantId, retentionDays: 15 })
  })
  afterEach(async () => {
    await harness[Symbol.asyncDispose]()
  })

  it('makes the same documents as sealing', async () => {
    await harness.seal(MESSAGES)
    await harness.seal(Array.from({ length: 300 }, (_, i) => `request ${i} of user ${i % 7} took ${i} ms at ${i % 2 === 0 ? 'Köln' : 'Lima'}`))
    await harness.seal(Array.from({ length: MAX_DOCUMENT_WORDS + 1 }, (_, i) => i.toString(26).replace(/\d/g, (digit) => 'qrstuvwxyz'.charAt(Number(digit)))))
    const sealed = harness.index.documents.splice(0)
    expect(sealed.map(({ words }) => words === undefined)).toEqual([false, false, true])
    expect(await rebuildIndex(harness.ports, { all: true })).toEqual({ rows: 3, indexed: 3, left: 0 })
    const byId = new Map(harness.index.documents.map((document) => [document.rowId, document]))
    for (const document of sealed) expect({ ...byId.get(document.rowId), words: sortedWords(byId.get(document.rowId)?.words) }).toEqual({ ...document, words: sortedWords(document.words) })
  })

  it('does only what no index holds, and goes on where it was cut off', async () => {
    harness.index.isDown = true
    for (let i = 0; i < 40; i++) await harness.seal(['disk full'], { tenantId: i % 2 === 0 ? 't' : 'u', dayNs: TODAY_NS - BigInt(i % 10) * NS_PER_DAY })
    harness.index.isDown = false
    harness.index.putsLeft = 2
    await expect(rebuildIndex(harness.ports)).rejects.toThrow(IndexUnavailableError)
    const before = harness.index.documents.length
    expect(before).toBeGreaterThan(0)
    harness.index.isDown = false
    harness.index.putsLeft = Infinity
    expect(await rebuildIndex(harness.ports)).toEqual({ rows: 40, indexed: 40 - before, left: 0 })
    expect(harness.index.documents.length).toBe(40)
    expect(await rebuildIndex(harness.ports)).toEqual({ rows: 40, indexed: 0, left: 0 })
  })

  it('does the tenants it is told to', async () => {
    for (const tenantId of ['t', 'u']) await harness.seal(['disk full'], { tenantId })
    await harness.loseIndex()
    expect(await rebuildIndex(harness.ports, { tenants: ['u'] })).toEqual({ rows: 1, indexed: 1, left: 0 })
    const uuids = await harness.index.uuids()
    expect([(await harness.rows('t')), (await harness.rows('u'))].map(([row]) => uuids.has(row?.indexed ?? ''))).toEqual([false, true])
  })

  it('counts what it cannot read or what is refused, and does the rest', async () => {
    harness.index.isDown = true
    const { rows: [row] } = await harness.seal(['disk full'])
    await harness.seal(['disk full'])
    harness.index.isDown = false
    harness.index.refused.add(row?.rowId ?? '')
    expect(await rebuildIndex(harness.ports)).toEqual({ rows: 2, indexed: 1, left: 1 })
  })
})

describeOn('elasticsearch', 'rebuilding the index in Elasticsearch', (node) => {
  it('brings back what was lost', async () => {
    await using harness = await openIndexerHarness()
    await harness.ports.catalog.createTenant({ tenantId: 't', name: 't', retentionDays: 15 })
    const prefix = `t${systemRandom.text(12)}`
    const client = new Client({ node })
    const drop = async (): Promise<void> => {
      for (const index of Object.keys(await client.indices.get({ index: `${prefix}-*` }))) await client.indices.delete({ index })
    }
    try {
      harness.index.inner = await openFragmentIndex({ kind: 'elasticsearch', nodes: [node], prefix, replicas: 0, clock: systemClock, random: systemRandom, log: harness.ports.log })
      const { rows: [full], left } = await harness.seal(['disk full'])
      await harness.seal(['all well'], { dayNs: TODAY_NS - 9n * NS_PER_DAY })
      expect(left).toEqual([])
      await drop()
      expect(await rebuildIndex(harness.ports)).toEqual({ rows: 2, indexed: 2, left: 0 })
      const { rowIds, indexes } = await harness.index.find({ tenantId: 't', kind: 'log', fromNs: 0n, toNs: TODAY_NS * 2n, words: ['disk'] })
      expect(rowIds).toEqual(new Set([full?.rowId]))
      expect(indexes).toEqual(new Set((await harness.rows()).map(({ indexed }) => indexed)))
      expect(indexes.size).toBe(2)
    } finally {
      await drop()
      await harness.index.inner[Symbol.asyncDispose]()
      await client.close()
    }
  })
})

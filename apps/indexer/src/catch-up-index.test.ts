import { IndexUnavailableError } from '@millrace/fragment-index/fragment-index'
import { createCatchUp } from './catch-up-index.ts'
import { addRetentionClasses } from '@millrace/catalog/retention-classes'
import { expireTenants } from './expire-tenants.ts'
import { createHousekeeping } from './housekeeping.ts'
import { openIndexerHarness, TODAY_NS, type IndexerHarness } from './indexer-harness.ts'

describe('catching up with the index', () => {
  let harness: IndexerHarness
  beforeEach(async () => {
    harness = await openIndexerHarness()
    for (const tenantId of ['t', 'u']) await harness.ports.catalog.createTenant({ tenantId, name: tenantId, retentionDays: 15 })
  })
  afterEach(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const unindexed = async (tenantId?: string): Promise<number> => {
    const uuids = await harness.index.inner.uuids()
    return (await harness.rows(tenantId)).filter(({ indexed }) => !uuids.has(indexed ?? '')).length
  }
  const found = async (word: string): Promise<number> => (await harness.index.inner.find({ tenantId: 't', kind: 'log', fromNs: 0n, toNs: TODAY_NS * 2n, words: [word] })).rowIds.size

  it('indexes what was sealed while the index was down, once it is up', async () => {
    const catchUp = createCatchUp(harness.ports, 'g1/0')
    await catchUp.run()
    harness.index.isDown = true
    const { left, rows } = await harness.seal(['disk full'])
    expect(left).toEqual(rows)
    catchUp.noteLeft(left)
    await expect(catchUp.run()).rejects.toThrow(IndexUnavailableError)
    harness.index.isDown = false
    await catchUp.run()
    expect([await unindexed(), await found('disk'), await found('other')]).toEqual([0, 1, 0])
  })

  it('finds what a sealer before it has left, of any day that is kept', async () => {
    harness.index.isDown = true
    for (const days of [0n, 1n, 6n, 7n, 8n, 14n, 15n]) await harness.seal(['disk full'], { dayNs: TODAY_NS - days * 86_400_000_000_000n })
    await harness.seal(['disk full'], { tenantId: 'u' })
    harness.index.isDown = false
    expect([await unindexed(), await unindexed('u')]).toEqual([7, 1])
    await createCatchUp(harness.ports, 'g1/0').run()
    expect([await unindexed(), await unindexed('u')]).toEqual([0, 0])
  })

  it('indexes all again when the index has vanished', async () => {
    const catchUp = createCatchUp(harness.ports, 'g1/0')
    await harness.seal(['disk full'])
    await catchUp.run()
    await harness.loseIndex()
    expect([await unindexed(), await found('disk')]).toEqual([1, 0])
    await catchUp.run()
    expect([await unindexed(), await found('disk')]).toEqual([0, 1])
  })

  it('leaves alone what is indexed, and what another stream has sealed', async () => {
    await harness.seal(['disk full'])
    harness.index.isDown = true
    for (const stream of ['g1/0', 'g1/1', 'g0/1']) await harness.seal(['disk full'], { stream })
    harness.index.isDown = false
    const before = harness.index.documents.length
    await createCatchUp(harness.ports, 'g1/1').run()
    expect([await unindexed(), harness.index.documents.length - before]).toEqual([2, 1])
    // The first of a generation also takes what earlier generations have left.
    await createCatchUp(harness.ports, 'g1/0').run()
    expect([await unindexed(), harness.index.documents.length - before]).toEqual([0, 3])
  })

  it('does a bounded part in each round', async () => {
    harness.index.isDown = true
    for (let i = 0; i < 70; i++) await harness.seal(['disk full'])
    harness.index.isDown = false
    const catchUp = createCatchUp(harness.ports, 'g1/0')
    await catchUp.run()
    expect(await unindexed()).toBe(6)
    await catchUp.run()
    expect(await unindexed()).toBe(0)
  })

  it('goes on past what is refused or cannot be read, and tries that again later', async () => {
    harness.index.isDown = true
    const [refused, missing] = [(await harness.seal(['disk full'])).rows[0], (await harness.seal(['disk full'])).rows[0]]
    await harness.seal(['disk full'])
    harness.index.isDown = false
    harness.index.refused.add(refused?.rowId ?? '')
    const { catalog, store } = harness.ports
    const isMissing = { value: true }
    const holed = Object.assign(Object.create(store) as typeof store, {
      read: async (...[key, start, end]: Parameters<typeof store.read>) => (isMissing.value && missing?.object.endsWith(key.attempt) === true ? undefined : await store.read(key, start, end)),
    })
    const catchUp = createCatchUp({ ...harness.ports, catalog, store: holed }, 'g1/0')
    await catchUp.run()
    expect(await unindexed()).toBe(2)
    harness.index.refused.clear()
    isMissing.value = false
    await catchUp.run()
    expect(await unindexed()).toBe(2)
    harness.advance(10 * 60_000)
    await catchUp.run()
    expect(await unindexed()).toBe(0)
  })

  it('is part of a sealer’s housekeeping, which an index that is down does not disturb', async () => {
    const housekeeping = createHousekeeping(harness.ports, 'g1/0')
    const position = await harness.ports.catalog.readSealPosition('g1/0')
    const round = async (): Promise<void> => {
      harness.advance(10_000)
      await housekeeping.run(position)
    }
    await round()
    harness.index.isDown = true
    housekeeping.unindexed((await harness.seal(['disk full'])).left)
    await round()
    expect(await unindexed()).toBe(1)
    harness.index.isDown = false
    await round()
    expect(await unindexed()).toBe(0)
  })

  it('ends earlier for what is kept for fewer days', async () => {
    await addRetentionClasses(harness.ports.catalog, 't', [3], 0)
    await harness.seal(['disk full'])
    await harness.seal(['disk full'], { tenantId: 't~3' })
    harness.advance(4 * 86_400_000)
    await expireTenants(harness.ports, 0)
    expect([(await harness.rows()).length, (await harness.rows('t~3')).length]).toEqual([1, 0])
  })

  it('ends with the retention: what expires leaves the index too, also when that failed at first', async () => {
    await harness.seal(['disk full'])
    await harness.seal(['disk full'], { tenantId: 'u' })
    harness.advance(17 * 86_400_000)
    harness.index.isDown = true
    await expireTenants(harness.ports, 0)
    expect([(await harness.rows()).length, await found('disk')]).toEqual([0, 1])
    harness.index.isDown = false
    await expireTenants(harness.ports, 0)
    expect(await found('disk')).toBe(0)
  })
})

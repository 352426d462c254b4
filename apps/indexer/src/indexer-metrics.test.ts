import type { Catalog } from '@millrace/catalog/catalog'
import { systemClock } from '@millrace/runtime/system-clock'
import { Registry } from '@millrace/telemetry/metrics'
import { createCatchUp } from './catch-up-index.ts'
import { openIndexerHarness, type IndexerHarness } from './indexer-harness.ts'
import { createIndexerMetrics, type IndexerMetrics } from './indexer-metrics.ts'
import { sealStream } from './seal-stream.ts'
import { createWakeUp } from './wake-up.ts'

describe('what the indexer shows', () => {
  let harness: IndexerHarness
  let registry: Registry
  let metrics: IndexerMetrics
  beforeEach(async () => {
    harness = await openIndexerHarness()
    registry = new Registry()
    metrics = createIndexerMetrics(registry, harness.ports.clock)
    await harness.ports.catalog.createTenant({ tenantId: 't', name: 't', retentionDays: 15 })
  })
  afterEach(async () => {
    await harness[Symbol.asyncDispose]()
  })

  const shown = async (series: string): Promise<number | undefined> => {
    const line = (await registry.metrics()).split('\n').find((text) => text.startsWith(`${series} `))
    return line === undefined ? undefined : Number(line.slice(series.length + 1))
  }
  const until = async (series: string, value: number): Promise<void> => {
    const endMs = performance.now() + 10_000
    while ((await shown(series)) !== value) {
      if (performance.now() > endMs) throw new Error(`${series} did not become ${value} within 10 s`)
      await systemClock.sleep(10)
    }
  }

  it('has the age of what waits to be sealed, seals, and new beginnings', async () => {
    const { catalog } = harness.ports
    let failures = 1
    const failing = Object.assign(Object.create(catalog) as Catalog, {
      claimSealer: async (...call: Parameters<Catalog['claimSealer']>) => {
        if (failures-- > 0) throw new Error('down')
        return await catalog.claimSealer(...call)
      },
    })
    await harness.commit(['disk full'], { stream: 'g1/3' })
    harness.advance(5_000)
    const stop = new AbortController()
    const wakeUp = createWakeUp(harness.ports.clock)
    const sealing = sealStream({ ...harness.ports, catalog: failing, metrics }, 'g1/3', wakeUp, stop.signal)
    try {
      await until('millrace_indexer_unsealed_age_seconds{partition="3"}', 5)
      expect([await shown('millrace_indexer_restarts_total'), await shown('millrace_indexer_seals_total')]).toEqual([1, 0])
      harness.advance(20_000)
      wakeUp.notify()
      await until('millrace_indexer_seals_total', 1)
      await until('millrace_indexer_unsealed_age_seconds{partition="3"}', 0)
    } finally {
      stop.abort()
      await sealing
    }
    metrics.released('g1/3')
    expect(await shown('millrace_indexer_unsealed_age_seconds{partition="3"}')).toBeUndefined()
  })

  it('ages what is not sealed also while the sealer does nothing', async () => {
    metrics.unsealedSince('g1/3', harness.ports.clock.nowMs())
    harness.advance(400_000)
    expect(await shown('millrace_indexer_unsealed_age_seconds{partition="3"}')).toBe(400)
  })

  it('has the rows that no index holds, while the index is down and while they are caught up with', async () => {
    const rows = 'millrace_indexer_unindexed_rows{partition="0"}'
    const catchUp = createCatchUp({ ...harness.ports, metrics }, 'g1/0')
    await catchUp.run()
    expect(await shown(rows)).toBe(0)
    harness.index.isDown = true
    for (let n = 0; n < 70; n++) catchUp.noteLeft((await harness.seal([`disk ${n} full`])).left)
    expect(await shown(rows)).toBe(70)
    await catchUp.run().catch(() => undefined)
    expect(await shown(rows)).toBe(70)
    harness.index.isDown = false
    await catchUp.run()
    expect(await shown(rows)).toBe(6)
    await catchUp.run()
    expect(await shown(rows)).toBe(0)
  })

  it('goes on having rows that the index refuses', async () => {
    const rows = 'millrace_indexer_unindexed_rows{partition="0"}'
    const catchUp = createCatchUp({ ...harness.ports, metrics }, 'g1/0')
    harness.index.isDown = true
    for (const word of ['first', 'second']) catchUp.noteLeft((await harness.seal([word])).left)
    harness.index.isDown = false
    harness.index.refused.add((await harness.rows())[0]?.rowId ?? '')
    await catchUp.run()
    expect(await shown(rows)).toBe(1)
    harness.index.refused.clear()
    harness.advance(10 * 60_000)
    await catchUp.run()
    expect(await shown(rows)).toBe(0)
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBus } from '@millrace/bus/open-bus'
import { topicsOf } from '@millrace/bus/topics'
import { CatalogUnavailableError, type Catalog } from '@millrace/catalog/catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { NS_PER_DAY } from '@millrace/event/event'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import { decodeBatchRecord, encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { parsePipelineDocument } from '@millrace/pipeline/pipeline-document'
import { writePipelines } from '@millrace/pipeline/pipeline-settings'
import { parseQuery } from '@millrace/query-language/parse-query'
import { createFragmentMatcher } from '@millrace/query-engine/fragment-matcher'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { openTail, type TailConfig } from '@millrace/tail/open-tail'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { routeBatches } from './route-batches.ts'
import { createRouterMetrics } from './router-metrics.ts'

const topics = topicsOf({ generation: 'g1', partitions: 1 })
const DAY_NS = NS_PER_DAY * 20_000n
const log = createLog('silent')

function batch(tenantId: string, message: string): Uint8Array {
  const bytes = encodeFragment(tableOf([{ timeOffset: 7, values: new Map([['message', message]]) }], { dayNs: DAY_NS }))
  return encodeBatchRecord({ tenantId, receivedMs: systemClock.nowMs(), sourceOffset: undefined, requests: [], fragments: [{ kind: 'log', dayNs: DAY_NS, rows: 1, bytes }] })
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come about within 10 s')
    await systemClock.sleep(10)
  }
}

function describeWatching(name: string, config: () => TailConfig): void {
  it(`shows what it routes to who watches the tenant, by ${name}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'router-'))
    const stop = new AbortController()
    try {
      await using bus = await openBus({ kind: 'embedded', root: `${folder}/bus`, disk: systemDisk, clock: systemClock })
      await using catalog = await openCatalog({ kind: 'sqlite', root: `${folder}/catalog`, disk: systemDisk, clock: systemClock, failpoints: noFailpoints })
      await using tail = await openTail(config())
      for (const topic of [topics.batches, topics.routed, topics.deadLetters]) await bus.createTopic(topic, { partitions: 1 })
      const items = (await tail.subscribe('mine', stop.signal))[Symbol.asyncIterator]()
      await until(() => tail.hasSubscribers('mine'))
      const routing = routeBatches({ bus, catalog, topics, clock: systemClock, log, tail }, stop.signal)
      for (const [tenantId, message] of [['mine', 'first'], ['theirs', 'secret'], ['mine', 'disk full']] as const) await bus.append(topics.batches, 0, batch(tenantId, message))
      const matcher = createFragmentMatcher(parseQuery('disk'), systemClock)
      const found = []
      while (found.length === 0) {
        const { value, done } = await items.next()
        if (done === true || value.fragment === undefined) throw new Error('something was missed')
        found.push(...(await matcher.match({ tenantId: 'mine', ...value.fragment }, 10, stop.signal)).events)
      }
      expect(found).toMatchObject([{ id: { generation: 'g1', partition: 0, offset: 2, row: 0 }, timestampNs: DAY_NS + 7n, message: 'disk full' }])
      expect(await bus.endOffset(topics.routed, 0)).toBe(3)
      stop.abort()
      await routing
    } finally {
      stop.abort()
      await rm(folder, { recursive: true, force: true })
    }
  })
}

describe('the router', () => {
  describeWatching('a tail of the process', () => ({ kind: 'process' }))

  it('counts new beginnings, batches that the commit has passed by, and dead letters', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'router-'))
    const stop = new AbortController()
    try {
      await using bus = await openBus({ kind: 'embedded', root: `${folder}/bus`, disk: systemDisk, clock: systemClock })
      for (const topic of [topics.batches, topics.routed, topics.deadLetters]) await bus.createTopic(topic, { partitions: 1 })
      await bus.append(topics.batches, 0, Uint8Array.of(9))
      let reads = 0
      // Out of reach at first; then a writer that has read all of `routed` and goes on waiting for the first batch.
      const readPosition: Catalog['readPosition'] = async () => {
        if (reads++ === 0) throw new Error('down')
        return { epoch: 1, sequence: 1, nextOffset: await bus.endOffset(topics.routed, 0), nextSourceOffset: 0 }
      }
      const clock = { ...systemClock, sleep: async (ms: number, signal?: AbortSignal) => await systemClock.sleep(ms / 50, signal) }
      const registry = new Registry()
      const routing = routeBatches({ bus, catalog: { readPosition } as unknown as Catalog, topics, clock, log, metrics: createRouterMetrics(registry) }, stop.signal)
      await until(async () => (await bus.endOffset(topics.routed, 0)) === 2)
      stop.abort()
      await routing
      const counted = await registry.metrics()
      expect(counted).toContain('millrace_router_restarts_total 1\n')
      expect(counted).toContain('millrace_router_lost_total 1\n')
      expect(counted).toContain('millrace_dead_letters_total{app="router"} 2\n')
    } finally {
      stop.abort()
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('changes what the tenant\'s pipelines say, waits while they cannot be looked up, and gives up what they cannot be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'router-'))
    const stop = new AbortController()
    try {
      await using bus = await openBus({ kind: 'embedded', root: `${folder}/bus`, disk: systemDisk, clock: systemClock })
      await using catalog = await openCatalog({ kind: 'sqlite', root: `${folder}/catalog`, disk: systemDisk, clock: systemClock, failpoints: noFailpoints })
      for (const topic of [topics.batches, topics.routed, topics.deadLetters]) await bus.createTopic(topic, { partitions: 1 })
      const document = parsePipelineDocument({ pipelines: [{ name: 'p', processors: [{ type: 'redact', patterns: ['s3cret'] }] }] })
      await writePipelines(catalog, 'mine', { document, expectedVersion: 0, nowMs: 0, retentionDays: 30 })
      await catalog.writeSetting('broken', 'pipelines', '{"document":{"pipelines":7},"version":1}', 0)
      for (const tenantId of ['mine', 'broken', 'other']) await bus.append(topics.batches, 0, batch(tenantId, 'a s3cret'))
      let isDown = true
      let asked = 0
      const readSetting: Catalog['readSetting'] = async (...of) => {
        asked++
        if (isDown) throw new CatalogUnavailableError('down')
        return await catalog.readSetting(...of)
      }
      const flaky = new Proxy(catalog, { get: (target, name) => (name === 'readSetting' ? readSetting : (Reflect.get(target, name) as unknown)) })
      const registry = new Registry()
      const routing = routeBatches({ bus, catalog: flaky, topics, clock: systemClock, log, metrics: createRouterMetrics(registry) }, stop.signal)
      await until(() => asked > 1)
      expect(await bus.endOffset(topics.routed, 0)).toBe(0)
      isDown = false
      await until(async () => (await bus.endOffset(topics.routed, 0)) === 3)
      const routed: BatchRecord[] = []
      await bus.consume({ topic: topics.routed, group: 'check', signal: stop.signal }, async ({ read }) => {
        for await (const records of read(0)) {
          for (const { value } of records) routed.push(decodeBatchRecord(value))
          if (routed.length === 3) stop.abort()
        }
      })
      await routing
      expect(routed.map(({ sourceOffset, tenantId, fragments }) => [sourceOffset, tenantId, fragments.map(({ bytes }) => rowsOf(decodeFragment(bytes))[0]?.values.get('message'))])).toEqual([[0, 'mine', ['a [REDACTED]']], [1, '', []], [2, 'other', ['a s3cret']]])
      const counted = await registry.metrics()
      expect(counted).toContain('millrace_router_batches_total{outcome="changed"} 1\n')
      expect(counted).toContain('millrace_router_batches_total{outcome="passed"} 1\n')
      expect(counted).toContain('millrace_dead_letters_total{app="router"} 1\n')
    } finally {
      stop.abort()
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describeOn('redis', 'the router', (address) => {
  describeWatching('a tail over Redis', () => ({ kind: 'redis', address, prefix: `test-${systemRandom.text(12)}:`, clock: systemClock, random: systemRandom, log }))
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bus } from '@millrace/bus/bus'
import { decodeDeadLetter } from '@millrace/bus/dead-letter'
import { createDeadLetters } from '@millrace/bus/dead-letters'
import { openBus } from '@millrace/bus/open-bus'
import { splitBus } from '@millrace/bus/split-bus'
import { topicsOf } from '@millrace/bus/topics'
import { CatalogUnavailableError, type Catalog } from '@millrace/catalog/catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { NS_PER_DAY } from '@millrace/event/event'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import type { PackOrder } from '@millrace/fragment/build-pack'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf } from '@millrace/fragment/plain-rows'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import { openFragmentStore } from '@millrace/fragment-store/open-fragment-store'
import { routeBatches } from '@millrace/router/route-batches'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import type { Workers } from '@millrace/runtime/workers'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { writePacks, type WriterOptions } from './write-packs.ts'
import { createWriterMetrics } from './writer-metrics.ts'

const topics = topicsOf({ generation: 'g1', partitions: 1 })
const DAY_NS = NS_PER_DAY * 20_000n
/** Waits are a fiftieth as long: the router looks for a commit that does not follow every tenth of a second. */
const clock = { ...systemClock, sleep: async (ms: number, signal?: AbortSignal) => await systemClock.sleep(ms / 50, signal) }

function batch(n: number, sourceOffset?: number): Uint8Array {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, n)
  const bytes = encodeFragment(tableOf([{ timeOffset: n, values: new Map([['@n', n]]) }], { dayNs: DAY_NS }))
  return encodeBatchRecord({
    tenantId: 't', receivedMs: systemClock.nowMs(), sourceOffset, requests: [{ id, part: 0, firstRow: 0, rows: 1, window: 'keyed' }], fragments: [{ kind: 'log', dayNs: DAY_NS, rows: 1, bytes }],
  })
}

function damage(record: Uint8Array): Uint8Array {
  const damaged = new Uint8Array(record)
  damaged[damaged.length - 1]! ^= 1
  return damaged
}

describe('the writer', () => {
  let folder: string
  let bus: Bus
  let catalog: Catalog
  let store: FragmentStore
  let stop: AbortController
  let running: Promise<unknown>[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'writer-'))
    bus = await openBus({ kind: 'embedded', root: `${folder}/bus`, disk: systemDisk, clock })
    catalog = await openCatalog({ kind: 'sqlite', root: `${folder}/catalog`, disk: systemDisk, clock, failpoints: noFailpoints })
    store = await openFragmentStore({ kind: 'disk', root: `${folder}/objects`, disk: systemDisk, role: 'owner' })
    for (const topic of [topics.batches, topics.routed, topics.commits, topics.deadLetters]) await bus.createTopic(topic, { partitions: 1 })
    stop = new AbortController()
    running = []
  })
  afterEach(async () => {
    stop.abort()
    await Promise.all(running)
    for (const port of [bus, catalog, store]) await port[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const ports = (): Omit<WriterOptions, 'metrics'> => ({ topics, clock, random: systemRandom, failpoints: noFailpoints, workers: openInlineWorkers(), log: createLog('silent'), bus, catalog, store })
  const committedTo = async (sourceOffset: number): Promise<void> => {
    for (let tries = 0; (await catalog.readPosition('g1/0')).nextSourceOffset < sourceOffset; tries++) {
      if (tries === 500) throw new Error('waited in vain')
      await systemClock.sleep(20)
    }
  }
  const storedRows = async (): Promise<number> => (await catalog.readEntries('g1/0', 0, 100)).flatMap(({ directory }) => directory).reduce((sum, { rows }) => sum + rows, 0)
  const letters = async (): Promise<readonly ReturnType<typeof decodeDeadLetter>[]> => {
    const end = await bus.endOffset(topics.deadLetters, 0)
    const found: ReturnType<typeof decodeDeadLetter>[] = []
    if (end > 0) {
      await bus.consume({ topic: topics.deadLetters, group: 'test', signal: stop.signal }, async ({ read }) => {
        for await (const group of read(0)) {
          found.push(...group.map(({ value }) => decodeDeadLetter(value)))
          if (found.length >= end) break
        }
      })
    }
    return found
  }

  it('commits after a failed commit, also when nothing more arrives', async () => {
    let failures = 2
    const failing: Catalog = Object.assign(Object.create(catalog) as Catalog, {
      commit: async (...call: Parameters<Catalog['commit']>) => {
        if (failures-- > 0) throw new CatalogUnavailableError('away for a moment')
        await catalog.commit(...call)
      },
    })
    running.push(writePacks({ ...ports(), catalog: failing }, stop.signal))
    await bus.append(topics.routed, 0, batch(0, 0))
    await committedTo(1)
    expect(await storedRows()).toBe(1)
  })

  it('keeps a record that workers die of as a dead letter, before it commits past it, and stores its replay once', async () => {
    let isMended = false
    const isPoison = (order: PackOrder): boolean => !isMended && order.inputs.some(({ origin }) => origin?.offset === 2)
    const inner = openInlineWorkers()
    const workers: Workers = {
      run: async (job, input) => {
        if (isPoison(input as unknown as PackOrder)) throw new Error('worker exited')
        return await inner.run(job, input)
      },
      [Symbol.asyncDispose]: async () => await inner[Symbol.asyncDispose](),
    }
    const commits: string[] = []
    const watched: Catalog = Object.assign(Object.create(catalog) as Catalog, {
      commit: async (...call: Parameters<Catalog['commit']>) => {
        if (call[1].nextSourceOffset > 2) commits.push(`letters: ${await bus.endOffset(topics.deadLetters, 0)}`)
        await catalog.commit(...call)
      },
    })
    running.push(routeBatches(ports(), stop.signal), writePacks({ ...ports(), workers, catalog: watched }, stop.signal))
    for (let n = 0; n < 5; n++) await bus.append(topics.batches, 0, batch(n))
    await committedTo(5)
    expect(await storedRows()).toBe(4)
    expect(commits[0]).toBe('letters: 1')
    const [letter, ...others] = await letters()
    expect(others).toEqual([])
    expect(letter?.head).toMatchObject({ topic: topics.routed, partition: 0, offset: 2, reason: expect.stringContaining('worker exited') as unknown })

    isMended = true
    const outcomes = await createDeadLetters(ports()).replay([{ partition: 0, offset: 0 }, { partition: 0, offset: 0 }], stop.signal)
    expect(outcomes).toMatchObject([{ outcome: 'replayed', partition: 0, offset: 5 }])
    await committedTo(6)
    expect(await storedRows()).toBe(5)
    // Once more, by mistake: its request is known.
    await createDeadLetters(ports()).replay([{ partition: 0, offset: 0 }], stop.signal)
    await committedTo(7)
    expect([await storedRows(), (await letters()).length]).toEqual([5, 1])
  })

  it('has a batch routed again when its routed record is damaged, and loses nothing', async () => {
    let damages = 1
    const damaging: Bus = {
      ...splitBus(bus, '', bus),
      append: async (topic, partition, value) => await bus.append(topic, partition, topic === topics.routed && damages-- > 0 ? damage(value) : value),
    }
    running.push(routeBatches({ ...ports(), bus: damaging }, stop.signal), writePacks(ports(), stop.signal))
    for (let n = 0; n < 3; n++) await bus.append(topics.batches, 0, batch(n))
    await committedTo(3)
    expect([await storedRows(), await letters()]).toEqual([3, []])
  })

  it('gives a batch up as a dead letter when it comes damaged again and again, and goes on behind it', async () => {
    running.push(writePacks(ports(), stop.signal))
    const damaged = damage(batch(0, 0))
    for (const record of [damaged, batch(1, 1), damaged, damaged, batch(1, 1)]) await bus.append(topics.routed, 0, record)
    await committedTo(2)
    expect(await storedRows()).toBe(1)
    const [letter, ...others] = await letters()
    expect(others).toEqual([])
    expect(letter?.head).toMatchObject({ topic: topics.routed, offset: 3, reason: expect.stringMatching(/3 times.*checksum/) as unknown })
    expect(letter?.value).toEqual(Buffer.from(damaged))
  })

  it('counts commits with their age, new beginnings and dead letters', async () => {
    let failures = 1
    const failing: Catalog = Object.assign(Object.create(catalog) as Catalog, {
      claimStream: async (...call: Parameters<Catalog['claimStream']>) => {
        if (failures-- > 0) throw new Error('down')
        return await catalog.claimStream(...call)
      },
    })
    const registry = new Registry()
    running.push(writePacks({ ...ports(), catalog: failing, metrics: createWriterMetrics(registry) }, stop.signal))
    const damaged = damage(batch(0, 0))
    for (const record of [damaged, damaged, damaged, batch(1, 1)]) await bus.append(topics.routed, 0, record)
    await committedTo(2)
    stop.abort()
    await Promise.all(running)
    const counted = await registry.metrics()
    expect(counted).toContain('millrace_writer_restarts_total 1\n')
    expect(counted).toContain('millrace_dead_letters_total{app="writer"} 1\n')
    expect(counted).toMatch(/millrace_writer_commits_total [1-4]\n/)
    expect(counted).toContain('millrace_writer_commit_age_seconds_bucket{le="0.1"} 0\n') // a flush waits longer for company
    expect(counted).toContain('millrace_writer_commit_age_seconds_bucket{le="10"} 1\n') // a flush that took nothing has no age
  })
})

import type { Bus } from '@millrace/bus/bus'
import { decodeDeadLetter } from '@millrace/bus/dead-letter'
import { topicsOf, type Topics } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'
import { readLiveFragments } from '@millrace/catalog/live-fragments'
import { NS_PER_DAY } from '@millrace/event/event'
import type { FragmentIndex } from '@millrace/fragment-index/fragment-index'
import { parseObjectKey, type FragmentStore } from '@millrace/fragment-store/fragment-store'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { expireTenants } from '@millrace/indexer/expire-tenants'
import { sealEntries } from '@millrace/indexer/seal-entries'
import { routeBatches } from '@millrace/router/route-batches'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { writePacks } from '@millrace/writer/write-packs'
import { waitFor } from './test-client.ts'

const DAY_NS = NS_PER_DAY * 20_000n
const shared = { clock: systemClock, random: systemRandom, failpoints: noFailpoints, workers: openInlineWorkers(), log: createLog('silent') }

/** What router, writer and sealer owe each other, over any adapters. `open` gives new, empty ports with the topics of `topics` made. */
export function describePipeline(name: string, open: (topics: Topics) => Promise<PipelinePorts>): void {
  describe(`router and writer over ${name}`, () => {
    let opened: PipelinePorts
    let topics: Topics
    let stream: string
    let stop: AbortController
    let running: Promise<unknown>[]
    beforeEach(async () => {
      topics = topicsOf({ generation: systemRandom.text(8), partitions: 1 })
      stream = `${topics.generation}/0`
      opened = await open(topics)
      stop = new AbortController()
      running = []
    }, OPEN_TIMEOUT_MS)
    afterEach(async () => {
      stop.abort()
      await Promise.all(running)
      await opened[Symbol.asyncDispose]()
    }, OPEN_TIMEOUT_MS)

    const ports = (): PipelinePorts & typeof shared & { readonly topics: Topics } => ({ ...shared, ...opened, topics })
    const committed = async (): Promise<number> => (await opened.catalog.readPosition(stream)).nextSourceOffset
    const numbers = async (): Promise<readonly unknown[]> => {
      const { fragments } = await readLiveFragments(opened.catalog, { tenantId: 't', kind: 'log', fromNs: DAY_NS, toNs: DAY_NS + NS_PER_DAY, streams: [stream] })
      const found: unknown[] = []
      for (const { object, start, end } of fragments) {
        const bytes = await opened.store.read(parseObjectKey(object), start, end)
        found.push(...rowsOf(decodeFragment(bytes ?? new Uint8Array())).map(({ values }) => values.get('@n')))
      }
      return found.sort((a, b) => Number(a) - Number(b))
    }

    it('store each event once, with two of each at work', async () => {
      for (let i = 0; i < 2; i++) running.push(routeBatches(ports(), stop.signal), writePacks(ports(), stop.signal))
      for (let n = 0; n < 100; n++) await opened.bus.append(topics.batches, 0, batch(n))
      await waitFor(async () => (await committed()) === 100)
      expect(await numbers()).toEqual(Array.from({ length: 100 }, (_, n) => n))
    })

    it('keep the first of two requests with one id', async () => {
      running.push(routeBatches(ports(), stop.signal), writePacks(ports(), stop.signal))
      for (const [n, id] of [[1, 7], [2, 7], [3, 8]] as const) await opened.bus.append(topics.batches, 0, batch(n, id))
      await waitFor(async () => (await committed()) === 3)
      expect(await numbers()).toEqual([1, 3])
    })

    it('remember ids over a restart', async () => {
      const first = new AbortController()
      const life = [routeBatches(ports(), first.signal), writePacks(ports(), first.signal)]
      await opened.bus.append(topics.batches, 0, batch(1, 7))
      await waitFor(async () => (await committed()) === 1)
      first.abort()
      await Promise.all(life)
      running.push(routeBatches(ports(), stop.signal), writePacks(ports(), stop.signal))
      await opened.bus.append(topics.batches, 0, batch(2, 7))
      await waitFor(async () => (await committed()) === 2)
      expect(await numbers()).toEqual([1])
    })

    it('keep what cannot be decoded as a dead letter, with its reason, and go on behind it', async () => {
      running.push(routeBatches(ports(), stop.signal), writePacks(ports(), stop.signal))
      const damaged = batch(1)
      damaged[damaged.length - 1]! ^= 1
      await opened.bus.append(topics.batches, 0, damaged)
      await opened.bus.append(topics.batches, 0, batch(2))
      await waitFor(async () => (await committed()) === 2)
      expect(await numbers()).toEqual([2])
      let letter: Uint8Array | undefined
      const found = new AbortController()
      await opened.bus.consume({ topic: topics.deadLetters, group: 'test', signal: found.signal }, async (assignment) => {
        for await (const [record] of assignment.read(0)) {
          letter = record?.value
          found.abort()
          break
        }
      })
      const { head, value } = decodeDeadLetter(letter ?? new Uint8Array())
      expect(head).toMatchObject({ topic: topics.batches, partition: 0, offset: 0, reason: expect.stringMatching(/checksum/) as unknown })
      expect(value).toEqual(Buffer.from(damaged))
    })

    it('go on when the log was trimmed between the read of the position and that of the log', async () => {
      for (let n = 0; n < 3; n++) await opened.bus.append(topics.batches, 0, batch(n))
      running.push(routeBatches(ports(), stop.signal), writePacks(ports(), stop.signal))
      await waitFor(async () => (await committed()) === 3)
      // A router that read the position before the commit reads the log after the trim.
      let isFirst = true
      const late: Catalog = Object.assign(Object.create(opened.catalog) as Catalog, {
        readPosition: async (stream: string) => {
          const position = await opened.catalog.readPosition(stream)
          const answered = isFirst ? { ...position, nextSourceOffset: 0 } : position
          isFirst = false
          return answered
        },
      })
      const router = routeBatches({ ...ports(), catalog: late }, stop.signal)
      running.push(router)
      await opened.bus.append(topics.batches, 0, batch(3))
      await waitFor(async () => (await committed()) === 4)
      expect(await numbers()).toEqual([0, 1, 2, 3])
    })

    it('leave packs that sealing joins, and that expire with the tenant’s retention', async () => {
      running.push(routeBatches(ports(), stop.signal), writePacks(ports(), stop.signal))
      for (let n = 0; n < 5; n++) {
        await opened.bus.append(topics.batches, 0, batch(n))
        await waitFor(async () => (await committed()) === n + 1)
      }
      const { epoch } = await opened.catalog.claimSealer(stream, 'test')
      const entries = await opened.catalog.readEntries(stream, 0, 100)
      const sealed = await sealEntries(ports(), stream, { epoch, sequence: 1, throughCommit: entries.at(-1)?.sequence ?? 0 }, entries)
      expect(sealed.map(({ row }) => row.rows)).toEqual([5])
      expect(await numbers()).toEqual([0, 1, 2, 3, 4])

      await opened.catalog.createTenant({ tenantId: 't', name: 't', retentionDays: 1 })
      const dayMs = Number(DAY_NS / 1_000_000n)
      const at = (ms: number): typeof systemClock => ({ ...systemClock, nowMs: () => ms })
      await expireTenants({ ...opened, clock: at(dayMs + 86_400_000), log: shared.log }, 0)
      expect((await numbers()).length).toBe(5)
      await expireTenants({ ...opened, clock: at(dayMs + 3 * 86_400_000), log: shared.log }, 0)
      expect(await numbers()).toEqual([])
    })
  })
}

/** New ports; disposing closes them and takes away what they kept. */
export interface PipelinePorts extends AsyncDisposable {
  readonly bus: Bus
  readonly catalog: Catalog
  readonly store: FragmentStore
  readonly index: FragmentIndex
}

/** Topics of Kafka are made within a second or two. */
const OPEN_TIMEOUT_MS = 60_000

/** A batch of one request with one event. */
function batch(n: number, requestId = n): Uint8Array {
  const table = tableOf([{ timeOffset: n, values: new Map([['@n', n]]) }], { dayNs: DAY_NS })
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, requestId)
  return encodeBatchRecord({
    tenantId: 't', receivedMs: systemClock.nowMs(), sourceOffset: undefined,
    requests: [{ id, part: 0, firstRow: 0, rows: 1, window: 'keyed' }], fragments: [{ kind: 'log', dayNs: DAY_NS, rows: 1, bytes: encodeFragment(table) }],
  })
}

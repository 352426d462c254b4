import { BusUnavailableError, type Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'
import { readLiveFragments } from '@millrace/catalog/live-fragments'
import { NS_PER_DAY } from '@millrace/event/event'
import { parseObjectKey, type FragmentStore } from '@millrace/fragment-store/fragment-store'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { systemClock } from '@millrace/runtime/system-clock'
import type { SeededNumbers } from '../load/seeded-numbers.ts'

/** Events with the numbers 0, 1, 2 and so on, each acknowledged at least once and to be stored once. */
export interface NumberedEvents {
  readonly count: number
  /** Appends some to each partition of `batches`, a few of them old ones under the request id that they had. Resolves when all are acknowledged. */
  append(perPartition: number): Promise<void>
  /** Reads what is stored, as a query would; answers what is wrong with it. */
  check(catalog: Catalog, store: FragmentStore): Promise<readonly string[]>
}

export function numberedEvents(bus: Bus, topics: Topics, numbers: SeededNumbers): NumberedEvents {
  let count = 0
  const partitions = Array.from({ length: topics.partitions }, (_, partition) => partition)
  /** Numbers that were sent to each partition: a retry goes where the first try went. */
  const sent = partitions.map((): number[] => [])
  const next = (partition: number): number => {
    const known = sent[partition] ?? []
    if (known.length > 0 && numbers.fraction() < RETRY_SHARE) return numbers.pick(known)
    known.push(count)
    return count++
  }
  return {
    get count() {
      return count
    },
    async append(perPartition) {
      await Promise.all(partitions.flatMap((partition) => Array.from({ length: perPartition }, async () => { await appendUntilDone(bus, topics.batches, partition, batchOf(next(partition))) })))
    },
    async check(catalog, store) {
      const times = new Map<unknown, number>()
      for (const partition of partitions) {
        for (const number of await readNumbers(catalog, store, `${topics.generation}/${partition}`)) times.set(number, (times.get(number) ?? 0) + 1)
      }
      const expected = Array.from({ length: count }, (_, number) => number)
      const lost = expected.filter((number) => !times.has(number))
      const repeated = expected.filter((number) => (times.get(number) ?? 0) > 1)
      return [...listed('lost', lost), ...listed('stored more than once', repeated), ...(times.size > count - lost.length ? ['events are stored that nobody sent'] : [])]
    },
  }
}

/** Of batches that are sent. */
const RETRY_SHARE = 0.1
const SHOWN_NUMBERS = 10
const TENANT_ID = 't'
const DAY_NS = NS_PER_DAY * 20_000n
const APPEND_PAUSE_MS = 200

async function appendUntilDone(bus: Bus, topic: string, partition: number, value: Uint8Array): Promise<void> {
  for (;;) {
    try {
      await bus.append(topic, partition, value)
      return
    } catch (error) {
      if (!(error instanceof BusUnavailableError)) throw error
      await systemClock.sleep(APPEND_PAUSE_MS)
    }
  }
}

/** One request with one event; its id is made of the number. */
function batchOf(number: number): Uint8Array {
  const id = new Uint8Array(16)
  new DataView(id.buffer).setUint32(0, number)
  return encodeBatchRecord({
    tenantId: TENANT_ID, receivedMs: systemClock.nowMs(), sourceOffset: undefined,
    requests: [{ id, part: 0, firstRow: 0, rows: 1, window: 'keyed' }],
    fragments: [{ kind: 'log', dayNs: DAY_NS, rows: 1, bytes: encodeFragment(tableOf([{ timeOffset: number, values: new Map([['@n', number]]) }], { dayNs: DAY_NS })) }],
  })
}

async function readNumbers(catalog: Catalog, store: FragmentStore, stream: string): Promise<readonly unknown[]> {
  const { fragments } = await readLiveFragments(catalog, { tenantId: TENANT_ID, kind: 'log', fromNs: DAY_NS, toNs: DAY_NS + NS_PER_DAY, streams: [stream] })
  const found: unknown[] = []
  for (const { object, start, end } of fragments) {
    const bytes = await store.read(parseObjectKey(object), start, end)
    if (bytes === undefined) throw new Error(`${object} is named and not stored`)
    found.push(...rowsOf(decodeFragment(bytes)).map(({ values }) => values.get('@n')))
  }
  return found
}

function listed(what: string, numbers: readonly number[]): readonly string[] {
  return numbers.length === 0 ? [] : [`${numbers.length} ${what}: ${numbers.slice(0, SHOWN_NUMBERS).join(' ')}${numbers.length > SHOWN_NUMBERS ? ' …' : ''}`]
}

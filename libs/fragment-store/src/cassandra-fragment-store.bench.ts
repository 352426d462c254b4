import { dropKeyspace, type MigrationOptions } from '@millrace/cassandra/cassandra-migrations'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { addressOf } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import type { ObjectKey } from './fragment-store.ts'
import { migrateFragmentStore } from './migrate-fragment-store.ts'
import { openFragmentStore } from './open-fragment-store.ts'

/** Packs of 1 MB put four at a time, then read by ranges of 64 KB and whole. Needs `TEST_CASSANDRA=host:port`. */
const PACKS = 200
const READS = 1000
const WIDTH = 4
const PACK_BYTES = 1024 * 1024
const RANGE_BYTES = 64 * 1024

const address = addressOf('cassandra')
if (address === '') console.log('cassandra fragment store: needs TEST_CASSANDRA')
else await run(address)

async function run(contactPoint: string): Promise<void> {
  const options: MigrationOptions = { contactPoints: [contactPoint], localDataCenter: 'datacenter1', keyspace: `bench_${systemRandom.text(12)}`, replicationFactor: 1, clock: systemClock, random: systemRandom, log: createLog('warn') }
  await migrateFragmentStore(options)
  try {
    await using store = await openFragmentStore({ kind: 'cassandra', ...options })
    const bytes = systemRandom.bytes(PACK_BYTES)
    const keyAt = (index: number): ObjectKey => ({ stream: `bench/${index % WIDTH}`, kind: 'pack', epoch: 1, sequence: index, attempt: 'a'.repeat(12) })
    await store.put(keyAt(PACKS), bytes)
    await measure('put 1 MB', PACKS, PACK_BYTES, async (index) => { await store.put(keyAt(index), bytes) })
    await measure('read 64 KB', READS, RANGE_BYTES, async (index) => {
      const start = Math.floor(systemRandom.fraction() * (PACK_BYTES - RANGE_BYTES))
      await store.read(keyAt(index % PACKS), start, start + RANGE_BYTES)
    })
    await measure('read 1 MB', PACKS, PACK_BYTES, async (index) => { await store.read(keyAt(index), 0, PACK_BYTES) })
    await measure('remove 1 MB', PACKS, PACK_BYTES, async (index) => { await store.remove(keyAt(index)) })
  } finally {
    await dropKeyspace(options)
  }
}

async function measure(name: string, count: number, bytesEach: number, work: (index: number) => Promise<void>): Promise<void> {
  const start = performance.now()
  const before = process.cpuUsage()
  let next = 0
  await Promise.all(Array.from({ length: WIDTH }, async () => {
    for (let index = next++; index < count; index = next++) await work(index)
  }))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(before)
  console.log(`cassandra fragment store, ${name}: n ${count}, ${(seconds / count * 1e3).toFixed(2)} ms/op, ${(count * bytesEach / seconds / 1e6).toFixed(1)} MB/s, ${((user + system) / 1e3 / count).toFixed(2)} ms client CPU/op`)
}

/** Appends and reads of the embedded bus on the machine's disk: `node libs/bus/src/embedded-bus.bench.ts [folder]`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import type { Bus } from './bus.ts'
import { openBus } from './open-bus.ts'

const CASES = [
  { name: 'one producer, 4 KB', producers: 1, bytes: 4096, records: 2000 },
  { name: '16 producers, 4 KB', producers: 16, bytes: 4096, records: 8000 },
  { name: '4 producers, 64 KB', producers: 4, bytes: 65_536, records: 2000 },
  { name: '4 producers, 512 KB', producers: 4, bytes: 524_288, records: 400 },
]
const PARTITIONS = 4

console.log('name                 | records/s |   MB/s | CPU µs/append | ms/append | CPU µs/record read at the end | … from files')
for (const { name, producers, bytes, records } of CASES) {
  const root = await mkdtemp(join(process.argv[2] ?? tmpdir(), 'bus-bench-'))
  const open = async (): Promise<Bus> => await openBus({ kind: 'embedded', root, disk: systemDisk, clock: systemClock })
  const value = new Uint8Array(bytes).map((_, i) => (i * 31) & 0xff)
  let appended: Measure
  let recent: Measure
  {
    await using bus = await open()
    await bus.createTopic('t', { partitions: PARTITIONS })
    appended = await measure(async () => {
      await Promise.all(Array.from({ length: producers }, async (_, producer) => {
        for (let i = 0; i < records / producers; i++) await bus.append('t', (producer + i) % PARTITIONS, value)
      }))
    })
    recent = await measure(() => readEverything(bus, Math.min(records, Math.floor(40_000_000 / bytes))))
  }
  await using bus = await open()
  const stored = await measure(() => readEverything(bus, records))
  console.log(
    [
      name.padEnd(20), (records / appended.seconds).toFixed(0).padStart(9), ((records * bytes) / appended.seconds / 1e6).toFixed(1).padStart(6),
      (appended.cpuMicros / records).toFixed(0).padStart(13), ((appended.seconds * 1000 * producers) / records).toFixed(2).padStart(9),
      (recent.cpuMicros / Math.min(records, Math.floor(40_000_000 / bytes))).toFixed(1).padStart(29), (stored.cpuMicros / records).toFixed(1).padStart(12),
    ].join(' | '),
  )
  await rm(root, { recursive: true })
}

interface Measure {
  readonly seconds: number
  readonly cpuMicros: number
}

async function measure(work: () => Promise<void>): Promise<Measure> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - start) / 1000, cpuMicros: user + system }
}

/** The newest `count` records of all partitions together. */
async function readEverything(bus: Bus, count: number): Promise<void> {
  const stop = new AbortController()
  let left = PARTITIONS
  await bus.consume({ topic: 't', group: 'g', signal: stop.signal }, async ({ partition, read }) => {
    const end = await bus.endOffset('t', partition)
    let offset = Math.max(0, end - Math.floor(count / PARTITIONS))
    for await (const group of read(offset)) if ((offset += group.length) >= end) break
    if (--left === 0) stop.abort()
  })
}

/** Appends and reads of the Kafka bus: `TEST_KAFKA=127.0.0.1:9092 node libs/bus/src/kafka-bus.bench.ts`. CPU is that of this process; the broker's comes on top. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '@millrace/runtime/system-clock'
import { addressOf } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { createKafkaClient } from './kafka-client.ts'
import { openBus } from './open-bus.ts'

const CASES = [
  { name: 'one producer, 4 KB', producers: 1, bytes: 4096, records: 500 },
  { name: '16 producers, 4 KB', producers: 16, bytes: 4096, records: 8000 },
  { name: '4 producers, 200 KB', producers: 4, bytes: 200_000, records: 1000 },
  { name: '16 producers, 200 KB', producers: 16, bytes: 200_000, records: 1000 },
]
const PARTITIONS = 4
const IDLE_MS = 5_000

interface Measure {
  readonly seconds: number
  readonly cpuSeconds: number
}

async function measure(work: () => Promise<void>): Promise<Measure> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 }
}

const brokers = [addressOf('kafka')]
const log = createLog('warn')
await using bus = await openBus({ kind: 'kafka', brokers, clientId: 'bench', clock: systemClock, log, replicationFactor: 1, minInsyncReplicas: 1 })
const topics: string[] = []
console.log('name                 | appends/s |   MB/s | ms/append | CPU s per 1,000 appends | read MB/s | CPU s per 1,000 reads')
for (const { name, producers, bytes, records } of CASES) {
  const topic = `bench-${randomBytes(6).toString('hex')}`
  topics.push(topic)
  await bus.createTopic(topic, { partitions: PARTITIONS })
  const value = randomBytes(bytes)
  const appended = await measure(async () => {
    await Promise.all(Array.from({ length: producers }, async (_, producer) => {
      for (let i = 0; i < records / producers; i++) await bus.append(topic, (producer + i) % PARTITIONS, value)
    }))
  })
  let joinedMs = 0
  const read = await measure(async () => {
    const stop = new AbortController()
    const startMs = performance.now()
    let left = PARTITIONS
    await bus.consume({ topic, group: 'g', signal: stop.signal }, async (assignment) => {
      const end = await bus.endOffset(topic, assignment.partition)
      joinedMs = performance.now() - startMs
      let offset = 0
      for await (const group of assignment.read(0)) if ((offset += group.length) >= end) break
      if (--left === 0) stop.abort()
    })
  })
  console.log(
    [
      name.padEnd(20), (records / appended.seconds).toFixed(0).padStart(9), ((records * bytes) / appended.seconds / 1e6).toFixed(1).padStart(6), ((appended.seconds * 1000 * producers) / records).toFixed(1).padStart(9),
      ((appended.cpuSeconds / records) * 1000).toFixed(3).padStart(23), ((records * bytes) / (read.seconds - joinedMs / 1000) / 1e6).toFixed(1).padStart(9), ((read.cpuSeconds / records) * 1000).toFixed(3).padStart(21),
    ].join(' | '),
  )
}
const stop = new AbortController()
const consuming = bus.consume({ topic: topics[0] ?? '', group: 'idle', signal: stop.signal }, async ({ read }) => {
  for await (const group of read(0)) void group
})
await systemClock.sleep(IDLE_MS)
const idle = await measure(() => systemClock.sleep(IDLE_MS))
const asked = await measure(async () => {
  for (let i = 0; i < 100; i++) await Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => bus.endOffset(topics[0] ?? '', partition)))
})
stop.abort()
await consuming
console.log(`one idle consumer: ${((idle.cpuSeconds / idle.seconds) * 100).toFixed(1)} % of a core`)
console.log(`the end offsets of ${PARTITIONS} partitions at once: ${(asked.seconds * 10).toFixed(1)} ms, ${(asked.cpuSeconds * 10).toFixed(2)} ms CPU`)
const admin = createKafkaClient({ brokers, clientId: 'bench', log }, { requestTimeoutMs: 10_000, retries: 3 }).admin()
await admin.connect()
await admin.deleteTopics({ topics })
await admin.disconnect()

import { randomBytes } from 'node:crypto'
import { createServer, type Socket } from 'node:net'
import { systemClock } from '@millrace/runtime/system-clock'
import { describeOn } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { describeBus, until } from './bus.conformance.ts'
import { BusUnavailableError, type Bus } from './bus.ts'
import { APPEND_DEADLINE_MS } from './kafka-append-queue.ts'
import { createKafkaClient } from './kafka-client.ts'
import { loadKafkajs } from './kafka-driver.ts'
import { openBus } from './open-bus.ts'

const log = createLog('silent')
const openKafka = async (address: string): Promise<Bus> =>
  await openBus({ kind: 'kafka', brokers: [address], clientId: 'test', clock: systemClock, log, replicationFactor: 1, minInsyncReplicas: 1 })

describe('the Kafka bus without brokers', () => {
  /** A port that is closed, or that takes every connection and says nothing. */
  const openPort = async (accepts: boolean): Promise<{ address: string } & AsyncDisposable> => {
    const sockets: Socket[] = []
    const server = createServer((socket) => { sockets.push(socket) })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (!accepts) server.close()
    return {
      address: `127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
      [Symbol.asyncDispose]: () => {
        server.close()
        for (const socket of sockets) socket.destroy()
        return Promise.resolve()
      },
    }
  }

  for (const [kind, accepts] of [['a closed port', false], ['a port that never answers', true]] as const) {
    it(`fails appends in time at ${kind}, and goes on consuming until it is stopped`, async () => {
      await using broker = await openPort(accepts)
      await using bus = await openKafka(broker.address)
      const stop = new AbortController()
      const consuming = bus.consume({ topic: 't', group: 'g', signal: stop.signal }, () => Promise.reject(new Error('nothing is assigned')))
      const startedMs = performance.now()
      await expect(bus.append('t', 0, Uint8Array.of(1))).rejects.toThrow(BusUnavailableError)
      expect(performance.now() - startedMs).toBeLessThan(APPEND_DEADLINE_MS + 1_000)
      await expect(bus.endOffset('t', 0)).rejects.toThrow(BusUnavailableError)
      stop.abort()
      await consuming
    })
  }
})

describeOn('kafka', 'the Kafka bus', (address) => {
  const prefixes: string[] = []
  const newPrefix = (): string => {
    const prefix = `test-${randomBytes(6).toString('hex')}-`
    prefixes.push(prefix)
    return prefix
  }

  afterAll(async () => {
    const admin = createKafkaClient({ brokers: [address], clientId: 'test', log }, { requestTimeoutMs: 10_000, retries: 3 }).admin()
    await admin.connect()
    const topics = (await admin.listTopics()).filter((topic) => prefixes.some((prefix) => topic.startsWith(prefix)))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    const { groups } = await admin.listGroups()
    const left = groups.map(({ groupId }) => groupId).filter((groupId) => prefixes.some((prefix) => groupId.includes(prefix)))
    if (left.length > 0) await admin.deleteGroups(left)
    await admin.disconnect()
  })

  describeBus('kafka', async () => withPrefix(await openKafka(address), newPrefix()))

  it('reads what another client has compressed', async () => {
    const topic = `${newPrefix()}t`
    await using bus = await openKafka(address)
    await bus.createTopic(topic, { partitions: 1 })
    const producer = createKafkaClient({ brokers: [address], clientId: 'test', log }, { requestTimeoutMs: 10_000, retries: 3 }).producer()
    await producer.connect()
    const values = Array.from({ length: 5 }, (_, i) => `event ${i} `.repeat(100))
    await producer.send({ topic, compression: loadKafkajs().CompressionTypes.ZSTD, messages: values.map((value) => ({ value })) })
    await producer.disconnect()
    const found: string[] = []
    const stop = new AbortController()
    await bus.consume({ topic, group: 'g', signal: stop.signal }, async ({ read }) => {
      for await (const group of read(0)) if (found.push(...group.map(({ value }) => Buffer.from(value).toString())) === values.length) break
      stop.abort()
    })
    expect(found).toEqual(values)
  })

  it('forgets what was trimmed, and says so to who reads it', async () => {
    const topic = `${newPrefix()}t`
    await using bus = await openKafka(address)
    await bus.createTopic(topic, { partitions: 2 })
    for (let i = 0; i < 5; i++) await bus.append(topic, 0, Uint8Array.of(i))
    for (const offset of [1, 3, 2]) await bus.trim(topic, 0, offset)
    await until(async () => (await bus.startOffset(topic, 0)) > 0)
    expect([await bus.startOffset(topic, 0), await bus.endOffset(topic, 0), await bus.startOffset(topic, 1)]).toEqual([3, 5, 0])
    const stop = new AbortController()
    const reading = bus.consume({ topic, group: 'g', signal: stop.signal }, async ({ partition, read }) => {
      if (partition === 0) for await (const group of read(2)) void group
    })
    await expect(reading).rejects.toThrow('begins at 3, above 2')
  })

  it('misses and doubles nothing over 20 rebalances, with positions that only the works keep', async () => {
    const topic = `${newPrefix()}t`
    const partitions = 4
    const committed = Array.from({ length: partitions }, () => ({ epoch: 0, values: [] as number[] }))
    const appended = Array.from({ length: partitions }, () => 0)
    await using bus = await openKafka(address)
    await bus.createTopic(topic, { partitions })
    const members: { readonly stop: AbortController; readonly done: Promise<void>; readonly working: Set<number>; readonly bus: Bus }[] = []

    const join = async (): Promise<void> => {
      const stop = new AbortController()
      const working = new Set<number>()
      const memberBus = await openKafka(address)
      const done = memberBus.consume({ topic, group: 'g', signal: stop.signal }, async ({ partition, signal, read }) => {
        const stream = committed[partition]
        if (stream === undefined) throw new Error('no such partition')
        working.add(partition)
        signal.addEventListener('abort', () => working.delete(partition))
        const epoch = (stream.epoch += 1)
        let next = stream.values.length
        for await (const group of read(next)) {
          for (const { offset } of group) if (offset !== next++) throw new Error(`partition ${partition} went on at ${offset} instead of ${next - 1}`)
          await systemClock.sleep(Math.random() * 5)
          if (stream.epoch !== epoch) return // another member has claimed it: a commit would be refused
          stream.values.push(...group.map(({ value }) => Buffer.from(value).readUInt32LE()))
        }
      })
      members.push({ stop, done, working, bus: memberBus })
    }
    const leave = async (): Promise<void> => {
      const member = members.shift()
      member?.stop.abort()
      await member?.done
      await member?.bus[Symbol.asyncDispose]()
    }
    const settled = (): boolean => members.flatMap(({ working }) => [...working]).sort().join() === '0,1,2,3' && members.every(({ working }) => working.size > 0)

    const ended = new AbortController()
    const appending = (async () => {
      for (let i = 0; !ended.signal.aborted; i++) {
        const partition = i % partitions
        const value = Buffer.alloc(4)
        value.writeUInt32LE(appended[partition]!++)
        await bus.append(topic, partition, value)
      }
    })()
    await join()
    for (let rebalance = 0; rebalance < 20; rebalance++) {
      await (members.length < 2 || (members.length < 4 && Math.random() < 0.5) ? join() : leave())
      await until(settled)
    }
    ended.abort()
    await appending
    await until(() => committed.every(({ values }, partition) => values.length === appended[partition]))
    while (members.length > 0) await leave()
    expect(committed.map(({ values }) => values)).toEqual(appended.map((count) => Array.from({ length: count }, (_, i) => i)))
    expect(Math.min(...appended)).toBeGreaterThan(100)
  })
})

/** A bus whose topics are its own on brokers that others use, too. */
function withPrefix(bus: Bus, prefix: string): Bus {
  return {
    createTopic: (topic, options) => bus.createTopic(prefix + topic, options),
    append: (topic, partition, value) => bus.append(prefix + topic, partition, value),
    endOffset: (topic, partition) => bus.endOffset(prefix + topic, partition),
    startOffset: (topic, partition) => bus.startOffset(prefix + topic, partition),
    consume: (options, work) => bus.consume({ ...options, topic: prefix + options.topic }, work),
    trim: (topic, partition, offset) => bus.trim(prefix + topic, partition, offset),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '@millrace/bus/bus'
import { topicsOf, type Topics } from '@millrace/bus/topics'
import { migrateCatalog } from '@millrace/catalog/migrate-catalog'
import type { Catalog, CommitPosition } from '@millrace/catalog/catalog'
import { migrateFragmentStore } from '@millrace/fragment-store/migrate-fragment-store'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { cassandraOptions } from '@millrace/service/engine-options'
import { createEngines } from '@millrace/service/engines'
import { readServiceSettings } from '@millrace/service/settings'
import { createLog } from '@millrace/telemetry/log'
import { SeededNumbers } from '../load/seeded-numbers.ts'
import { SUCCESSOR_SUFFIX } from './faulty-ports.ts'
import { reachKafkaBroker, type KafkaBroker } from './kafka-broker.ts'
import { numberedEvents, type NumberedEvents } from './numbered-events.ts'
import { createZombieSystem, type ZombieSystem } from './zombie-system.ts'

export interface ZombieRunOptions {
  readonly seed: number
  /** `127.0.0.1:port` of engines that run. */
  readonly kafka: string
  readonly cassandra: string
  /** Is made where it is missing, and stays: making tables takes longer than a run. */
  readonly keyspace: string
  readonly isVerbose?: boolean
}

export interface ZombieRunResult {
  readonly isGreen: boolean
  readonly events: number
  /** What happened, and how often. */
  readonly happened: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

/**
 * Routers and writers over real Kafka and Cassandra meet what distributed engines do to them: replies of conditional writes and of appends get lost, appends leave gaps and
 * come twice, Kafka's own positions are wrong, and members that were replaced wake up in the middle of their work. In the end each event must be stored once.
 *
 * @throws when an engine is not there: that is no verdict.
 */
export async function runZombies({ seed, kafka, cassandra, keyspace, isVerbose = false }: ZombieRunOptions): Promise<ZombieRunResult> {
  const log = createLog(isVerbose ? 'info' : 'silent')
  const settings = readServiceSettings({ MILLRACE_KAFKA_BROKERS: kafka, MILLRACE_CASSANDRA_CONTACT_POINTS: cassandra, MILLRACE_CASSANDRA_KEYSPACE: keyspace })
  const options = { name: 'zombie-run', clock: systemClock, random: systemRandom, failpoints: noFailpoints, log, signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) }
  const migration = { ...cassandraOptions(settings, options), replicationFactor: 1, random: systemRandom }
  await migrateFragmentStore(migration)
  await migrateCatalog(migration)
  await using resources = new AsyncDisposableStack()
  const engines = createEngines(resources, settings, options)
  const [bus, catalog, store] = await Promise.all([engines.openBus(), engines.openCatalog(), engines.openStore()])
  const topics = topicsOf({ generation: systemRandom.text(8), partitions: PARTITIONS })
  const names = [topics.batches, topics.routed, topics.commits, topics.deadLetters]
  const broker = reachKafkaBroker(kafka)
  resources.defer(async () => { await broker.deleteTopics(names) })
  for (const name of names) await bus.createTopic(name, { partitions: PARTITIONS })

  const numbers = new SeededNumbers(seed)
  const events = numberedEvents(bus, topics, numbers)
  const system = createZombieSystem({ settings, topics, seed, log })
  const stopFeeding = new AbortController()
  const feeding = feed(events, stopFeeding.signal)
  try {
    await live({ system, events, bus, catalog, topics, broker, numbers })
    stopFeeding.abort()
    await feeding
    const ends = await Promise.all(streamsOf(topics).map(async (_, partition) => await bus.endOffset(topics.batches, partition)))
    const stuck = await drain(catalog, topics, ends)
    await system.stop()
    const problems = [...stuck, ...(await events.check(catalog, store)), ...(await unfenced(catalog, topics, system))]
    return { isGreen: problems.length === 0, events: events.count, happened: Object.fromEntries([...system.happened].sort()), problems }
  } finally {
    stopFeeding.abort()
    await feeding
    await system.stop()
  }
}

const PARTITIONS = 2
const OPEN_TIMEOUT_MS = 60_000
/** Enough in one go that a lost append has others behind it, and that a group of records is read at once. */
const BURST = 8
const FEED_PAUSE_MS = 150
/** Commits per partition that the faults of the first life are spread over. */
const FIRST_COMMITS = 5
const FIRST_LIFE_TIMEOUT_MS = 15_000
/** Records by which a position of Kafka lies behind, at most. */
const MAX_STEP_BACK = 12
/** Beyond all that mends itself: a router looks every 5 s whether the commit has passed it by, and a member that cannot join its group gives up after 30 s. */
const STUCK_MS = 40_000
const POLL_MS = 100
const MAX_ENTRIES = 10_000

interface LifeOptions {
  readonly bus: Bus
  readonly events: NumberedEvents
  readonly system: ZombieSystem
  readonly catalog: Catalog
  readonly topics: Topics
  readonly broker: KafkaBroker
  readonly numbers: SeededNumbers
}

async function live({ system, events, ...engines }: LifeOptions): Promise<void> {
  await system.start(true)
  await waitUntil(FIRST_LIFE_TIMEOUT_MS, async () => (await positionsOf(engines.catalog, engines.topics)).every(({ sequence }) => sequence >= FIRST_COMMITS))
  await system.stop()
  await events.append(BURST) // what nobody has routed
  await movePositions(engines)
  await system.start(false)
  await Promise.all([
    system.takeOver({ role: 'router', place: 'append', thawAfter: 'append' }),
    system.takeOver({ role: 'writer', place: 'commit', thawAfter: 'claim' }),
  ])
  await system.takeOver({ role: 'writer', place: 'put', thawAfter: 'commit' })
}

/**
 * Kafka's positions of the groups are put before the commit log's in one partition and behind in the other: nobody may care. Ahead is the end of the log: as if a
 * member had read all of it and ended before anything came of it.
 */
async function movePositions({ bus, catalog, topics, broker, numbers }: Omit<LifeOptions, 'system' | 'events'>): Promise<void> {
  const positions = await positionsOf(catalog, topics)
  const routersAhead = numbers.below(PARTITIONS)
  const moved = async (topic: string, partition: number, committed: number, isAhead: boolean): Promise<number> =>
    isAhead ? await bus.endOffset(topic, partition) : Math.max(0, committed - 1 - numbers.below(MAX_STEP_BACK))
  for (const [partition, { nextOffset, nextSourceOffset }] of positions.entries()) {
    const isRouterAhead = partition === routersAhead
    const routers = await moved(topics.batches, partition, nextSourceOffset, isRouterAhead)
    const writers = await moved(topics.routed, partition, nextOffset, !isRouterAhead)
    // A successor's group too: it stands for the same one.
    for (const suffix of ['', SUCCESSOR_SUFFIX]) {
      await broker.setGroupOffset({ groupId: `router${suffix}-${topics.batches}`, topic: topics.batches, partition, offset: routers })
      await broker.setGroupOffset({ groupId: `writer${suffix}-${topics.routed}`, topic: topics.routed, partition, offset: writers })
    }
  }
}

async function feed(events: NumberedEvents, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await events.append(BURST)
    await sleep(FEED_PAUSE_MS)
  }
}

/** Waits until everything is committed; answers what is not after a while without any commit. */
async function drain(catalog: Catalog, topics: Topics, ends: readonly number[]): Promise<readonly string[]> {
  let last = -1
  let movedMs = systemClock.monotonicMs()
  for (;;) {
    const positions = await positionsOf(catalog, topics)
    if (positions.every(({ nextSourceOffset }, partition) => nextSourceOffset >= (ends[partition] ?? 0))) return []
    const sum = positions.reduce((total, { nextSourceOffset }) => total + nextSourceOffset, 0)
    if (sum !== last) movedMs = systemClock.monotonicMs()
    last = sum
    if (systemClock.monotonicMs() - movedMs > STUCK_MS) return positions.map(({ nextSourceOffset }, partition) => `partition ${partition} stands at ${nextSourceOffset} of ${ends[partition]} batches`)
    await sleep(POLL_MS)
  }
}

/**
 * Where a claim found the log, all earlier epochs have ended: entries of theirs behind it are a zombie's. The events would not tell: entries follow each other by sequence and
 * offset, so that even a zombie's does not store twice, and the one that was fenced begins again behind it.
 */
async function unfenced(catalog: Catalog, topics: Topics, { claims }: ZombieSystem): Promise<readonly string[]> {
  const problems: string[] = []
  for (const stream of streamsOf(topics)) {
    const own = claims.filter((claim) => claim.stream === stream)
    for (const { epoch, sequence } of await catalog.readEntries(stream, 0, MAX_ENTRIES)) {
      const claim = own.find((each) => each.sequence < sequence && each.epoch > epoch)
      if (claim !== undefined) problems.push(`a zombie's entry: ${sequence} of epoch ${epoch}, after epoch ${claim.epoch} had begun behind entry ${claim.sequence}`)
    }
  }
  return problems
}

function streamsOf({ generation, partitions }: Topics): readonly string[] {
  return Array.from({ length: partitions }, (_, partition) => `${generation}/${partition}`)
}

async function positionsOf(catalog: Catalog, topics: Topics): Promise<readonly CommitPosition[]> {
  return await Promise.all(streamsOf(topics).map(async (stream) => await catalog.readPosition(stream)))
}

async function waitUntil(timeoutMs: number, isTrue: () => Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + timeoutMs
  while (systemClock.monotonicMs() < endMs && !(await isTrue())) await sleep(POLL_MS)
}

import { BusCorruptError, OffsetTrimmedError, type Assignment, type Bus, type BusRecord } from '@millrace/bus/bus'
import { encodeDeadLetter } from '@millrace/bus/dead-letter'
import type { Topics } from '@millrace/bus/topics'
import { FencedError, OutcomeUnknownError, type Catalog, type CommitClaim } from '@millrace/catalog/catalog'
import { objectKeyText, type FragmentStore, type ObjectKey } from '@millrace/fragment-store/fragment-store'
import type { BuiltPack, PackOrder } from '@millrace/fragment/build-pack'
import type { Clock } from '@millrace/runtime/clock'
import type { Failpoints } from '@millrace/runtime/failpoints'
import type { Random } from '@millrace/runtime/random'
import { defineJob, type Workers } from '@millrace/runtime/workers'
import type { Log } from '@millrace/telemetry/log'
import { createFlushBuffer, type Flush, type FlushBuffer, type LeftOutRecord } from './flush-buffer.ts'
import { createKnownRequests, type KnownRequests } from './known-requests.ts'
import { traceFlush } from './trace-flush.ts'
import type { WriterMetrics } from './writer-metrics.ts'

export interface WriterOptions {
  readonly bus: Bus
  readonly catalog: Catalog
  readonly store: FragmentStore
  readonly topics: Topics
  readonly clock: Clock
  readonly random: Random
  /** Merge and encode, away from the event loop. */
  readonly workers: Workers
  readonly failpoints: Failpoints
  readonly log: Log
  /** Nothing is counted without. */
  readonly metrics?: WriterMetrics
}

/**
 * Turns routed records into packs: all tenants of a partition in one object per flush, named by one entry of the commit log.
 *
 * Each partition: claim the stream, read the log, go on at its next offset. Only the source offset that follows the last one is taken;
 * lower ones are replays, higher ones are dropped and alarmed (the router starts again when the commit does not follow). Any doubt ends in a new claim.
 *
 * A record that cannot be stored, however often it is tried, must not hold up the others: it is kept raw in `dead-letters`, before the commit that passes it by. A
 * crash between the two keeps it twice.
 */
export async function writePacks(options: WriterOptions, signal: AbortSignal): Promise<void> {
  const { bus, topics, clock, random, log } = options
  const ownerId = random.text(16)
  await bus.consume({ topic: topics.routed, group: 'writer', signal }, async (assignment) => {
    while (!assignment.signal.aborted) {
      try {
        await writeFromCommit(options, ownerId, assignment)
      } catch (error) {
        if (error instanceof BusCorruptError || error instanceof OffsetTrimmedError) throw error
        log.warn({ err: error, partition: assignment.partition }, 'writing starts again from the commit')
        options.metrics?.restarted()
        await clock.sleep(RESTART_PAUSE_MS, assignment.signal)
      }
    }
  })
}

/** Long enough not to hammer an engine that is down. */
const RESTART_PAUSE_MS = 500
/** The longest that a durable event waits for company in its pack: half of the freshness promise, and few enough packs for a planner. */
const FLUSH_INTERVAL_MS = 400
/** Ids that expired within it before a claim are read again: records that were received before an outage of this length may still wait in the log. */
const REMEMBERED_LAG_MS = 2 * 3_600_000
/** Ids are forgotten this often; late forgetting only costs memory. */
const EXPIRE_INTERVAL_MS = 60_000
/**
 * Damaged routed records of one batch before the batch is given up. The batch itself may be well, and the router routes it again when the commit does not
 * follow, some seconds later; damage that comes back every time is no accident of a log.
 */
const MAX_DAMAGED_ROUTINGS = 3
const BUILD_PACK = defineJob<PackOrder, BuiltPack>(import.meta.resolve('@millrace/fragment/build-pack'), 'buildPack')

async function writeFromCommit(options: WriterOptions, ownerId: string, { partition, signal, read }: Assignment): Promise<void> {
  const { catalog, clock, topics, log } = options
  const stream = `${topics.generation}/${partition}`
  const claim = await catalog.claimStream(stream, ownerId)
  if ((await options.bus.endOffset(topics.routed, partition)) < claim.nextOffset) throw new BusCorruptError(`${stream} of ${topics.routed} ends below what is committed`)
  const known = createKnownRequests()
  for await (const page of catalog.readRequestIds(stream, clock.nowMs() - REMEMBERED_LAG_MS)) for (const request of page) known.add(request, 0)
  // What was committed in an earlier life may not have been trimmed, and no commit may follow in a quiet partition.
  await trimCommitted(options, partition, claim)
  log.info({ stream, epoch: claim.epoch, nextOffset: claim.nextOffset, knownRequests: known.size }, 'writing')

  const writer = new StreamWriter(options, { partition, stream, claim, known, signal })
  const records = read(claim.nextOffset)[Symbol.asyncIterator]()
  const readNext = (): ReturnType<typeof records.next> => {
    const reading = records.next()
    reading.catch(() => undefined) // nobody waits for it during a flush; it is awaited after
    return reading
  }
  let next = readNext()
  try {
    for (;;) {
      const arrived = await (writer.due === undefined ? next : Promise.race([next, writer.due]))
      if (arrived !== undefined) {
        if (arrived.done === true) break
        for (const record of arrived.value) await writer.add(record)
        next = readNext()
      }
      if (writer.isDue()) await writer.flush()
    }
    await writer.flush()
  } finally {
    void records.return?.() // where nothing arrives any more it would wait for ever; the next reading ends this one
  }
}

async function trimCommitted({ bus, topics }: WriterOptions, partition: number, { nextOffset, nextSourceOffset }: Pick<CommitClaim, 'nextOffset' | 'nextSourceOffset'>): Promise<void> {
  await bus.trim(topics.routed, partition, nextOffset)
  await bus.trim(topics.batches, partition, nextSourceOffset)
}

class StreamWriter {
  readonly #options: WriterOptions
  readonly #partition: number
  readonly #stream: string
  readonly #signal: AbortSignal
  readonly #known: KnownRequests
  readonly #epoch: number
  #sequence: number
  #firstOffset: number
  #nextSourceOffset: number
  #buffer: FlushBuffer
  #openedMs: number | undefined
  #due: Promise<undefined> | undefined
  #expiredMs: number
  /** Damaged records that claimed the source offset which is expected. */
  #damagedRoutings = 0
  /** Latest stamp of a record that was taken: ids age by intake's stamps, or a backlog would outlive what it must be compared with. */
  #receivedMs = 0

  constructor(
    options: WriterOptions,
    { partition, stream, claim, known, signal }: { readonly partition: number; readonly stream: string; readonly claim: CommitClaim; readonly known: KnownRequests; readonly signal: AbortSignal },
  ) {
    this.#options = options
    this.#signal = signal
    this.#partition = partition
    this.#stream = stream
    this.#known = known
    this.#epoch = claim.epoch
    this.#sequence = claim.sequence
    this.#firstOffset = claim.nextOffset
    this.#nextSourceOffset = claim.nextSourceOffset
    this.#buffer = createFlushBuffer(stream, known)
    this.#expiredMs = options.clock.monotonicMs()
  }

  /** Settles when the buffer must go; undefined while it is empty. */
  get due(): Promise<undefined> | undefined {
    return this.#due
  }

  isDue(): boolean {
    return this.#openedMs !== undefined && this.#options.clock.monotonicMs() - this.#openedMs >= FLUSH_INTERVAL_MS
  }

  async add(record: BusRecord): Promise<void> {
    const { clock, log } = this.#options
    const outcome = this.#buffer.add(record, this.#nextSourceOffset)
    if (this.#openedMs === undefined) {
      this.#openedMs = clock.monotonicMs()
      this.#due = clock.sleep(FLUSH_INTERVAL_MS, this.#signal).then(() => undefined)
    }
    if (outcome === 'taken') this.#passSourceOffset()
    if (outcome === 'ahead' || outcome === 'unstamped') log.error({ stream: this.#stream, offset: record.offset, expectedSourceOffset: this.#nextSourceOffset, outcome }, 'a routed record is out of its order and was dropped')
    if (typeof outcome === 'object') this.#meetDamaged(record, outcome.damaged)
    if (this.#buffer.isFull()) await this.flush()
  }

  #passSourceOffset(): void {
    this.#nextSourceOffset += 1
    this.#damagedRoutings = 0
  }

  /** Its claim stands outside its checksum, so that passing it by at once could lose a batch which is well and comes next. */
  #meetDamaged(record: BusRecord, reason: string): void {
    this.#damagedRoutings += 1
    this.#options.log.error({ stream: this.#stream, offset: record.offset, sourceOffset: this.#nextSourceOffset, reason, times: this.#damagedRoutings }, 'a routed record is damaged')
    if (this.#damagedRoutings < MAX_DAMAGED_ROUTINGS) return
    this.#buffer.leaveOut(record, `its batch was routed ${this.#damagedRoutings} times and came damaged each time: ${reason}`)
    this.#passSourceOffset()
  }

  /** Stores what is buffered and names it. @throws when the outcome is not known to be good: the stream must be claimed again. */
  async flush(): Promise<void> {
    const { bus, catalog, clock, log, topics, workers } = this.#options
    const nextOffset = this.#buffer.nextOffset
    if (nextOffset === undefined) return
    this.#receivedMs = Math.max(this.#receivedMs, this.#buffer.receivedMs)
    const startedMs = clock.nowMs()
    const flush = await this.#buffer.finish({ build: async (order) => await workers.run(BUILD_PACK, order), clock, signal: this.#signal })
    const builtMs = clock.nowMs()
    for (const record of flush.leftOut) await this.#keepDeadLetter(record)
    const pack = await this.#store(flush)
    const storedMs = clock.nowMs()
    const sequence = this.#sequence + 1
    const entry = {
      epoch: this.#epoch, sequence, firstOffset: this.#firstOffset, nextOffset, nextSourceOffset: this.#nextSourceOffset,
      pack, directory: flush.directory, requests: flush.requests, committedMs: clock.nowMs(),
    }
    try {
      await catalog.commit(this.#stream, entry)
    } catch (error) {
      if (error instanceof FencedError) log.warn({ stream: this.#stream, epoch: this.#epoch }, 'another writer has the stream')
      if (!(error instanceof OutcomeUnknownError)) throw error
      const position = await catalog.readPosition(this.#stream)
      if (position.epoch !== this.#epoch || position.sequence !== sequence || position.nextOffset !== nextOffset) throw error
    }
    this.#options.metrics?.committed(this.#buffer.receivedMs === 0 ? undefined : clock.nowMs() - this.#buffer.receivedMs)
    traceFlush(flush.traces, { stream: this.#stream, sequence, packBytes: flush.bytes.length, startedMs, builtMs, storedMs, committedMs: clock.nowMs() })
    this.#sequence = sequence
    this.#firstOffset = nextOffset
    this.#buffer = createFlushBuffer(this.#stream, this.#known)
    this.#openedMs = undefined
    this.#due = undefined
    // Trimmed first: where the log is full nothing else makes room. A wake-up that fails costs the indexer a second.
    await trimCommitted(this.#options, this.#partition, { nextOffset, nextSourceOffset: this.#nextSourceOffset })
    await bus.append(topics.commits, this.#partition, Buffer.from(String(sequence))).catch((error: unknown) => {
      log.warn({ err: error, stream: this.#stream }, 'the indexer was not woken')
    })
    this.#expire()
  }

  async #store(flush: Flush): Promise<string | undefined> {
    if (flush.bytes.length === 0) return undefined
    const key: ObjectKey = { stream: this.#stream, kind: 'pack', epoch: this.#epoch, sequence: this.#sequence + 1, attempt: this.#options.random.text(12) }
    await this.#options.store.put(key, flush.bytes)
    this.#options.failpoints.hit('after-store')
    return objectKeyText(key)
  }

  async #keepDeadLetter({ offset, value, reason }: LeftOutRecord): Promise<void> {
    const { bus, log, topics } = this.#options
    log.error({ stream: this.#stream, offset, reason }, 'a routed record cannot be stored and is kept as a dead letter')
    await bus.append(topics.deadLetters, this.#partition, encodeDeadLetter({ topic: topics.routed, partition: this.#partition, offset, reason }, value))
    this.#options.metrics?.keptDeadLetter()
  }

  #expire(): void {
    const { clock } = this.#options
    if (clock.monotonicMs() - this.#expiredMs < EXPIRE_INTERVAL_MS) return
    this.#expiredMs = clock.monotonicMs()
    this.#known.expire(this.#receivedMs)
  }
}

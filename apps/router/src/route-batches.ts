import { BusCorruptError, MAX_BUS_RECORD_BYTES, OffsetTrimmedError, type Assignment, type Bus, type BusRecord } from '@millrace/bus/bus'
import { encodeDeadLetter } from '@millrace/bus/dead-letter'
import type { Topics } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'
import { createRetentions } from '@millrace/catalog/retentions'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import { decodeBatchRecord, encodeBatchRecord, withSourceOffset } from '@millrace/fragment/batch-record-codec'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { BadPipelineError } from '@millrace/pipeline/pipeline-document'
import { processBatch, type ProcessedBatch } from '@millrace/pipeline/process-batch'
import { createTenantPipelines } from '@millrace/pipeline/tenant-pipelines'
import type { Clock } from '@millrace/runtime/clock'
import type { Tail } from '@millrace/tail/tail'
import type { Log } from '@millrace/telemetry/log'
import { recordSpan } from '@millrace/telemetry/tracing'
import type { RouterMetrics } from './router-metrics.ts'
import { createTailPublisher, type TailPublisher } from './tail-publisher.ts'

export interface RouterOptions {
  readonly bus: Bus
  readonly catalog: Catalog
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  /** Where routed logs are shown to who watches; none by default. */
  readonly tail?: Tail
  /** Nothing is counted without. */
  readonly metrics?: RouterMetrics
}

/**
 * Makes exactly one record of `routed` out of each record of `batches`, same partition, same order, stamped with its source offset, its logs changed as the
 * tenant's pipelines say.
 *
 * Starts from the commit whenever anything is in doubt: after a failed append, and when the commit does not follow. What it then
 * repeats, the writer skips by its source offset. A record that cannot be decoded goes to `dead-letters` as it is, and an empty one takes its place. While nothing
 * is known of a tenant's pipelines its records wait, and those behind them.
 */
export async function routeBatches(options: RouterOptions, signal: AbortSignal): Promise<void> {
  const { bus, topics, clock, log, tail } = options
  const watched = tail === undefined ? undefined : createTailPublisher(tail, topics)
  const process = createProcess(options)
  await bus.consume({ topic: topics.batches, group: 'router', signal }, async (assignment) => {
    while (!assignment.signal.aborted) {
      try {
        await routeFromCommit(options, process, assignment, watched)
      } catch (error) {
        if (error instanceof BusCorruptError || (error instanceof OffsetTrimmedError && (await isLost(options, assignment)))) throw error
        log.warn({ err: error, partition: assignment.partition }, 'routing starts again from the commit')
        options.metrics?.restarted()
        await clock.sleep(RESTART_PAUSE_MS, assignment.signal)
      }
    }
  })
}

/**
 * Whether batches that were never committed are gone. Else the writer has committed what an earlier router had routed, and the bus has trimmed it, while this one
 * was about to route it again.
 */
async function isLost({ bus, catalog, topics }: RouterOptions, { partition }: Assignment): Promise<boolean> {
  const startOffset = await bus.startOffset(topics.batches, partition)
  const { nextSourceOffset } = await catalog.readPosition(`${topics.generation}/${partition}`)
  return nextSourceOffset < startOffset
}

/** Long enough not to hammer an engine that is down. */
const RESTART_PAUSE_MS = 500
/** How often a commit that has passed by routed batches is looked for. */
const STALL_CHECK_MS = 5_000

/** Ends without an error when routed batches were lost or the assignment is revoked. */
async function routeFromCommit(options: RouterOptions, process: Process, { partition, signal, read }: Assignment, watched: TailPublisher | undefined): Promise<void> {
  const { bus, catalog, topics, clock, log } = options
  const stream = `${topics.generation}/${partition}`
  const { nextSourceOffset } = await catalog.readPosition(stream)
  if ((await bus.endOffset(topics.batches, partition)) < nextSourceOffset) throw new BusCorruptError(`${stream} of ${topics.batches} ends below what is committed`)
  let routedEnd = nextSourceOffset
  const ended = new AbortController()
  const orLost = interruptible(whenPassedBy(options, partition, () => routedEnd, AbortSignal.any([signal, ended.signal])))
  const records = read(nextSourceOffset)[Symbol.asyncIterator]()
  try {
    for (;;) {
      const reading = records.next()
      reading.catch(() => undefined) // awaited below, unless the batches before it were lost
      const arrived = await orLost(reading)
      if (arrived === 'lost') {
        options.metrics?.lost()
        log.error({ stream, routedEnd }, 'the commit has passed by routed batches; routing again from it')
        return
      }
      if (arrived === 'ended' || arrived.done === true) return
      const startedMs = clock.nowMs()
      const routed: RoutedRecord[] = []
      for (const record of arrived.value) routed.push(await routedRecord(options, process, partition, record))
      // Appends of one group are pipelined; the log takes them in the order of the calls.
      await Promise.all(routed.map(async ({ value }) => await bus.append(topics.routed, partition, value)))
      for (const { offset, record } of routed) {
        watched?.publish(partition, offset, record)
        for (const trace of record.traces ?? []) recordSpan(trace, { name: 'process batches', startedMs, endedMs: clock.nowMs(), attributes: { 'messaging.destination.partition.id': String(partition), 'millrace.offset': offset } })
      }
      routedEnd = (arrived.value.at(-1)?.offset ?? routedEnd - 1) + 1
    }
  } finally {
    ended.abort()
    void records.return?.() // a read that waits ends with the assignment
  }
}

/**
 * Waits for a promise or for one `interruption`, again and again. `Promise.race` with a promise that outlives many races keeps the result of every race
 * alive as long as itself.
 */
function interruptible<I>(interruption: Promise<I>): <T>(promise: Promise<T>) => Promise<T | I> {
  let interrupt: ((outcome: I | Promise<I>) => void) | undefined
  let isInterrupted = false
  const onInterruption = (): void => {
    isInterrupted = true
    interrupt?.(interruption)
  }
  interruption.then(onInterruption, onInterruption)
  return async <T>(promise: Promise<T>) => {
    if (isInterrupted) return await interruption
    return await new Promise<T | I>((resolve, reject) => {
      interrupt = resolve
      promise.then(resolve, reject)
    })
  }
}

/**
 * Resolves with `lost` when the writer has read all of `routed` and still waits for a batch that this router has routed: it was lost or came out of order. A
 * writer that is only slow has not read so far.
 */
async function whenPassedBy({ bus, catalog, topics, clock }: RouterOptions, partition: number, routedEnd: () => number, signal: AbortSignal): Promise<'lost' | 'ended'> {
  const stream = `${topics.generation}/${partition}`
  for (;;) {
    await clock.sleep(STALL_CHECK_MS, signal)
    if (signal.aborted) return 'ended'
    try {
      const expected = routedEnd()
      const end = await bus.endOffset(topics.routed, partition)
      const { nextOffset, nextSourceOffset } = await catalog.readPosition(stream)
      if (nextOffset >= end && nextSourceOffset < expected) return 'lost'
    } catch (error) {
      if (!(error instanceof Error && 'retryable' in error && error.retryable === true)) throw error // an engine that is down says nothing about the commit
    }
  }
}

/** What a tenant's pipelines make of a batch of `batches`. @throws {PipelinesUnknownError} they cannot be looked up now. @throws as {@link processBatch}, {@link BadPipelineError} */
type Process = (partition: number, offset: number, record: BatchRecord) => Promise<ProcessedBatch>

function createProcess({ catalog, topics, clock }: RouterOptions): Process {
  const pipelinesOf = createTenantPipelines(catalog, clock)
  const retentionOf = createRetentions(catalog, clock)
  return async (partition, offset, record) => {
    const [{ pipelines, classes }, retentionDays] = await Promise.all([pipelinesOf(record.tenantId), retentionOf(record.tenantId)]).catch((cause: unknown) => {
      // What no longer can be understood will not be understood later either; anything else is the catalog's and passes.
      if (cause instanceof BadPipelineError) throw cause
      throw new PipelinesUnknownError(record.tenantId, cause)
    })
    return await processBatch(pipelines, record, { clock, stream: `${topics.generation}/${partition}`, offset, retentionDays, classes, maxRecordBytes: MAX_BUS_RECORD_BYTES })
  }
}

/** Routing waits: what a tenant wants to be taken out must not pass. */
class PipelinesUnknownError extends Error {
  override readonly name = 'PipelinesUnknownError'
  readonly code = 'PIPELINES_UNKNOWN'
  readonly retryable = true

  constructor(tenantId: string, cause: unknown) {
    super(`the pipelines of ${tenantId} cannot be looked up`, { cause })
  }
}

async function routedRecord({ bus, topics, log, metrics }: RouterOptions, process: Process, partition: number, { offset, value }: BusRecord): Promise<RoutedRecord> {
  try {
    const received = decodeBatchRecord(value)
    for (const fragment of received.fragments) openFragmentBytes(fragment.bytes)
    const { record, bytes, droppedEvents, isCutShort } = await process(partition, offset, received)
    metrics?.processed({ droppedEvents, isChanged: bytes !== undefined, isCutShort })
    return { offset, record, value: withSourceOffset(bytes ?? value, offset) }
  } catch (error) {
    if (error instanceof Error && 'retryable' in error && error.retryable === true) throw error
    const reason = error instanceof Error ? error.message : String(error)
    log.error({ partition, offset, reason }, 'a batch cannot be routed and is kept as a dead letter')
    await bus.append(topics.deadLetters, partition, encodeDeadLetter({ topic: topics.batches, partition, offset, reason }, value))
    metrics?.keptDeadLetter()
    const record: BatchRecord = { tenantId: '', receivedMs: 0, sourceOffset: offset, requests: [], fragments: [] }
    return { offset, record, value: encodeBatchRecord(record) }
  }
}

interface RoutedRecord {
  /** Of the batch. */
  readonly offset: number
  readonly record: BatchRecord
  /** The record as `routed` gets it. */
  readonly value: Uint8Array
}

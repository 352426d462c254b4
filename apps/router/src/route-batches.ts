import { BusCorruptError, OffsetTrimmedError, type Assignment, type Bus, type BusRecord } from '@millrace/bus/bus'
import { encodeDeadLetter } from '@millrace/bus/dead-letter'
import type { Topics } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'
import { decodeBatchRecord, encodeBatchRecord, withSourceOffset } from '@millrace/fragment/batch-record-codec'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'

export interface RouterOptions {
  readonly bus: Bus
  readonly catalog: Catalog
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
}

/**
 * Makes exactly one record of `routed` out of each record of `batches`, same partition, same order, stamped with its source offset.
 *
 * Starts from the commit whenever anything is in doubt: after a failed append, and when the commit does not follow. What it then
 * repeats, the writer skips by its source offset. A record that cannot be decoded goes to `dead-letters` as it is, and an empty one takes its place.
 */
export async function routeBatches(options: RouterOptions, signal: AbortSignal): Promise<void> {
  const { bus, topics, clock, log } = options
  await bus.consume({ topic: topics.batches, group: 'router', signal }, async (assignment) => {
    while (!assignment.signal.aborted) {
      try {
        await routeFromCommit(options, assignment)
      } catch (error) {
        if (error instanceof BusCorruptError || (error instanceof OffsetTrimmedError && (await isLost(options, assignment)))) throw error
        log.warn({ err: error, partition: assignment.partition }, 'routing starts again from the commit')
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
/** A writer commits about every second; when routed records stay uncommitted this long, some of them may be lost or out of order. */
const COMMIT_STALL_MS = 30_000
/** How often a commit that does not follow is looked for. */
const STALL_CHECK_MS = 5_000

/** Ends without an error when the commit stalls or the assignment is revoked. */
async function routeFromCommit({ bus, catalog, topics, clock, log }: RouterOptions, { partition, signal, read }: Assignment): Promise<void> {
  const stream = `${topics.generation}/${partition}`
  const { nextSourceOffset } = await catalog.readPosition(stream)
  let routedEnd = nextSourceOffset
  const stalled = new AbortController()
  const watch = watchCommit({ catalog, clock, stream, routedEnd: () => routedEnd, onStall: () => {
    log.error({ stream, routedEnd }, 'the commit does not follow; routing again from it')
    stalled.abort()
  } }, AbortSignal.any([signal, stalled.signal]))
  try {
    for await (const records of read(nextSourceOffset)) {
      if (stalled.signal.aborted) break
      const routed: Uint8Array[] = []
      for (const record of records) routed.push(await routedRecord({ bus, topics, log }, partition, record))
      // Appends of one group are pipelined; the log takes them in the order of the calls.
      await Promise.all(routed.map(async (record) => await bus.append(topics.routed, partition, record)))
      routedEnd = (records.at(-1)?.offset ?? routedEnd - 1) + 1
    }
  } finally {
    stalled.abort()
    await watch
  }
}

async function watchCommit(
  { catalog, clock, stream, routedEnd, onStall }: {
    readonly catalog: Catalog; readonly clock: Clock; readonly stream: string; readonly routedEnd: () => number; readonly onStall: () => void
  },
  signal: AbortSignal,
): Promise<void> {
  let seen = -1
  let sinceMs = clock.monotonicMs()
  for (;;) {
    await clock.sleep(STALL_CHECK_MS, signal)
    if (signal.aborted) return
    try {
      const { nextSourceOffset } = await catalog.readPosition(stream)
      if (nextSourceOffset !== seen || nextSourceOffset >= routedEnd()) {
        seen = nextSourceOffset
        sinceMs = clock.monotonicMs()
      } else if (clock.monotonicMs() - sinceMs > COMMIT_STALL_MS) {
        onStall()
        return
      }
    } catch {
      sinceMs = clock.monotonicMs() // an unreadable position says nothing about the commit
    }
  }
}

async function routedRecord({ bus, topics, log }: Pick<RouterOptions, 'bus' | 'topics' | 'log'>, partition: number, { offset, value, appendedMs }: BusRecord): Promise<Uint8Array> {
  try {
    const record = decodeBatchRecord(value)
    for (const fragment of record.fragments) openFragmentBytes(fragment.bytes)
    return withSourceOffset(value, offset)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.error({ partition, offset, reason }, 'a batch cannot be decoded and is kept as a dead letter')
    await bus.append(topics.deadLetters, partition, encodeDeadLetter({ topic: topics.batches, partition, offset, reason }, value))
    return encodeBatchRecord({ tenantId: '', receivedMs: appendedMs, sourceOffset: offset, requests: [], fragments: [] })
  }
}

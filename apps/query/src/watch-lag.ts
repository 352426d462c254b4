import type { Topics } from '@millrace/bus/topics'
import type { Catalog, CommitPosition } from '@millrace/catalog/catalog'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import { Gauge, type Registry } from '@millrace/telemetry/metrics'
import { SAMPLES_MS, type Frontier } from './frontier.ts'

export interface LagOptions {
  readonly frontier: Frontier
  readonly catalog: Pick<Catalog, 'readPosition'>
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly registry: Registry
}

/**
 * Keeps the gauge of how far the system is behind its acknowledgements, also while nobody asks anything: an answer given now would include everything that was acknowledged so long ago.
 * It grows while the commits stand still, and also while the bus or the catalog cannot be asked.
 */
export async function watchLag({ frontier, catalog, topics, clock, log, registry }: LagOptions, signal: AbortSignal): Promise<void> {
  let untilMs = clock.nowMs() // nothing is known to be late yet
  new Gauge({
    name: 'millrace_query_lag_seconds', help: 'How far an answer given now is behind what is acknowledged.', registers: [registry],
    collect() { this.set(Math.max(0, clock.nowMs() - untilMs) / 1000) },
  })
  const streams = Array.from({ length: topics.partitions }, (_, partition) => `${topics.generation}/${partition}`)
  const positions = new Map<string, CommitPosition>()
  while (!signal.aborted) {
    try {
      // Idle partitions need no look: what was committed of them before goes on reaching their ends.
      if (positions.size < streams.length || lagOf(frontier, positions, clock) > FRESH_MS) {
        for (let start = 0; start < streams.length; start += AT_ONCE) {
          await Promise.all(streams.slice(start, start + AT_ONCE).map(async (stream) => { positions.set(stream, await catalog.readPosition(stream)) }))
          if (signal.aborted) return
        }
      }
      untilMs = Math.max(untilMs, frontier.completeUntilMs(positions) ?? 0)
    } catch (error) {
      log.debug({ err: error }, 'how far the commits are cannot be read')
    }
    await clock.sleep(LOOK_MS, signal)
  }
}

function lagOf(frontier: Frontier, positions: ReadonlyMap<string, CommitPosition>, clock: Clock): number {
  return clock.nowMs() - (frontier.completeUntilMs(positions) ?? clock.nowMs() - SAMPLES_MS)
}

/** Of each busy partition one read at the strongest consistency; a scrape comes every 15 to 60 s. */
const LOOK_MS = 5_000
/** Partitions read together: one after the other, many of them would take longer than the lag that alarms. */
const AT_ONCE = 32
/** About what an event takes from its acknowledgement to its commit: nothing nearer can be told. */
const FRESH_MS = 1_000

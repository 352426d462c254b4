import type { Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import type { CommitPosition } from '@millrace/catalog/catalog'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'

/** Tells until which acknowledgement time an answer includes everything. */
export interface Frontier {
  /**
   * The newest time T, ms since 1970, such that every event acknowledged before T in these streams lies below the committed positions; undefined when no
   * sample of the last {@link SAMPLES_MS} was reached yet.
   */
  completeUntilMs(positions: ReadonlyMap<string, CommitPosition>): number | undefined
}

/**
 * Samples the clock and then the end offset of every partition of `batches`, again and again: what was acknowledged before a sample's clock lies below its end offsets,
 * so a commit that has passed them includes it. Idle partitions prove progress by the same rule.
 */
export function createFrontier(): Frontier & { sampleForever(options: SamplerOptions, signal: AbortSignal): Promise<void> } {
  const samples: Sample[] = []
  let loggedMs = -Infinity
  return {
    completeUntilMs(positions) {
      for (let i = samples.length - 1; i >= 0; i--) {
        const sample = samples[i]
        if (sample !== undefined && [...positions].every(([stream, { nextSourceOffset }]) => nextSourceOffset >= (sample.ends.get(stream) ?? Infinity))) return sample.atMs - MAX_CLOCK_SKEW_MS
      }
      return undefined
    },
    async sampleForever({ bus, topics, clock, log }, signal) {
      while (!signal.aborted) {
        try {
          const atMs = clock.nowMs()
          // All at once: a bus may answer them with one request.
          const partitions = Array.from({ length: topics.partitions }, (_, partition) => partition)
          const ends = await Promise.all(partitions.map(async (partition) => [`${topics.generation}/${partition}`, await bus.endOffset(topics.batches, partition)] as const))
          samples.push({ atMs, ends: new Map(ends) })
          if (samples.length > SAMPLES_MS / SAMPLE_INTERVAL_MS) samples.shift()
        } catch (error) {
          if (clock.monotonicMs() - loggedMs > LOG_INTERVAL_MS) {
            loggedMs = clock.monotonicMs()
            log.warn({ err: error }, 'the end of the log cannot be read; completeUntil stands still')
          }
        }
        await clock.sleep(SAMPLE_INTERVAL_MS, signal)
      }
    },
  }
}

export interface SamplerOptions {
  readonly bus: Bus
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
}

interface Sample {
  readonly atMs: number
  readonly ends: ReadonlyMap<string, number>
}

/** An outage is not logged ten times a second. */
const LOG_INTERVAL_MS = 10_000
/** A part of what completeUntil may be behind. */
const SAMPLE_INTERVAL_MS = 100
/** Further behind, an answer only says that it is incomplete. */
export const SAMPLES_MS = 120_000
/** Acks are stamped and frontiers taken on clocks of one cell, which NTP keeps this close. */
const MAX_CLOCK_SKEW_MS = 50

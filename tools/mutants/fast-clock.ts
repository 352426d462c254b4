import type { Clock } from '@millrace/runtime/clock'
import { systemClock } from '@millrace/runtime/system-clock'

/**
 * The machine's clock, some times faster, from a while ago on: flushes, seals and windows of minutes pass in seconds. Everything that compares times must use the same one.
 */
export function fastClock(speed: number): Clock {
  const startedMs = systemClock.monotonicMs()
  const elapsed = (): number => (systemClock.monotonicMs() - startedMs) * speed
  const startMs = systemClock.nowMs() - HEAD_START_MS
  return {
    nowMs: () => startMs + elapsed(),
    monotonicMs: elapsed,
    sleep: async (ms, signal) => await systemClock.sleep(ms / speed, signal),
  }
}

/** Longer than a run takes in fast time. */
const HEAD_START_MS = 6 * 3_600_000

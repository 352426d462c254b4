import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises'
import type { Clock } from './clock.ts'

/** The machine's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    if (signal?.aborted === true) return
    if (ms <= 0) {
      await nextTurn() // whoever only wants others to get their turn would lose a millisecond to a timer
      return
    }
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (cause) {
      if (!(cause instanceof Error && cause.name === 'AbortError')) throw cause
    }
  },
}

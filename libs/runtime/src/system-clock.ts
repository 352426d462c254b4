import { setImmediate as nextTurn } from 'node:timers/promises'
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
    await new Promise<void>((resolve) => {
      // Not Node's own promise: that one rejects when the signal aborts, and most sleeps of a busy process end so. An error each time costs more than the timer.
      const wake = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      signal?.addEventListener('abort', wake)
    })
  },
}

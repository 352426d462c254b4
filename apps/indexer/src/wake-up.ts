import type { Clock } from '@millrace/runtime/clock'

/** Lets one loop wait for news or for time, whichever comes first. News that come while nobody waits are not lost. */
export interface WakeUp {
  notify(): void
  /** Resolves at the next notification, after `ms`, or when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export function createWakeUp(clock: Clock): WakeUp {
  let isNotified = false
  let wake: (() => void) | undefined
  return {
    notify() {
      isNotified = true
      wake?.()
    },
    async wait(ms, signal) {
      if (!isNotified) {
        const waiting = new AbortController()
        wake = () => {
          waiting.abort()
        }
        await clock.sleep(ms, AbortSignal.any([signal, waiting.signal]))
        wake = undefined
      }
      isNotified = false
    },
  }
}

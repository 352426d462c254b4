import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'

export interface Patience {
  readonly clock: Clock
  readonly log: Log
  /** Gives up when it aborts. */
  readonly signal: AbortSignal
}

/** The service was told to end before it had what it needs. */
export class StoppedEarlyError extends Error {
  override readonly name = 'StoppedEarlyError'
  readonly code = 'STOPPED_EARLY'
  readonly retryable = false
}

/**
 * Opens something that another system must be up for, again and again until it is: services and engines may be started in any order. What is wrong for
 * good is thrown at once. @throws {StoppedEarlyError}
 */
export async function openPatiently<T>(what: string, { clock, log, signal }: Patience, open: () => Promise<T>): Promise<T> {
  let loggedMs = -Infinity
  while (!signal.aborted) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof Error) || !('retryable' in error) || error.retryable !== true) throw error
      if (clock.monotonicMs() - loggedMs > LOG_INTERVAL_MS) {
        loggedMs = clock.monotonicMs()
        log.warn({ err: error, what }, 'waiting for what the service needs')
      }
      await clock.sleep(RETRY_PAUSE_MS, signal)
    }
  }
  throw new StoppedEarlyError(`told to end while waiting for ${what}`)
}

/** Soon enough for a person who waits, seldom enough for an engine that starts. */
const RETRY_PAUSE_MS = 500
const LOG_INTERVAL_MS = 10_000

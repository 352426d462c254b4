import type { Clock } from '@millrace/runtime/clock'
import { BusUnavailableError } from './bus.ts'

/** Settles like `promise`, or rejects after `ms`. What the promise does later is ignored. @throws {BusUnavailableError} too late. */
export async function withDeadline<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T> {
  const settled = new AbortController()
  const tooLate = clock.sleep(ms, settled.signal).then(() => {
    if (!settled.signal.aborted) throw new BusUnavailableError(`no answer within ${ms} ms`)
    return promise
  })
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    tooLate.catch(() => undefined) // the loser of the race
    settled.abort()
  }
}

import { setTimeout as sleep } from 'node:timers/promises'

/** True when `event` settles within `ms`; leaves no timer behind. */
export async function within(ms: number, event: PromiseLike<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const isSettled = event.then(() => true, () => true)
  try {
    return await Promise.race([isSettled, sleep(ms, false, { signal: timer.signal }).catch(() => false)])
  } finally {
    timer.abort()
  }
}

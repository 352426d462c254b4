import type { Clock } from './clock.ts'
import { collectGarbage } from './collect-garbage.ts'

export interface IdleOptions {
  readonly clock: Clock
  /** Ends it. */
  readonly signal: AbortSignal
  /** CPU time that this thread has taken, ms; the thread's own unless a test has another. */
  readonly usedMs?: () => number
  readonly collect?: () => void
}

/** Gives memory back each time this thread has come to rest after work: what a burst has left would else stay until the next one. Never rejects. */
export async function collectWhenIdle({ clock, signal, usedMs = threadCpuMs, collect = collectGarbage }: IdleOptions): Promise<void> {
  let beforeMs = usedMs()
  let hasWorked = true
  while (!signal.aborted) {
    await clock.sleep(WINDOW_MS, signal)
    if (signal.aborted) return
    const nowMs = usedMs()
    const isIdle = nowMs - beforeMs < WINDOW_MS * IDLE_SHARE
    if (isIdle && hasWorked) collect()
    hasWorked = !isIdle
    beforeMs = usedMs() // what the collection took is no work
  }
}

/** Rest is no hurry, and a pause of a few seconds between two requests is none. */
const WINDOW_MS = 15_000
/** An app that only asks whether there is anything to do takes about a hundredth of a core. */
const IDLE_SHARE = 0.05

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

import { readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'
import { isMainThread } from 'node:worker_threads'

/**
 * Lets the process's other threads go first where there are fewer cores than threads that want one. Linux gives each thread a niceness of its own; elsewhere nothing
 * happens, because there it would be the whole process's. Never the main thread's, which answers clients.
 *
 * @param niceness on top of the main thread's; see setpriority(2).
 */
export function makeThreadNice(niceness: number): void {
  if (process.platform !== 'linux' || isMainThread || niceness === 0) return
  const threadId = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
  setPriority(threadId, Math.min(getPriority(threadId) + niceness, constants.priority.PRIORITY_LOW))
}

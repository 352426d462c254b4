import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects all of this thread's garbage at once, which takes 50 to 200 ms, and gives the memory back. For moments after which there is nothing to do: V8 would keep what it took for as long as
 * nothing is allocated. An ordinary collection would leave the new space as large as it has grown and code that nothing runs; this is the one that V8 makes as a last resort, before it would
 * end for want of memory. A heap of more than `maxBytes` is left alone, as the thread would stand still for too long.
 */
export function collectGarbage(maxBytes = MAX_BYTES): void {
  if (getHeapStatistics().used_heap_size > maxBytes) return
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('typeof gc === "function" ? gc : undefined') as ((options: object) => void) | undefined
  setFlagsFromString('--no-expose-gc')
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }) // flags are the process's: another thread may have taken it back in between
}

/** Two to three milliseconds for each megabyte. */
const MAX_BYTES = 100e6

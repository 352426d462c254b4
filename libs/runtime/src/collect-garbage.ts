import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects all of this thread's garbage at once, which takes 50 to 150 ms, and gives the memory back. For moments after which there is nothing to do: V8 would keep what it took for as long as
 * nothing is allocated. As a last resort before an end for want of memory, which is what V8 calls it: an ordinary collection keeps the new space as large as it has grown, and code that nothing runs. A heap of more than `maxBytes` is left alone, as the thread would stand still for too long.
 */
export function collectGarbage(maxBytes = MAX_BYTES): void {
  if (getHeapStatistics().used_heap_size > maxBytes) return
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('typeof gc === "function" ? gc : undefined') as ((options: object) => void) | undefined
  setFlagsFromString('--no-expose-gc')
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }) // flags are the process's: another thread may have taken it back in between
}

/** About a millisecond for each. */
const MAX_BYTES = 200e6

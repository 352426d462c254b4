import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects all of this thread's garbage at once, which takes some 50 ms, and gives the memory back. For moments after which there is nothing to do: V8 would keep what it took for as long as
 * nothing is allocated. A heap of more than `maxBytes` is left alone, as the thread would stand still for too long.
 */
export function collectGarbage(maxBytes = MAX_BYTES): void {
  if (getHeapStatistics().used_heap_size > maxBytes) return
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('typeof gc === "function" ? gc : undefined') as (() => void) | undefined
  setFlagsFromString('--no-expose-gc')
  collect?.() // flags are the process's: another thread may have taken it back in between
}

/** About a millisecond for each. */
const MAX_BYTES = 200e6

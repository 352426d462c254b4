/** Uses as many CPU seconds per second as it is told, over two threads at the priority of any process, and nothing else: what a machine with another tenant's work on it does to everybody. */
import { isMainThread, Worker, workerData } from 'node:worker_threads'

const THREADS = 2
const SLICE_MS = 20

if (isMainThread) {
  const cores = Number(process.argv[2])
  for (let thread = 0; thread < THREADS; thread++) new Worker(new URL(import.meta.url), { workerData: Math.min(1, cores / THREADS) })
  process.on('disconnect', () => process.exit(0))
} else {
  const share = workerData as number
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    const until = performance.now() + SLICE_MS * share
    while (performance.now() < until);
    Atomics.wait(pause, 0, 0, SLICE_MS * (1 - share))
  }
}

import assert from 'node:assert/strict'
import { Piscina } from 'piscina'
import { outputOf, type JobOutcome } from './run-job.ts'
import type { WorkerThreadData } from './worker-thread.ts'
import type { Job, Workers } from './workers.ts'

export interface SystemWorkersOptions {
  /** Worker threads at most. One is started when there is work for it, within a tenth of a second, and ends after {@link IDLE_MS} without any. */
  readonly threads: number
  /** Of the threads; see thread-niceness.ts. 0 by default. */
  readonly niceness?: number
}

/** Threads of this process. A job that waits when the workers close is rejected; one that runs is ended. */
export function openSystemWorkers({ threads, niceness = 0 }: SystemWorkersOptions): Workers {
  assert(threads > 0, 'there is at least one worker thread')
  const pool = new Piscina({
    filename: import.meta.resolve('./worker-thread.ts'), name: 'runJob', workerData: { niceness } satisfies WorkerThreadData,
    minThreads: 0, maxThreads: threads, maxQueue: MAX_WAITING_JOBS, idleTimeout: IDLE_MS,
  })
  let isClosed = false
  return {
    async run<Input, Output>({ module, name }: Job<Input, Output>, input: Input): Promise<Output> {
      if (isClosed) throw new Error('the workers are closed') // the pool would start a new thread
      const outcome: JobOutcome = await pool.run({ module, name, input })
      return outputOf(outcome) as Output // the types that the job's definition claims
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await pool.destroy()
    },
  }
}

/** Each holds some 20 MB of code; work comes twice a second as long as events do. */
const IDLE_MS = 30_000
/** Callers bound their own work far below it; more would be inputs piling up in memory. */
const MAX_WAITING_JOBS = 4096

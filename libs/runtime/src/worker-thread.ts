import { workerData } from 'piscina'
import { makeThreadNice } from './thread-niceness.ts'

export { runJob } from './run-job.ts'

// What a thread of the workers loads first.
const { niceness } = workerData as WorkerThreadData
makeThreadNice(niceness)

/** What each thread is given. */
export interface WorkerThreadData {
  readonly niceness: number
}

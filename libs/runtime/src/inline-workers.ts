import { outputOf, runJob } from './run-job.ts'
import type { Job, Workers } from './workers.ts'

/** Runs jobs in the calling thread, one after the other, for simulations and tests: nothing happens at an unforeseeable moment. */
export function openInlineWorkers(): Workers {
  let isClosed = false
  let turn: Promise<unknown> = Promise.resolve()
  return {
    async run<Input, Output>({ module, name }: Job<Input, Output>, input: Input): Promise<Output> {
      if (isClosed) throw new Error('the workers are closed')
      const copy = structuredClone(input)
      const outcome = turn.then(() => runJob({ module, name, input: copy }))
      turn = outcome
      return structuredClone(outputOf(await outcome)) as Output // the types that the job's definition claims
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      await turn
    },
  }
}

import assert from 'node:assert/strict'

/** A job as it crosses to another thread. */
export interface JobCall {
  readonly module: string
  readonly name: string
  readonly input: unknown
}

/** Errors cross as plain data, because a structured clone would lose their name. */
export type JobOutcome = { readonly output: unknown } | { readonly failed: { readonly name: string; readonly message: string; readonly stack: string | undefined } }

/** Loads the module, once per thread, and calls its function. Never throws: what the function throws is in the outcome. */
export async function runJob({ module, name, input }: JobCall): Promise<JobOutcome> {
  try {
    const exported: Readonly<Record<string, unknown>> = await import(module)
    const work = exported[name]
    assert(typeof work === 'function', `${module} exports a function ${name}`)
    return { output: await work(input) }
  } catch (error) {
    const { name: errorName, message, stack } = error instanceof Error ? error : new Error(String(error))
    return { failed: { name: errorName, message, stack } }
  }
}

/** What the job returned. @throws an error with the name and message of what it threw. */
export function outputOf(outcome: JobOutcome): unknown {
  if ('output' in outcome) return outcome.output
  const error = new Error(outcome.failed.message)
  error.name = outcome.failed.name
  if (outcome.failed.stack !== undefined) error.stack = outcome.failed.stack
  throw error
}

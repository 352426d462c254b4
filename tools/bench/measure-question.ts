import { createClient } from '../client/millrace-client.ts'
import { percentileOf } from '../load/percentile.ts'
import { cpuBetween, readUse, type BenchSystem } from './bench-system.ts'
import type { BenchQuestion } from './questions.ts'

export interface QuestionReport {
  readonly name: string
  readonly about: string
  readonly coldMs: number
  /** Of the warm runs, each of which asks for a slightly other range: answers are remembered. */
  readonly minMs: number
  readonly medianMs: number
  /** Asked again to the letter. */
  readonly againMs: number
  /** Of each part, mean of the warm runs. */
  readonly cpuMs: Readonly<Record<string, number>>
  readonly problem: string | undefined
}

/** Asks once cold, then `runs` times warm, and looks at every answer. What goes wrong is the report's problem. */
export async function measureQuestion({ name, about, ask, problemOf }: BenchQuestion, { system: { url, parts }, apiKey, runs }: { readonly system: BenchSystem; readonly apiKey: string; readonly runs: number }): Promise<QuestionReport> {
  const client = createClient(url, apiKey)
  const timed = async (run: number): Promise<number> => {
    const startedMs = performance.now()
    const answer = await ask(client, run)
    const elapsed = performance.now() - startedMs
    problem ??= answer.meta.complete ? problemOf(answer) : `incomplete: ${JSON.stringify(answer.meta.warnings)}`
    return elapsed
  }
  let problem: string | undefined
  try {
    const coldMs = await timed(0)
    const before = readUse(parts)
    const times: number[] = []
    for (let run = 1; run <= runs; run++) times.push(await timed(run))
    const cpuMs = [...cpuBetween(before, readUse(parts))].map(([part, cpuSeconds]) => [part, (cpuSeconds / runs) * 1000])
    return { name, about, coldMs, minMs: Math.min(...times), medianMs: percentileOf(times, 0.5), againMs: await timed(runs), cpuMs: Object.fromEntries(cpuMs) as Record<string, number>, problem }
  } catch (error) {
    return { name, about, coldMs: NaN, minMs: NaN, medianMs: NaN, againMs: NaN, cpuMs: {}, problem: String(error) }
  }
}

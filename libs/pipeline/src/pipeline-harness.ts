import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf, type PlainValue } from '@millrace/fragment/plain-rows'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { systemClock } from '@millrace/runtime/system-clock'
import { compilePipelines } from './compile-pipelines.ts'
import { parsePipelineDocument } from './pipeline-document.ts'
import type { Outcome } from './processor.ts'
import { runPipelines } from './run-pipelines.ts'
import { WorkBudget } from './work-budget.ts'

// What the tests of processors share: events in, events out.

export type PlainEvent = Readonly<Record<string, PlainValue>>

export const DAY_NS = 20_000n * 86_400_000_000_000n
/** Noon. */
export const TIME_OFFSET = 43_200_000_000_000

/** Runs one pipeline over events of one batch; undefined in the place of those that are gone. */
export async function process(processors: readonly object[], events: readonly PlainEvent[], { filter = '*', tables = {} }: { readonly filter?: string; readonly tables?: object } = {}): Promise<{
  readonly events: readonly (PlainEvent | undefined)[]
  /** Of the rows that were processed, processor by processor. */
  readonly outcomes: readonly Outcome[]
  /** Per row that stayed, ns since {@link DAY_NS}. */
  readonly times: readonly number[]
}> {
  const pipelines = compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', filter, processors }], tables }))
  const bytes = encodeFragment(tableOf(events.map((event) => ({ timeOffset: TIME_OFFSET, values: new Map(Object.entries(event)) })), { dayNs: DAY_NS }))
  const outcomes: Outcome[] = []
  const place = { stream: 'g1/0', offset: 7, work: new WorkBudget(), oldestNs: 0n, newestNs: DAY_NS * 2n }
  const draft = await runPipelines(pipelines, openFragmentBytes(bytes), place, { clock: systemClock, onOutcome: ({ outcome }) => outcomes.push(outcome) })
  const after: (PlainEvent | undefined)[] = events.map(() => undefined)
  const times: number[] = []
  for (const { table } of await draft.finish()) {
    const numbers = table.columns.find(({ name }) => name === '_row')
    for (const [index, { timeOffset, values }] of rowsOf({ ...table, columns: table.columns.filter(({ name }) => name !== '_row') }).entries()) {
      const row = numbers?.layout === 'number' ? (numbers.values[index] ?? NaN) : NaN
      after[row] = Object.fromEntries(values)
      times[row] = timeOffset + Number(table.dayNs - DAY_NS)
    }
  }
  return { events: after, outcomes, times }
}

import type { LiveFragment } from '@millrace/catalog/live-fragments'
import { VERBATIM_COLUMN } from '@millrace/fragment/event-columns'
import type { Fragment } from '@millrace/fragment/fragment'
import type { Filter } from '@millrace/query-engine/filters/filter'
import { FragmentParts } from '@millrace/query-engine/fragment-parts'
import { FragmentReader } from '@millrace/query-engine/fragment-reader'
import { MAX_QUERY_READ_BYTES, QueryBudget } from '@millrace/query-engine/query-budget'
import type { Clock } from '@millrace/runtime/clock'
import type { CompiledPipeline } from './compile-pipelines.ts'
import { Draft, type Values } from './draft.ts'
import type { BatchPlace, Outcome } from './processor.ts'

export interface RunOptions {
  readonly clock: Clock
  /** What happened to each row; for whoever tries pipelines out. */
  readonly onOutcome?: (step: { readonly pipeline: number; readonly processor: number; readonly row: number; readonly outcome: Outcome }) => void
}

/**
 * Runs pipelines over one fragment, in order, each on what the ones before have made of it. Others run in between.
 *
 * @throws {FragmentCorruptError}
 */
export async function runPipelines(pipelines: readonly CompiledPipeline[], fragment: Fragment, place: BatchPlace, { clock, onOutcome }: RunOptions): Promise<Draft> {
  const budget = new QueryBudget(clock, new AbortController().signal, { timeMs: Infinity, readBytes: MAX_QUERY_READ_BYTES })
  const draft = new Draft(fragment, async () => await budget.checkpoint())
  const matches = createMatches(draft, budget)
  for (const [pipelineIndex, pipeline] of pipelines.entries()) {
    const inPipeline = pipeline.sparesVerbatim ? withoutVerbatim(await matches(pipeline.filter), await draft.load(VERBATIM_COLUMN)) : await matches(pipeline.filter)
    if (inPipeline === undefined) continue
    for (const [processorIndex, { processor, condition }] of pipeline.processors.entries()) {
      const chosen = await matches(condition)
      if (chosen === undefined) continue
      const step = await processor.open(draft, place)
      for (let row = 0; row < draft.rows; row++) {
        if (draft.kept[row] === 0 || inPipeline[row] === 0 || chosen[row] === 0) continue
        const done = step(row)
        const outcome = typeof done === 'string' ? done : await done
        if (outcome === 'dropped') draft.kept[row] = 0
        onOutcome?.({ pipeline: pipelineIndex, processor: processorIndex, row, outcome })
        if (row % ROWS_PER_CHECK === 0) await budget.checkpoint()
      }
    }
  }
  return draft
}

function withoutVerbatim(mask: Uint8Array | undefined, verbatim: Values): Uint8Array | undefined {
  return mask?.map((isIn, row) => (verbatim[row] === true ? 0 : isIn))
}

/** A row takes up to 50 ms at worst, and some microseconds mostly: looking at the clock costs as much as a row. */
const ROWS_PER_CHECK = 16

/** Answers which rows match by now: one byte each; undefined when none does. */
function createMatches(draft: Draft, budget: QueryBudget): (filter: Filter | undefined) => Promise<Uint8Array | undefined> {
  const all = new Uint8Array(draft.rows).fill(1)
  let revision = -1
  let reader: FragmentReader | undefined
  return async (filter) => {
    if (filter === undefined) return all
    if (reader === undefined || revision !== draft.revision) {
      const fragment = await draft.asFragment()
      reader = new FragmentReader(placeless(fragment), new FragmentParts(fragment, () => undefined), budget)
      revision = draft.revision
    }
    const decision = await reader.decide(filter)
    if (decision === 'none') return undefined
    if (decision === 'all') return all
    const mask = new Uint8Array(draft.rows).fill(1)
    const narrow = await filter.load(reader)
    narrow(0, mask)
    return mask.includes(1) ? mask : undefined
  }
}

/** Filters look at values only, never at where the fragment stands. */
function placeless({ header: { dayNs, rows, minTimeOffset, maxTimeOffset } }: Fragment): LiveFragment {
  return { tenantId: '', kind: 'log', dayNs, rows, minTimeOffset, maxTimeOffset, start: 0, end: 0, object: '', sealed: undefined }
}

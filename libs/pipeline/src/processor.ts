import type { Draft } from './draft.ts'
import type { WorkBudget } from './work-budget.ts'

/** One step of a pipeline, compiled. */
export interface Processor {
  readonly type: string
  /** Reads the columns that it needs; after that rows are processed one by one. */
  open(draft: Draft, batch: BatchPlace): Promise<RowStep>
}

/** Where the batch stands: what a decision by chance is made from, so that it comes out the same when the batch is routed again. */
export interface BatchPlace {
  /** `<generation>/<partition>` */
  readonly stream: string
  readonly offset: number
  readonly work: WorkBudget
  /** What the door takes: ns since 1970. An event is not moved beyond it. */
  readonly oldestNs: bigint
  readonly newestNs: bigint
}

/** Only where a column has to be read first does a row wait. */
export type RowStep = (row: number) => Outcome | Promise<Outcome>

/** `failed`: the event has what the processor looks for, and it can't be used; the event stays as it is. */
export type Outcome = 'changed' | 'same' | 'failed' | 'dropped'

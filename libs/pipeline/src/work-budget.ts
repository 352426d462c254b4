/** What the pipelines may do with one batch. Counted and not timed, so that a batch that is routed again comes out the same. */
export class WorkBudget {
  #left: number

  constructor(most: number = MAX_BATCH_WORK) {
    this.#left = most
  }

  /** False when there is not enough left; then nothing is taken. */
  take(work: number): boolean {
    if (work > this.#left) return false
    this.#left -= work
    return true
  }
}

/**
 * Steps of an automaton times its states: some 25 ns each at worst, so that patterns made to be slow hold a partition for a few seconds per batch at most. What is
 * left of the batch then is not parsed, and what cannot be looked at for secrets is taken out whole.
 */
const MAX_BATCH_WORK = 100_000_000
/** Of one call, during which nothing else runs: 50 ms at worst. */
export const MAX_CALL_WORK = 1_500_000

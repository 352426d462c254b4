import type { LiveFragment } from '@millrace/catalog/live-fragments'
import { StoreUnavailableError } from '@millrace/fragment-store/fragment-store'
import { FragmentCorruptError } from '@millrace/fragment/fragment'
import type { FragmentCache } from './fragment-cache.ts'
import { MissingObjectError } from './fragment-parts.ts'
import { FragmentReader } from './fragment-reader.ts'
import type { MissingPart } from './query-engine.ts'
import { BudgetSpentError, type QueryBudget } from './query-budget.ts'

/** Fragments whose first bytes are on their way while another is scanned. A planner meets some hundred small ones before they are sealed. */
const OPENED_AHEAD = 8

/** One query's way through its fragments: what cannot be read becomes a missing part of the answer. */
export class FragmentScan {
  readonly #cache: FragmentCache
  readonly #budget: QueryBudget
  readonly #isLastAttempt: boolean
  readonly #missing: MissingPart[] = []
  #isStopped = false

  /** @param isLastAttempt false while a missing object is a reason to plan once more. */
  constructor(cache: FragmentCache, budget: QueryBudget, isLastAttempt: boolean) {
    this.#cache = cache
    this.#budget = budget
    this.#isLastAttempt = isLastAttempt
  }

  get missing(): readonly MissingPart[] {
    return this.#missing
  }

  /** True when the budget was spent before the scan was through. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** @throws {QueryCancelledError} @throws {BudgetSpentError} */
  async checkpoint(): Promise<void> {
    await this.#budget.checkpoint()
  }

  /**
   * Opens a fragment for `use`. Undefined when it is damaged or gone; then {@link missing} says so, and `use` must have left no trace.
   *
   * @throws {MissingObjectError} it is gone, and this is not the last attempt. @throws as {@link checkpoint}.
   */
  async visit<T>(live: LiveFragment, use: (fragment: FragmentReader) => Promise<T>): Promise<T | undefined> {
    await this.#budget.checkpoint()
    try {
      return await use(new FragmentReader(live, await this.#cache.open(live), this.#budget))
    } catch (error) {
      const isGone = error instanceof MissingObjectError
      if (isGone && !this.#isLastAttempt) throw error
      if (!isGone && !(error instanceof FragmentCorruptError) && !(error instanceof StoreUnavailableError)) throw error
      this.#missing.push({ reason: 'unreadable', detail: `up to ${live.rows} events of one fragment could not be read: ${error.message}` })
      return undefined
    }
  }

  /** Visits fragments in their order, the next few being opened meanwhile. @throws as {@link visit}. */
  async visitAll(fragments: readonly LiveFragment[], use: (fragment: FragmentReader) => Promise<void>): Promise<void> {
    for (const [index, live] of fragments.entries()) {
      this.openAhead(() => fragments.slice(index + 1, index + 1 + OPENED_AHEAD))
      await this.visit(live, use)
    }
  }

  /** Begins to open the first of these, which are about to be visited. */
  openAhead(fragments: () => readonly LiveFragment[]): void {
    this.#cache.openAhead(() => fragments().slice(0, OPENED_AHEAD))
  }

  /** Runs the scan, at the query's turn, until it is through or its budget is spent. */
  async run(scan: () => Promise<void>): Promise<void> {
    try {
      await this.#budget.inTurn(scan)
    } catch (error) {
      if (!(error instanceof BudgetSpentError)) throw error
      this.#isStopped = true
      this.#missing.push({ reason: error.reason, detail: error.message })
    }
  }

  /** Adds what the answer lacks for another reason. */
  miss(part: MissingPart): void {
    this.#missing.push(part)
  }
}

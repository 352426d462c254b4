import type { Clock } from '@millrace/runtime/clock'
import { QueryCancelledError } from './query-engine.ts'

export interface QueryLimits {
  /** A query stops after it and answers what it has. */
  readonly timeMs: number
  /** Encoded bytes that one query may read from the store. */
  readonly readBytes: number
}

/** People have given up by then, and proxies in between close the connection soon after. */
export const MAX_QUERY_MS = 30_000
/** About what one core decodes in the time above. */
export const MAX_QUERY_READ_BYTES = 4 * 1024 * 1024 * 1024

/** A limit was reached: the answer becomes incomplete. */
export class BudgetSpentError extends Error {
  override readonly name = 'BudgetSpentError'
  readonly code = 'BUDGET_SPENT'
  readonly retryable = false
  readonly reason: 'time-budget' | 'byte-budget'

  constructor(reason: 'time-budget' | 'byte-budget', detail: string) {
    super(detail)
    this.reason = reason
  }
}

/**
 * What one query may still spend. Checked between blocks of rows, so a query overshoots by milliseconds. It says only once that it is spent:
 * what follows is putting together the answer so far, which its own limits bound.
 */
export class QueryBudget {
  readonly #clock: Clock
  readonly #signal: AbortSignal
  readonly #limits: QueryLimits
  readonly #startedMs: number
  #yieldedMs: number
  #readBytes = 0
  #isSpent = false

  constructor(clock: Clock, signal: AbortSignal, limits: QueryLimits) {
    this.#clock = clock
    this.#signal = signal
    this.#limits = limits
    this.#startedMs = clock.monotonicMs()
    this.#yieldedMs = this.#startedMs
  }

  /** Lets other work run now and then. @throws {QueryCancelledError} @throws {BudgetSpentError} */
  async checkpoint(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#yieldedMs >= MAX_BUSY_MS) {
      await this.#clock.sleep(0)
      this.#yieldedMs = this.#clock.monotonicMs()
    }
    this.checkCancelled()
    if (nowMs - this.#startedMs >= this.#limits.timeMs) this.#spend('time-budget', `the query was stopped after ${this.#limits.timeMs} ms`)
  }

  /** @throws {QueryCancelledError} */
  checkCancelled(): void {
    if (this.#signal.aborted) throw new QueryCancelledError('the query was cancelled')
  }

  /** Called before bytes are read from the store. @throws {BudgetSpentError} */
  charge(bytes: number): void {
    this.#readBytes += bytes
    if (this.#readBytes > this.#limits.readBytes) this.#spend('byte-budget', `the query was stopped after reading ${this.#limits.readBytes} bytes`)
  }

  #spend(reason: BudgetSpentError['reason'], detail: string): void {
    if (this.#isSpent) return
    this.#isSpent = true
    throw new BudgetSpentError(reason, detail)
  }
}

/** Longer, and the process's other requests feel it; shorter, and the timer costs more than a tenth. */
const MAX_BUSY_MS = 12

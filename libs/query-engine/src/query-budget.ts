import { TurnCancelledError, type Turn } from '@millrace/fairness/fair-queue'
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
  readonly #askTurn: (() => Promise<Turn>) | undefined
  readonly #startedMs: number
  #turn: Turn | undefined
  /** When the turn, or what it was not charged for, began. */
  #busySinceMs: number
  #scanMs = 0
  #pausing: Promise<void> | undefined
  #readBytes = 0
  #isSpent = false

  /** @param askTurn waits for the query's turn to scan; without it the query shares its thread only by pausing. */
  constructor(clock: Clock, signal: AbortSignal, limits: QueryLimits, askTurn?: () => Promise<Turn>) {
    this.#askTurn = askTurn
    this.#clock = clock
    this.#signal = signal
    this.#limits = limits
    this.#startedMs = clock.monotonicMs()
    this.#busySinceMs = this.#startedMs
  }

  /** Time for which the query had its turn, ms. */
  get scanMs(): number {
    return this.#scanMs
  }

  /** Scans at the query's turn, which it gives up at a {@link checkpoint} now and then. @throws {QueryCancelledError}, and what `scan` throws. */
  async inTurn<T>(scan: () => Promise<T>): Promise<T> {
    using turn = await this.#takeTurn()
    this.#turn = turn
    this.#busySinceMs = this.#clock.monotonicMs()
    try {
      return await scan()
    } finally {
      await this.#pausing // a turn ends once, and not while it is asked for again
      this.#chargeTurn(turn)
      this.#turn = undefined
    }
  }

  /** Lets other queries, and whatever else is ready, run now and then. @throws {QueryCancelledError} @throws {BudgetSpentError} */
  async checkpoint(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#pausing !== undefined || nowMs - this.#busySinceMs >= MAX_BUSY_MS) {
      this.#pausing ??= this.#pause().finally(() => {
        this.#pausing = undefined
      })
      await this.#pausing
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

  async #takeTurn(): Promise<Turn | undefined> {
    try {
      return await this.#askTurn?.()
    } catch (cause) {
      if (cause instanceof TurnCancelledError) throw new QueryCancelledError('the query was cancelled', { cause })
      throw cause
    }
  }

  /** Columns are read side by side, so several checkpoints may come while one has paused. */
  async #pause(): Promise<void> {
    const turn = this.#turn
    if (turn === undefined) {
      await this.#clock.sleep(0)
    } else {
      this.#chargeTurn(turn)
      await turn.pause()
    }
    this.#busySinceMs = this.#clock.monotonicMs()
  }

  #chargeTurn(turn: Turn | undefined): void {
    const busyMs = this.#clock.monotonicMs() - this.#busySinceMs
    turn?.charge(busyMs)
    this.#scanMs += busyMs
  }

  #spend(reason: BudgetSpentError['reason'], detail: string): void {
    if (this.#isSpent) return
    this.#isSpent = true
    throw new BudgetSpentError(reason, detail)
  }
}

/** Longer, and other queries feel it; much shorter, and columns that are still warm in the processor's caches have to make room in between. */
export const MAX_BUSY_MS = 4

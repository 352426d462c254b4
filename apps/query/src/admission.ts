import type { TenantId } from '@millrace/event/event'
import { createFairQueue, TenantQueueFullError, TurnCancelledError } from '@millrace/fairness/fair-queue'
import { QueryCancelledError, type QueryCost } from '@millrace/query-engine/query-engine'
import type { Clock } from '@millrace/runtime/clock'

/** Lets a few queries run at once and makes the others wait, by deficit round robin over the tenants: whose queries took long to scan waits longer for the next. */
export interface Admission {
  /** @throws {TooManyQueriesError} @throws {QueryCancelledError} the asker went away while it waited. */
  run<T extends QueryCost>(tenantId: TenantId, signal: AbortSignal, query: () => Promise<T>): Promise<T>
}

/** More queries of one tenant wait than it may have waiting. */
export class TooManyQueriesError extends Error {
  override readonly name = 'TooManyQueriesError'
  readonly code = 'TOO_MANY_QUERIES'
  readonly retryable = true
}

/** They share one thread: more at once make each slower, and all hold what they have read. */
export const MAX_RUNNING = 8
/** The rest is for others, who then need not wait for a query of this tenant to end: the engine shares its thread among those that run. */
export const MAX_RUNNING_PER_TENANT = 4
/** A dashboard asks some thirty questions at once. */
const MAX_WAITING_PER_TENANT = 64
/** With the longest query after it this stays below the minute after which proxies take a silent server for dead. */
const MAX_WAIT_MS = 20_000
/** What a common query over some days takes. */
const QUANTUM_MS = 100
/** Until a query has told what it took, so that many cheap ones are not free. */
const ASSUMED_MS = 1

export function createAdmission(clock: Clock): Admission {
  const queue = createFairQueue({ clock, concurrency: MAX_RUNNING, tenantConcurrency: MAX_RUNNING_PER_TENANT, quantum: QUANTUM_MS, maxWaiting: MAX_WAITING_PER_TENANT })
  return {
    async run(tenantId, signal, query) {
      const waiting = new AbortController()
      void clock.sleep(MAX_WAIT_MS, waiting.signal).then(() => { waiting.abort() })
      using turn = await queue.turn(tenantId, ASSUMED_MS, AbortSignal.any([signal, waiting.signal])).catch((cause: unknown) => {
        if (cause instanceof TenantQueueFullError) throw new TooManyQueriesError('too many queries of this tenant wait', { cause })
        if (cause instanceof TurnCancelledError && !signal.aborted) throw new TooManyQueriesError(`the query waited for ${MAX_WAIT_MS} ms`, { cause })
        if (cause instanceof TurnCancelledError) throw new QueryCancelledError('the asker went away', { cause })
        throw cause
      }).finally(() => { waiting.abort() })
      const answer = await query()
      turn.charge(answer.scanMs)
      return answer
    },
  }
}

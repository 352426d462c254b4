import type { TenantId } from '@millrace/event/event'
import { QueryCancelledError } from '@millrace/query-engine/query-engine'

/** Lets a few queries run at once and makes the others wait, tenant after tenant in turn. */
export interface Admission {
  /** @throws {TooManyQueriesError} @throws {QueryCancelledError} the asker went away while it waited. */
  run<T>(tenantId: TenantId, signal: AbortSignal, query: () => Promise<T>): Promise<T>
}

/** More queries of one tenant wait than it may have waiting. */
export class TooManyQueriesError extends Error {
  override readonly name = 'TooManyQueriesError'
  readonly code = 'TOO_MANY_QUERIES'
  readonly retryable = true
}

/** They share one thread: more at once make each slower, and all hold what they have read. */
const MAX_RUNNING = 4
/** A dashboard asks some thirty questions at once. */
const MAX_WAITING_PER_TENANT = 64

export function createAdmission(): Admission {
  /** A tenant is in the map while it has queries that wait; it goes to the end when one of them starts. */
  const waiting = new Map<TenantId, Set<() => void>>()
  let running = 0

  const startNext = (): void => {
    const [next] = waiting
    if (next === undefined || running === MAX_RUNNING) return
    const [tenantId, starts] = next
    const [start] = starts
    waiting.delete(tenantId)
    if (start === undefined) return
    starts.delete(start)
    if (starts.size > 0) waiting.set(tenantId, starts)
    running++
    start()
  }

  const turn = async (tenantId: TenantId, signal: AbortSignal): Promise<void> => {
    const starts = waiting.get(tenantId) ?? new Set()
    if (starts.size >= MAX_WAITING_PER_TENANT) throw new TooManyQueriesError('too many queries of this tenant wait')
    waiting.set(tenantId, starts)
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        starts.delete(start)
        if (starts.size === 0 && waiting.get(tenantId) === starts) waiting.delete(tenantId)
        reject(new QueryCancelledError('the asker went away'))
      }
      signal.addEventListener('abort', leave, { once: true })
      starts.add(start)
      startNext()
    })
  }

  return {
    async run(tenantId, signal, query) {
      if (signal.aborted) throw new QueryCancelledError('the asker went away')
      await turn(tenantId, signal)
      try {
        return await query()
      } finally {
        running--
        startNext()
      }
    },
  }
}

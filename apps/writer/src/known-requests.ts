import type { CommittedRequest } from '@millrace/catalog/catalog'
import type { BatchRequest } from '@millrace/fragment/batch-record'

/** The request units that a stream has stored and still remembers. */
export interface KnownRequests {
  readonly size: number
  /**
   * Remembers a unit; false when it was known already, so that its rows must be dropped.
   *
   * @param receivedMs intake's stamp of the record that brings it: ids age by those, so that a replay decides as the first run did.
   */
  add(request: CommittedRequest, receivedMs: number): boolean
  /** Forgets a unit that was not stored after all. */
  remove(request: CommittedRequest): void
  /** Forgets what expired before `nowMs`. */
  expire(nowMs: number): void
}

/** How long ids are remembered, ms: a retry without a key comes within minutes; a client with a key may be down for a day. */
export const WINDOW_MS = { retry: 10 * 60_000, keyed: 24 * 3_600_000 } as const satisfies Record<BatchRequest['window'], number>

/** Beyond it the oldest ids are forgotten early: about 200 MB of a writer's heap per stream. */
const MAX_KNOWN_REQUESTS = 1_000_000
/** Finding a map's oldest entry walks over those deleted before it, so many go in one walk. */
const EVICTED_AT_ONCE = 10_000

function forgetOldest(expiries: Map<string, number>, count: number): void {
  let left = count
  for (const key of expiries.keys()) {
    if (left-- === 0) return
    expiries.delete(key)
  }
}

export function createKnownRequests(): KnownRequests {
  const expiries = new Map<string, number>()
  return {
    get size() {
      return expiries.size
    },
    add(request, receivedMs) {
      const { expiresMs } = request
      const key = keyOf(request)
      if ((expiries.get(key) ?? 0) > receivedMs) return false
      expiries.delete(key) // a key that is set again keeps its old place in the order
      expiries.set(key, expiresMs)
      if (expiries.size > MAX_KNOWN_REQUESTS) forgetOldest(expiries, EVICTED_AT_ONCE)
      return true
    },
    remove(request) {
      expiries.delete(keyOf(request))
    },
    expire(nowMs) {
      for (const [key, expiresMs] of expiries) if (expiresMs <= nowMs) expiries.delete(key)
    },
  }
}

function keyOf({ tenantId, id, part }: CommittedRequest): string {
  return `${tenantId}/${id}/${part}`
}

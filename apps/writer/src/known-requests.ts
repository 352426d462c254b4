import type { CommittedRequest } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import type { RequestWindow } from '@millrace/fragment/batch-record'

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
  /** Forgets what expired before a stamp of intake. */
  expire(receivedMs: number): void
}

/**
 * How long ids are remembered, ms. `append`: intake repeats an append for about a second. `retry`: a client's retry without a key comes within minutes.
 * `keyed`: a client with a key may be down for a day.
 */
export const WINDOW_MS = { append: 60_000, retry: 10 * 60_000, keyed: 24 * 3_600_000 } as const satisfies Record<RequestWindow, number>

/** Ids of one tenant in one stream; beyond it the oldest of them are forgotten early, and no other tenant's. About 60 MB of a writer's heap. */
const MAX_TENANT_REQUESTS = 300_000
/** Ids of all tenants in one stream; beyond it the tenant with the most forgets its oldest. About 200 MB. */
const MAX_KNOWN_REQUESTS = 1_000_000
/** Finding a map's oldest entry walks over those deleted before it, so many go in one walk. */
const EVICTED_AT_ONCE = 10_000

export function createKnownRequests(): KnownRequests {
  const tenants = new Map<TenantId, Map<string, number>>()
  let size = 0

  const forgetOldest = (expiries: Map<string, number>): void => {
    let left = EVICTED_AT_ONCE
    for (const key of expiries.keys()) {
      if (left-- === 0) break
      expiries.delete(key)
      size--
    }
  }
  const largest = (): Map<string, number> => [...tenants.values()].reduce((most, expiries) => (expiries.size > most.size ? expiries : most))

  return {
    get size() {
      return size
    },
    add(request, receivedMs) {
      let expiries = tenants.get(request.tenantId)
      if (expiries === undefined) {
        expiries = new Map()
        tenants.set(request.tenantId, expiries)
      }
      const key = keyOf(request)
      if ((expiries.get(key) ?? 0) > receivedMs) return false
      if (!expiries.delete(key)) size++ // a key that is set again keeps its old place in the order
      expiries.set(key, request.expiresMs)
      if (expiries.size > MAX_TENANT_REQUESTS) forgetOldest(expiries)
      if (size > MAX_KNOWN_REQUESTS) forgetOldest(largest())
      return true
    },
    remove(request) {
      if (tenants.get(request.tenantId)?.delete(keyOf(request)) === true) size--
    },
    expire(receivedMs) {
      for (const [tenantId, expiries] of tenants) {
        for (const [key, expiresMs] of expiries) if (expiresMs <= receivedMs && expiries.delete(key)) size--
        if (expiries.size === 0) tenants.delete(tenantId)
      }
    },
  }
}

function keyOf({ id, part }: CommittedRequest): string {
  return `${id}/${part}`
}

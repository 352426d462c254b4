import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { Tenants } from './catalog.ts'
import { createRememberedLookup } from './remembered-lookup.ts'

/** Looks up how many days a tenant's events are kept, at most once in a while; goes on with what it knows while the catalog is down. */
export function createRetentions(catalog: Pick<Tenants, 'findTenant'>, clock: Clock): (tenantId: TenantId) => Promise<number> {
  return createRememberedLookup({
    clock, lookUp: async (tenantId) => (await catalog.findTenant(tenantId))?.retentionDays ?? DEFAULT_RETENTION_DAYS,
    freshMs: () => KNOWN_MS, mayServeStale: () => true, maxEntries: MAX_KNOWN_TENANTS,
  })
}

/** A tenant that was removed a moment ago, while its key is still cached. */
const DEFAULT_RETENTION_DAYS = 30
/** A change of the setting takes effect within it. */
const KNOWN_MS = 10_000
/** Forgets all when very many tenants pass. */
const MAX_KNOWN_TENANTS = 10_000

import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { Tenants } from './catalog.ts'

/** Looks up how many days a tenant's events are kept, at most once in a while. */
export function createRetentions(catalog: Tenants, clock: Clock): (tenantId: TenantId) => Promise<number> {
  const known = new Map<TenantId, { readonly days: number; readonly untilMs: number }>()
  return async (tenantId) => {
    const now = clock.monotonicMs()
    const entry = known.get(tenantId)
    if (entry !== undefined && entry.untilMs > now) return entry.days
    const tenant = await catalog.findTenant(tenantId)
    const days = tenant?.retentionDays ?? DEFAULT_RETENTION_DAYS
    if (known.size === MAX_KNOWN_TENANTS) known.clear()
    known.set(tenantId, { days, untilMs: now + KNOWN_MS })
    return days
  }
}

/** A tenant that was removed a moment ago, while its key is still cached. */
const DEFAULT_RETENTION_DAYS = 30
/** A change of the setting takes effect within it. */
const KNOWN_MS = 10_000
/** Forgets all when very many tenants pass. */
const MAX_KNOWN_TENANTS = 10_000

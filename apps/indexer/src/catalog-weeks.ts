import type { Tenant } from '@millrace/catalog/catalog'
import { NS_PER_DAY, NS_PER_MS, type EventKind, type TenantId } from '@millrace/event/event'

/** Some days of one tenant and kind, whose rows are read at once. */
export interface CatalogScope {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly fromDayNs: bigint
  /** Inclusive. */
  readonly toDayNs: bigint
}

/** Every day that a tenant may have rows of, newest first, week by week: a reader holds one week's rows at a time. */
export function* catalogWeeks(tenants: readonly Tenant[], nowMs: number): Generator<CatalogScope> {
  const nowNs = BigInt(Math.trunc(nowMs)) * NS_PER_MS
  const tomorrowNs = nowNs - (nowNs % NS_PER_DAY) + NS_PER_DAY
  for (const { tenantId, retentionDays } of tenants) {
    // A day more at each end: events may be of the future a little, and a day expires as a whole.
    const oldestNs = tomorrowNs - BigInt(retentionDays + 2) * NS_PER_DAY
    for (const kind of KINDS) {
      for (let toDayNs = tomorrowNs; toDayNs >= oldestNs; toDayNs -= WEEK_NS) yield { tenantId, kind, fromDayNs: toDayNs - WEEK_NS + NS_PER_DAY, toDayNs }
    }
  }
}

export const KINDS: readonly EventKind[] = ['log', 'metric', 'span', 'dead-letter']
const WEEK_NS = 7n * NS_PER_DAY

import type { Limits, Rate } from '@millrace/limits/limits'

/** Counts what tenants send and ask, and how much of it they may. */
export interface Quotas {
  readonly limits: Limits
  readonly rates: TenantRates
}

/** What one tenant may send and ask. Over it the answer is 429. */
export interface TenantRates {
  readonly requests: Rate
  /** Bytes of bodies as they travel. */
  readonly bytes: Rate
}

export function ratesOf({ tenantRequestsPerSecond, tenantBytesPerSecond }: { readonly tenantRequestsPerSecond: number; readonly tenantBytesPerSecond: number }): TenantRates {
  return { requests: { perSecond: tenantRequestsPerSecond, burst: tenantRequestsPerSecond * BURST_S }, bytes: { perSecond: tenantBytesPerSecond, burst: tenantBytesPerSecond * BURST_S } }
}

/** A tenant that was silent may send as much as this many seconds allow at once: an agent that was cut off catches up. */
const BURST_S = 5

import type { EventKind, TenantId } from '@millrace/event/event'

/**
 * A pack is one object in the fragment store that holds several encoded fragments back to back; the catalog
 * keeps its directory. The writer's packs hold the fresh fragments of many tenants of one partition; the indexer's hold sealed ones.
 */
export interface PackEntry {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly dayNs: bigint
  readonly rows: number
  /** First and last event time, ns since `dayNs`, inclusive. */
  readonly minTimeOffset: number
  readonly maxTimeOffset: number
  /** Bytes `[start, end)` of the object. */
  readonly start: number
  readonly end: number
}

import type { EventKind, TenantId } from '@millrace/event/event'

/**
 * One message on the topics `batches` and `routed`: what a tenant's coalesced requests brought, as encoded
 * fragments. The two topics share the layout; the router adds `sourceOffset` and may change the fragments, never the requests.
 */
export interface BatchRecord {
  readonly tenantId: TenantId
  /** Intake's clock when the first of its requests was read, ms since 1970. Ages request ids; orders nothing. */
  readonly receivedMs: number
  /** Offset of the record in `batches` that this one was routed from; undefined in `batches` itself. */
  readonly sourceOffset: number | undefined
  readonly requests: readonly BatchRequest[]
  /** May be empty: a request whose every event was refused still leaves its ids. */
  readonly fragments: readonly BatchFragment[]
  /**
   * Where the requests that somebody traces stand in their traces, {@link TRACE_POINT_BYTES} each, at most {@link MAX_RECORD_TRACES}. Absent when there are none: a
   * request that is not sampled costs nothing. For displays only; nothing is decided by it.
   */
  readonly traces?: readonly Uint8Array[]
}

/** One client request, or one part of a request that was too large for one record. */
export interface BatchRequest {
  /** 16 bytes. Unique with the tenant and `part`; see docs/design/exactly-once.md for where it comes from. */
  readonly id: Uint8Array
  readonly part: number
  /** Its rows in this batch as received: `[firstRow, firstRow + rows)`. */
  readonly firstRow: number
  readonly rows: number
  /** How long the id is remembered: `append` a minute, for intake's own repeated appends; `retry` 10 minutes; `keyed` 24 hours. */
  readonly window: RequestWindow
}

export type RequestWindow = 'append' | 'retry' | 'keyed'

export interface BatchFragment {
  readonly kind: EventKind
  /** Start of its UTC day, ns since 1970. */
  readonly dayNs: bigint
  readonly rows: number
  /** An encoded fragment. */
  readonly bytes: Uint8Array
  /** For how many days its events are kept; absent where that is the tenant's own retention. Only the router says so. */
  readonly retentionDays?: number
}

/** Below Kafka's default message limit of 1,048,576 bytes by its framing, and by room for the router to add attributes. */
export const MAX_INTAKE_RECORD_BYTES = 800_000

/** Trace id (16) and span id (8) of W3C Trace Context. The flags are left out: only what is sampled travels. */
export const TRACE_POINT_BYTES = 24
/** Of the thousands of requests that one record may hold; a few show where the time went. */
export const MAX_RECORD_TRACES = 8

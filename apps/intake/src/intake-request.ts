import type { RequestWindow } from '@millrace/fragment/batch-record'
import type { EventKind, TenantId } from '@millrace/event/event'
import type { Table } from '@millrace/fragment/table'

/** Decoded events of one client request on their way into a record: the whole request, one part of it, or its named documents of one partition. */
export interface IntakeRequest {
  readonly tenantId: TenantId
  readonly partition: number
  /** What the writer tells apart. Rows of none of them were refused. */
  readonly units: readonly RetryUnit[]
  /** Events as received, refused ones included: what `_row` of the tables counts from 0. */
  readonly rows: number
  readonly tables: readonly KindTable[]
  /** Bytes of the events as received, uncompressed. What the waiting room and coalescing count. */
  readonly sourceBytes: number
  /** When its first byte was read, ms since 1970. */
  readonly receivedMs: number
}

/** What is stored once however often it comes: (tenant, id, part). */
export interface RetryUnit {
  /** 16 bytes; see request-ids.ts. */
  readonly id: Uint8Array
  readonly part: number
  readonly window: RequestWindow
  /** Its rows `[firstRow, firstRow + rows)` of the request. */
  readonly firstRow: number
  readonly rows: number
}

/** Events of one kind and one UTC day, with the column `_row`. */
export interface KindTable {
  readonly kind: EventKind
  readonly table: Table
}

/** Where a durable request stands in the topic `batches`. */
export interface Placed {
  readonly partition: number
  readonly offset: number
}

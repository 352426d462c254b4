import type { EventKind, TenantId } from '@millrace/event/event'
import type { PackEntry } from './pack.ts'
import type { Table } from './table.ts'

/** One fragment of a pack, with the table it was encoded from. */
export interface PackPart {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly table: Table
  readonly bytes: Uint8Array
}

/** Lays encoded fragments back to back and tells where each stands. */
export function encodePack(parts: readonly PackPart[]): { readonly bytes: Uint8Array; readonly directory: readonly PackEntry[] } {
  let end = 0
  const directory = parts.map(({ tenantId, kind, table, bytes }): PackEntry => {
    const start = end
    end += bytes.length
    let minTimeOffset = Infinity
    let maxTimeOffset = -Infinity
    for (const offset of table.timeOffsets) {
      if (offset < minTimeOffset) minTimeOffset = offset
      if (offset > maxTimeOffset) maxTimeOffset = offset
    }
    return { tenantId, kind, dayNs: table.dayNs, rows: table.rows, minTimeOffset, maxTimeOffset, start, end }
  })
  return { bytes: Buffer.concat(parts.map((part) => part.bytes)), directory }
}

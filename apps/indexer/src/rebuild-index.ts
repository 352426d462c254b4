import type { SealedRow } from '@millrace/catalog/catalog'
import { withRetentionClasses } from '@millrace/catalog/retention-classes'
import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import { catalogWeeks } from './catalog-weeks.ts'
import { indexStoredRows, liveRows, unindexedRows, type IndexingOptions } from './index-stored-rows.ts'

export interface RebuildScope {
  /** Default: every tenant. */
  readonly tenants?: readonly TenantId[]
  /** Also rows that an index holds already. Default: false. */
  readonly all?: boolean
}

export interface RebuildCounts {
  /** Live sealed rows that were looked at. */
  readonly rows: number
  readonly indexed: number
  /** Could not be read, or were refused: they stay candidates of every search. */
  readonly left: number
}

/**
 * Makes the fragment index again from catalog and store. Every row that it has done is recorded, so that after an interruption the same call goes on where
 * it stood (with `all` it begins anew). Indexers may be at work meanwhile: a row that both index is indexed once. @throws what the ports throw.
 */
export async function rebuildIndex(options: IndexingOptions & { readonly clock: Clock }, { tenants, all = false }: RebuildScope = {}): Promise<RebuildCounts> {
  const { catalog, index, clock, log } = options
  const chosen = await withRetentionClasses(catalog, (await catalog.listTenants()).filter(({ tenantId }) => tenants === undefined || tenants.includes(tenantId)))
  const counts = { rows: 0, indexed: 0, left: 0 }
  for (const { tenantId, kind, fromDayNs, toDayNs } of catalogWeeks(chosen, clock.nowMs())) {
    const rows = await catalog.readSealed(tenantId, kind, fromDayNs, toDayNs)
    if (rows.length === 0) continue
    const wanted: readonly SealedRow[] = all ? liveRows(rows) : unindexedRows(rows, await index.uuids())
    const left = await indexStoredRows(options, wanted)
    counts.rows += liveRows(rows).length
    counts.indexed += wanted.length - left.length
    counts.left += left.length
    if (wanted.length > 0) log.info({ tenantId, kind, rows: wanted.length, left: left.length }, 'indexed a week')
    await clock.sleep(0)
  }
  return counts
}

import type { SealedRow } from '@millrace/catalog/catalog'
import { withRetentionClasses } from '@millrace/catalog/retention-classes'
import { NS_PER_DAY, NS_PER_MS } from '@millrace/event/event'
import { KINDS } from './catalog-weeks.ts'
import type { SealerOptions } from './sealer-options.ts'

/**
 * Removes the rows of days beyond each tenant's retention, and those that a merge has replaced for longer than `graceMs`; the sweep takes their bytes
 * later. Queries clip at the retention by themselves.
 */
export async function expireTenants({ catalog, index, clock, log }: Pick<SealerOptions, 'catalog' | 'index' | 'clock' | 'log'>, graceMs: number): Promise<void> {
  const nowNs = BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS
  const firstDayNs = (retentionDays: number): bigint => {
    const oldestNs = nowNs - BigInt(retentionDays) * NS_PER_DAY
    return oldestNs - (oldestNs % NS_PER_DAY)
  }
  const forgetIndexed = async (rows: readonly SealedRow[]): Promise<void> => {
    await index.remove(rows).catch((error: unknown) => {
      log.warn({ err: error, fragments: rows.length }, 'index entries of expired fragments stay')
    })
  }

  const tenants = await withRetentionClasses(catalog, await catalog.listTenants())
  // Of all tenants together: each request of the index costs it a refresh.
  const gone: SealedRow[] = []
  for (const { tenantId, retentionDays } of tenants) {
    await clock.sleep(0) // with many tenants others must get a turn
    for (const kind of KINDS) {
      const expired = [...(await catalog.expireSealed(tenantId, kind, firstDayNs(retentionDays))), ...(await catalog.forgetMerged(tenantId, kind, clock.nowMs() - graceMs))]
      if (expired.length === 0) continue
      log.info({ tenantId, kind, fragments: expired.length }, 'expired or merged away')
      gone.push(...expired)
    }
    if (gone.length >= MAX_GONE) await forgetIndexed(gone.splice(0))
  }
  if (gone.length > 0) await forgetIndexed(gone)

  if (tenants.length === 0) return
  await index.removeBefore(firstDayNs(Math.max(...tenants.map(({ retentionDays }) => retentionDays)))).catch((error: unknown) => {
    log.warn({ err: error }, 'index entries of days that no tenant keeps stay')
  })
}

/** Rows in memory at once; one tenant's may be more. */
const MAX_GONE = 4_096

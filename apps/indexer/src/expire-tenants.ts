import { NS_PER_DAY, NS_PER_MS, type EventKind } from '@millrace/event/event'
import type { SealerOptions } from './sealer-options.ts'

/**
 * Removes the rows of days beyond each tenant's retention, and those that a merge has replaced for longer than `graceMs`; the sweep takes their bytes
 * later. Queries clip at the retention by themselves.
 */
export async function expireTenants({ catalog, index, clock, log }: Pick<SealerOptions, 'catalog' | 'index' | 'clock' | 'log'>, graceMs: number): Promise<void> {
  const nowNs = BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS
  for (const { tenantId, retentionDays } of await catalog.listTenants()) {
    await clock.sleep(0) // with many tenants others must get a turn
    const oldestNs = nowNs - BigInt(retentionDays) * NS_PER_DAY
    for (const kind of KINDS) {
      const expired = [...(await catalog.expireSealed(tenantId, kind, oldestNs - (oldestNs % NS_PER_DAY))), ...(await catalog.forgetMerged(tenantId, kind, clock.nowMs() - graceMs))]
      if (expired.length === 0) continue
      log.info({ tenantId, kind, fragments: expired.length }, 'expired or merged away')
      await index.remove(tenantId, expired.map(({ rowId }) => rowId)).catch((error: unknown) => {
        log.warn({ err: error, tenantId }, 'index entries of expired fragments stay')
      })
    }
  }
}

const KINDS: readonly EventKind[] = ['log', 'metric', 'span', 'dead-letter']

import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import { SettingConflictError, type Setting, type Settings, type Tenant } from './catalog.ts'
import { createRememberedLookup } from './remembered-lookup.ts'

// Events that a tenant keeps for fewer days than the others lie in fragments of their own, beside its other ones: catalog, store and index have them as those of a tenant whose name tells the
// days. So they are packed, sealed, merged, indexed and expired by the same code, and a reader of the tenant reads all of them.

/** By how many days, fewer than the tenant's own. A reader reads the catalog once for each. */
export const MAX_RETENTION_CLASSES = 4

/** Under which tenant the catalog has events that are kept for so many days; undefined days are the tenant's own. */
export function tenantOfClass(tenantId: TenantId, days: number | undefined): TenantId {
  return days === undefined ? tenantId : `${tenantId}~${days}`
}

export interface RetentionClass {
  readonly days: number
  /** From when events may be put in it, ms since 1970: every reader knows it then. */
  readonly fromMs: number
}

/** The classes that the tenant has, or had: their events may still be there. */
export async function readRetentionClasses(settings: Settings, tenantId: TenantId): Promise<readonly RetentionClass[]> {
  return classesOf(await settings.readSetting(tenantId, NAME))
}

function classesOf(setting: Setting | undefined): readonly RetentionClass[] {
  return setting === undefined ? [] : (JSON.parse(setting.value) as { readonly classes: readonly RetentionClass[] }).classes
}

/**
 * Makes classes known to readers, which must be before an event is routed to one. They stay for ever, as their events may.
 *
 * @throws {TooManyClassesError} @throws {OutcomeUnknownError}
 */
export async function addRetentionClasses(settings: Settings, tenantId: TenantId, days: readonly number[], nowMs: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const setting = await settings.readSetting(tenantId, NAME)
    const known = classesOf(setting)
    const added = [...new Set(days)].filter((each) => !known.some((known) => known.days === each))
    if (added.length === 0) return
    const classes = [...known, ...added.map((each): RetentionClass => ({ days: each, fromMs: nowMs + CLASS_DELAY_MS }))]
    if (classes.length > MAX_RETENTION_CLASSES) throw new TooManyClassesError(`a tenant has at most ${MAX_RETENTION_CLASSES} retention classes, those it once had included: ${classes.map((each) => each.days).join(', ')} days`)
    try {
      await settings.writeSetting(tenantId, NAME, JSON.stringify({ classes }), setting?.version ?? 0)
      return
    } catch (error) {
      if (!(error instanceof SettingConflictError) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** A tenant cannot have another class. */
export class TooManyClassesError extends Error {
  override readonly name = 'TooManyClassesError'
  readonly code = 'TOO_MANY_CLASSES'
  readonly retryable = false
}

/** Tenants with their classes, each as a tenant with a retention of its own. */
export async function withRetentionClasses(settings: Settings, tenants: readonly Tenant[]): Promise<readonly Tenant[]> {
  const all: Tenant[] = []
  for (const tenant of tenants) {
    all.push(tenant)
    for (const { days } of await readRetentionClasses(settings, tenant.tenantId)) all.push({ ...tenant, tenantId: tenantOfClass(tenant.tenantId, days), retentionDays: Math.min(days, tenant.retentionDays) })
  }
  return all
}

/** Looks up under which tenants the catalog has a tenant's events. A class that is added is known within {@link CLASSES_KNOWN_MS}. */
export function createTenantsOf(settings: Settings, clock: Clock): (tenantId: TenantId) => Promise<readonly TenantId[]> {
  return createRememberedLookup({
    clock, lookUp: async (tenantId) => [tenantId, ...(await readRetentionClasses(settings, tenantId)).map(({ days }) => tenantOfClass(tenantId, days))],
    freshMs: () => CLASSES_KNOWN_MS, mayServeStale: () => false, maxEntries: MAX_KNOWN_TENANTS,
  })
}

const NAME = 'retention-classes'
const MAX_ATTEMPTS = 5
const CLASSES_KNOWN_MS = 5_000
/** From when a class was made known until events may be put in it: readers know it then, whatever their clocks' skew. */
export const CLASS_DELAY_MS = 4 * CLASSES_KNOWN_MS
const MAX_KNOWN_TENANTS = 10_000

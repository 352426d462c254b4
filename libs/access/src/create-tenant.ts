import { TenantExistsError, type Tenant, type Tenants } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import type { Random } from '@millrace/runtime/random'
import { createKey, type KeyMaker } from './keys.ts'

export interface NewTenant {
  readonly name: string
  readonly retentionDays?: number
  /** The text of its first key; a random one unless given. */
  readonly apiKey?: string
}

/** Events are kept this long unless the tenant says otherwise. */
export const DEFAULT_RETENTION_DAYS = 30
/** Ten years: beyond it a number is a mistake. */
export const MAX_RETENTION_DAYS = 3650

/** Makes a tenant with one key that may send and ask. Answers the key's text, which is kept nowhere. */
export async function createTenant(maker: KeyMaker, { name, retentionDays = DEFAULT_RETENTION_DAYS, apiKey }: NewTenant): Promise<Tenant & { readonly apiKey: string }> {
  const tenant = await insertTenant(maker.tenants, maker.random, name, retentionDays)
  const { text } = await createKey(maker, { tenantId: tenant.tenantId, scopes: ['ingest', 'query'], name: FIRST_KEY_NAME }, apiKey)
  return { ...tenant, apiKey: text }
}

/** Of the key that a tenant is made with. */
const FIRST_KEY_NAME = 'first'

/** The id is the name where it may be one and is free, else the name with a random end. */
async function insertTenant(tenants: Tenants, random: Random, name: string, retentionDays: number): Promise<Tenant> {
  const stem: TenantId = name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, MAX_STEM_LENGTH) || 'tenant'
  for (const tenantId of [stem, `${stem}-${random.text(8)}`]) {
    const tenant = { tenantId, name, retentionDays }
    try {
      await tenants.createTenant(tenant)
      return tenant
    } catch (error) {
      if (!(error instanceof TenantExistsError)) throw error
    }
  }
  throw new TenantExistsError(`no free id for the name ${name}`)
}

/** A tenant's id has at most 40 characters; nine are left for a random end. */
const MAX_STEM_LENGTH = 31

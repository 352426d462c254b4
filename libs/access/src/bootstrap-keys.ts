import { TenantExistsError, type Catalog } from '@millrace/catalog/catalog'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import { DEFAULT_RETENTION_DAYS } from './create-tenant.ts'
import { hashOfKey } from './hash-of-key.ts'
import { createKey, newKey, type NewKey } from './keys.ts'

/** Texts of the keys that this start knows; undefined where an earlier start has made one, which only its owner has. */
export interface BootstrapKeys {
  readonly apiKey: string | undefined
  readonly adminKey: string | undefined
}

/** Makes the first tenant and its keys: those given, at every start, also when they were revoked meanwhile; random ones when the catalog is new. */
export async function bootstrapKeys(
  catalog: Catalog,
  { random, clock }: { readonly random: Random; readonly clock: Clock },
  { bootstrapApiKey, bootstrapAdminKey }: { readonly bootstrapApiKey?: string | undefined; readonly bootstrapAdminKey?: string | undefined },
): Promise<BootstrapKeys> {
  const isNew = (await catalog.listTenants()).length === 0
  const apiKey = bootstrapApiKey ?? (isNew ? newKey(random) : undefined)
  const adminKey = bootstrapAdminKey ?? (isNew ? newKey(random) : undefined)
  // Keys first: a start that is cut off before the tenant is there begins anew as the first.
  const put = async (text: string, key: NewKey): Promise<void> => {
    const found = await catalog.findKey(hashOfKey(text))
    // Left as it is, with the day when it was made, unless it was another's.
    if (found?.tenantId !== key.tenantId || found?.scopes.join() !== key.scopes.join()) await createKey({ tenants: catalog, random, clock }, key, text)
  }
  if (adminKey !== undefined) await put(adminKey, { tenantId: undefined, scopes: ['admin'], name: FIRST_KEYS_NAME })
  if (apiKey !== undefined) await put(apiKey, { tenantId: FIRST_TENANT, scopes: ['ingest', 'query'], name: FIRST_KEYS_NAME })
  try {
    await catalog.createTenant({ tenantId: FIRST_TENANT, name: FIRST_TENANT, retentionDays: DEFAULT_RETENTION_DAYS })
  } catch (error) {
    if (!(error instanceof TenantExistsError)) throw error
  }
  return { apiKey, adminKey }
}

/** Of the keys that a start has made, or was given. */
const FIRST_KEYS_NAME = 'start'
/** Whose id and name it is. */
export const FIRST_TENANT = 'default'

import { TenantExistsError, type Catalog } from '@millrace/catalog/catalog'
import type { Random } from '@millrace/runtime/random'
import { hashOfKey } from './hash-of-key.ts'
import { DEFAULT_RETENTION_DAYS, newKey } from './create-tenant.ts'

/** Texts of the keys that this start knows; undefined where an earlier start has made one, which only its owner has. */
export interface BootstrapKeys {
  readonly apiKey: string | undefined
  readonly adminKey: string | undefined
}

/** Makes the first tenant and its keys: those given, at every start; random ones when the catalog is new. */
export async function bootstrapKeys(
  catalog: Catalog,
  random: Random,
  { bootstrapApiKey, bootstrapAdminKey }: { readonly bootstrapApiKey?: string | undefined; readonly bootstrapAdminKey?: string | undefined },
): Promise<BootstrapKeys> {
  const isNew = (await catalog.listTenants()).length === 0
  const apiKey = bootstrapApiKey ?? (isNew ? newKey(random) : undefined)
  const adminKey = bootstrapAdminKey ?? (isNew ? newKey(random) : undefined)
  // Keys first: a start that is cut off before the tenant is there begins anew as the first.
  if (adminKey !== undefined) await catalog.putKey({ hash: hashOfKey(adminKey), tenantId: undefined, scopes: ['admin'] })
  if (apiKey !== undefined) await catalog.putKey({ hash: hashOfKey(apiKey), tenantId: FIRST_TENANT, scopes: ['ingest', 'query'] })
  try {
    await catalog.createTenant({ tenantId: FIRST_TENANT, name: FIRST_TENANT, retentionDays: DEFAULT_RETENTION_DAYS })
  } catch (error) {
    if (!(error instanceof TenantExistsError)) throw error
  }
  return { apiKey, adminKey }
}

/** Whose id and name it is. */
export const FIRST_TENANT = 'default'

import type { Catalog } from './catalog.ts'
import type { SqliteCatalogOptions } from './sqlite-catalog.ts'

export type CatalogConfig = { readonly kind: 'sqlite' } & SqliteCatalogOptions

/** Opens the catalog that the configuration names; loads no other adapter. @throws {CatalogUnavailableError} */
export async function openCatalog(config: CatalogConfig): Promise<Catalog> {
  const { openSqliteCatalog } = await import('./sqlite-catalog.ts')
  return await openSqliteCatalog(config)
}

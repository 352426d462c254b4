import type { CassandraCatalogOptions } from './cassandra-catalog.ts'
import type { Catalog } from './catalog.ts'
import type { SqliteCatalogOptions } from './sqlite-catalog.ts'

export type { CassandraCatalogOptions } from './cassandra-catalog.ts'
export type CatalogConfig = ({ readonly kind: 'sqlite' } & SqliteCatalogOptions) | ({ readonly kind: 'cassandra' } & CassandraCatalogOptions)

/** Opens the catalog that the configuration names; loads no other adapter. @throws {CatalogUnavailableError} */
export async function openCatalog(config: CatalogConfig): Promise<Catalog> {
  if (config.kind === 'sqlite') {
    const { openSqliteCatalog } = await import('./sqlite-catalog.ts')
    return await openSqliteCatalog(config)
  }
  const { openCassandraCatalog } = await import('./cassandra-catalog.ts')
  return await openCassandraCatalog(config)
}

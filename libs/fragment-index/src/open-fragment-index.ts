import type { ElasticsearchFragmentIndexOptions } from './elasticsearch-fragment-index.ts'
import type { FragmentIndex } from './fragment-index.ts'
import type { SqliteFragmentIndexOptions } from './sqlite-fragment-index.ts'

export type { ElasticsearchFragmentIndexOptions }

export type FragmentIndexConfig = ({ readonly kind: 'sqlite' } & SqliteFragmentIndexOptions) | ({ readonly kind: 'elasticsearch' } & ElasticsearchFragmentIndexOptions)

/** Opens the index that the configuration names; loads no other adapter. @throws {IndexUnavailableError} */
export async function openFragmentIndex(config: FragmentIndexConfig): Promise<FragmentIndex> {
  if (config.kind === 'elasticsearch') {
    const { openElasticsearchFragmentIndex } = await import('./elasticsearch-fragment-index.ts')
    return await openElasticsearchFragmentIndex(config)
  }
  const { openSqliteFragmentIndex } = await import('./sqlite-fragment-index.ts')
  return await openSqliteFragmentIndex(config)
}

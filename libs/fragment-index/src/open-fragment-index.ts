import type { FragmentIndex } from './fragment-index.ts'
import type { SqliteFragmentIndexOptions } from './sqlite-fragment-index.ts'

export type FragmentIndexConfig = { readonly kind: 'sqlite' } & SqliteFragmentIndexOptions

/** Opens the index that the configuration names; loads no other adapter. @throws {IndexUnavailableError} */
export async function openFragmentIndex(config: FragmentIndexConfig): Promise<FragmentIndex> {
  const { openSqliteFragmentIndex } = await import('./sqlite-fragment-index.ts')
  return await openSqliteFragmentIndex(config)
}

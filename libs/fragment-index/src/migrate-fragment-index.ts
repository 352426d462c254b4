import { IndexUnavailableError } from './fragment-index.ts'
import type { MigrateElasticsearchOptions } from './elasticsearch-migration.ts'

export type { MigrateElasticsearchOptions }

/**
 * Prepares a cluster for the fragment index: puts the index template, which gives every index its mapping and keeps anyone from making one by a mere
 * write. Idempotent, and safe from two places at once: both put the same. @throws {IndexUnavailableError}
 */
export async function migrateFragmentIndex(options: MigrateElasticsearchOptions): Promise<void> {
  try {
    const { migrateElasticsearch } = await import('./elasticsearch-migration.ts')
    await migrateElasticsearch(options)
  } catch (cause) {
    throw new IndexUnavailableError('the index template could not be put', { cause })
  }
}

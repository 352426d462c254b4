import type { Catalog } from '@millrace/catalog/catalog'
import { readLiveFragments, type LiveFragment, type LiveFragments } from '@millrace/catalog/live-fragments'
import type { TenantId } from '@millrace/event/event'
import { IndexUnavailableError, type FragmentIndex } from '@millrace/fragment-index/fragment-index'
import type { Question } from './query-engine.ts'
import { requiredWords } from './required-words.ts'

/**
 * Finds the fragments that may hold matching events, each event once.
 *
 * @param tenantIds under which the catalog has the tenant's events. @throws what the catalog throws.
 */
export async function planQuery(catalog: Catalog, index: FragmentIndex, question: Question, tenantIds: readonly TenantId[]): Promise<LiveFragments> {
  const { fragments, positions } = await readLiveFragments(catalog, { ...question, tenantIds })
  const ofTenants = await Promise.all(tenantIds.map(async (tenantId) => await pruneByIndex(index, { ...question, tenantId }, fragments.filter((fragment) => fragment.tenantId === tenantId))))
  return { positions, fragments: ofTenants.flat() }
}

/** A fragment is left out only where an index that is known to hold it has answered in full and not named it; while there is no answer, none is. */
async function pruneByIndex(index: FragmentIndex, { tenantId, kind, fromNs, toNs, filter }: Question, fragments: readonly LiveFragment[]): Promise<readonly LiveFragment[]> {
  const words = requiredWords(filter)
  if (words.length === 0 || !fragments.some(({ sealed }) => sealed?.indexed !== undefined)) return fragments
  try {
    const { rowIds, indexes } = await index.find({ tenantId, kind, fromNs, toNs, words })
    return fragments.filter(({ sealed }) => sealed?.indexed === undefined || !indexes.has(sealed.indexed) || rowIds.has(sealed.rowId))
  } catch (error) {
    if (error instanceof IndexUnavailableError) return fragments
    throw error
  }
}

import type { Catalog } from '@millrace/catalog/catalog'
import { readLiveFragments, type LiveFragment, type LiveFragments } from '@millrace/catalog/live-fragments'
import { IndexUnavailableError, type FragmentIndex } from '@millrace/fragment-index/fragment-index'
import type { Question } from './query-engine.ts'
import { requiredWords } from './required-words.ts'

/** Finds the fragments that may hold matching events, each event once. @throws what the catalog throws. */
export async function planQuery(catalog: Catalog, index: FragmentIndex, question: Question): Promise<LiveFragments> {
  const { fragments, positions } = await readLiveFragments(catalog, question)
  return { positions, fragments: await pruneByIndex(index, question, fragments) }
}

/** A fragment that the index does not hold is always kept, and so are all while the index is unavailable. */
async function pruneByIndex(index: FragmentIndex, { tenantId, kind, fromNs, toNs, filter }: Question, fragments: readonly LiveFragment[]): Promise<readonly LiveFragment[]> {
  const words = requiredWords(filter)
  const isIndexed = ({ sealed }: LiveFragment): boolean => sealed?.indexed === index.uuid
  if (words.length === 0 || !fragments.some(isIndexed)) return fragments
  try {
    const found = await index.find({ tenantId, kind, fromNs, toNs, words })
    return fragments.filter((fragment) => !isIndexed(fragment) || found.has(fragment.sealed?.rowId ?? ''))
  } catch (error) {
    if (error instanceof IndexUnavailableError) return fragments
    throw error
  }
}

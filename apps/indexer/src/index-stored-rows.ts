import type { SealedRow } from '@millrace/catalog/catalog'
import { defineJob } from '@millrace/runtime/workers'
import { putRows, type IndexedRow } from './index-rows.ts'
import { readFragmentBytes } from './seal-entries.ts'
import type { SealerOptions } from './sealer-options.ts'

export type IndexingOptions = Pick<SealerOptions, 'catalog' | 'store' | 'index' | 'workers' | 'log'>

/**
 * Indexes rows that were sealed before, from their bytes. Answers those that stay unindexed: a fragment that cannot be read, or a document that was
 * refused. Holds the bytes of one fragment and the words of {@link ROWS_PER_PUT} at a time. @throws what catalog and index throw.
 */
export async function indexStoredRows(options: IndexingOptions, rows: readonly SealedRow[]): Promise<readonly SealedRow[]> {
  const left: SealedRow[] = []
  for (let first = 0; first < rows.length; first += ROWS_PER_PUT) {
    const ready: IndexedRow[] = []
    for (const row of rows.slice(first, first + ROWS_PER_PUT)) {
      const read = await readWords(options, row)
      if (read === undefined) left.push(row)
      else ready.push(read)
    }
    left.push(...(await putRows(options, ready)))
  }
  return left
}

/** Rows that no index of `uuids` holds. Inputs of merges are left out: they are gone in minutes. @param rows all of some days. */
export function unindexedRows(rows: readonly SealedRow[], uuids: ReadonlySet<string>): readonly SealedRow[] {
  return liveRows(rows).filter(({ indexed }) => indexed === undefined || !uuids.has(indexed))
}

/** Rows that no other replaces. @param rows all of some days. */
export function liveRows(rows: readonly SealedRow[]): readonly SealedRow[] {
  const replaced = new Set(rows.flatMap(({ inputs }) => inputs))
  return rows.filter(({ rowId }) => !replaced.has(rowId))
}

/** One request of the index: some 16 × 20,000 words at most. */
const ROWS_PER_PUT = 16

/** Undefined when its fragment is missing, damaged or out of reach, whatever the error: one that cannot be read must not keep the others from being indexed. */
async function readWords({ store, workers, log }: IndexingOptions, row: SealedRow): Promise<IndexedRow | undefined> {
  try {
    return { row, words: await workers.run(FRAGMENT_WORDS, await readFragmentBytes(store, row.object, row.start, row.end)) }
  } catch (error) {
    log.warn({ err: error, tenantId: row.tenantId, object: row.object }, 'a fragment cannot be read and stays without an index entry')
    return undefined
  }
}

const FRAGMENT_WORDS = defineJob<Uint8Array, readonly string[] | undefined>(import.meta.resolve('./fragment-words.ts'), 'fragmentWords')

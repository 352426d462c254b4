import type { SealedRow } from '@millrace/catalog/catalog'
import type { FragmentDocument } from '@millrace/fragment-index/fragment-index'
import type { SealerOptions } from './sealer-options.ts'

/** A sealed row, and the words of its messages; undefined when they are too many to be of use. */
export interface IndexedRow {
  readonly row: SealedRow
  readonly words: readonly string[] | undefined
}

/** Makes sealed rows findable. What fails here stays a candidate of every search, so it is logged and left. */
export async function indexRows({ catalog, index, log }: Pick<SealerOptions, 'catalog' | 'index' | 'log'>, rows: readonly IndexedRow[]): Promise<void> {
  if (rows.length === 0) return
  try {
    await index.put(rows.map(documentOf))
    await catalog.markIndexed(rows.map(({ row }) => ({ ...row, indexed: index.uuid })))
  } catch (error) {
    log.warn({ err: error, rows: rows.length }, 'sealed fragments stay without an index entry')
  }
}

function documentOf({ row, words }: IndexedRow): FragmentDocument {
  const { tenantId, kind, rowId, dayNs, minTimeOffset, maxTimeOffset } = row
  return { tenantId, kind, rowId, minTimeNs: dayNs + BigInt(minTimeOffset), maxTimeNs: dayNs + BigInt(maxTimeOffset), words }
}

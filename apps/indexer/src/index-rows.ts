import type { SealedRow } from '@millrace/catalog/catalog'
import type { FragmentDocument } from '@millrace/fragment-index/fragment-index'
import type { SealerOptions } from './sealer-options.ts'

/** A sealed row, and the words of its messages; undefined when they are too many to be of use. */
export interface IndexedRow {
  readonly row: SealedRow
  readonly words: readonly string[] | undefined
}

/** Makes sealed rows findable. What fails here stays a candidate of every search until it is caught up with, so it is logged, answered, and never thrown. */
export async function indexRows(options: Pick<SealerOptions, 'catalog' | 'index' | 'log'>, rows: readonly IndexedRow[]): Promise<readonly SealedRow[]> {
  if (rows.length === 0) return []
  try {
    return await putRows(options, rows)
  } catch (error) {
    options.log.warn({ err: error, rows: rows.length }, 'sealed fragments stay without an index entry')
    return rows.map(({ row }) => row)
  }
}

/** Puts rows into the index and records in the catalog which index holds each; answers those that it refused. @throws what the ports throw. */
export async function putRows({ catalog, index }: Pick<SealerOptions, 'catalog' | 'index'>, rows: readonly IndexedRow[]): Promise<readonly SealedRow[]> {
  const uuids = await index.put(rows.map(documentOf))
  const placed = rows.map(({ row }, i) => ({ ...row, indexed: uuids[i] }))
  const held = placed.filter(({ indexed }) => indexed !== undefined)
  if (held.length > 0) await catalog.markIndexed(held)
  return placed.filter(({ indexed }) => indexed === undefined)
}

function documentOf({ row, words }: IndexedRow): FragmentDocument {
  const { tenantId, kind, dayNs, rowId, minTimeOffset, maxTimeOffset } = row
  return { tenantId, kind, dayNs, rowId, minTimeNs: dayNs + BigInt(minTimeOffset), maxTimeNs: dayNs + BigInt(maxTimeOffset), words }
}

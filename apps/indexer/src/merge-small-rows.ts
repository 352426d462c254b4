import { FencedError, type SealedRow, type SealPosition } from '@millrace/catalog/catalog'
import type { EventKind, TenantId } from '@millrace/event/event'
import type { PackSource } from '@millrace/fragment/build-pack'
import { MAX_MERGE_CELLS } from '@millrace/fragment/merge-groups'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { MAX_TABLE_ROWS } from '@millrace/fragment/table'
import { indexRows } from './index-rows.ts'
import { readFragmentBytes, storeMerged } from './seal-entries.ts'
import type { SealerOptions } from './sealer-options.ts'

export interface MergeScope {
  readonly stream: string
  readonly position: SealPosition
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly dayNs: bigint
  /** Rows that were found too wide to be merged; grows. */
  readonly wide: Set<string>
}

/** Replaces many small sealed fragments of one tenant, kind and day by one larger, while there are many. Answers what it has made and could not index. */
export async function mergeSmallRows(options: SealerOptions, scope: MergeScope): Promise<readonly SealedRow[]> {
  const { catalog, store, log } = options
  const rows = await catalog.readSealed(scope.tenantId, scope.kind, scope.dayNs, scope.dayNs)
  const replaced = new Set(rows.flatMap(({ inputs }) => inputs))
  const small = rows
    .filter((row) => row.stream === scope.stream && row.dayNs === scope.dayNs && row.rows < SMALL_ROWS && row.end - row.start < MAX_MERGE_BYTES / MIN_MERGE_ROWS && !replaced.has(row.rowId) && !scope.wide.has(row.rowId))
    .sort((a, b) => a.minTimeOffset - b.minTimeOffset)
  if (small.length < MIN_MERGE_ROWS) return []

  const inputs: SealedRow[] = []
  const sources: PackSource[] = []
  const names = new Set<string>()
  let events = 0
  let bytes = 0
  for (const row of small) {
    const source = await readFragmentBytes(store, row.object, row.start, row.end)
    for (const { name, type } of openFragmentBytes(source).header.columns) names.add(`${type} ${name}`)
    events += row.rows
    bytes += source.length
    if (events > MAX_TABLE_ROWS || bytes > MAX_MERGE_BYTES || events * names.size > MAX_MERGE_CELLS) break
    inputs.push(row)
    sources.push({ tenantId: scope.tenantId, kind: scope.kind, bytes: source })
  }
  if (inputs.length < MIN_MERGE_ROWS / 2) {
    // So wide that few fit together: merging them would copy much to gain little, at every seal again.
    for (const { rowId } of small.slice(0, inputs.length + 1)) scope.wide.add(rowId)
    return []
  }
  const [stored, ...others] = await storeMerged(options, { stream: scope.stream, kind: 'merged', epoch: scope.position.epoch, sequence: scope.position.sequence }, sources)
  // Very wide fragments come out in several pieces again: then there is nothing to be gained, and the sweep takes the object.
  if (stored === undefined || others.length > 0) return []
  const merged: SealedRow = { ...stored.row, inputs: inputs.map(({ rowId }) => rowId), inputTags: [highestTag(inputs)] }
  try {
    await catalog.mergeSealed(merged)
  } catch (error) {
    if (!(error instanceof FencedError)) throw error
    log.info({ stream: scope.stream }, 'an input of a merge is gone')
    return []
  }
  return await indexRows(options, [{ row: merged, words: stored.words }])
}

/** Encoded bytes of one merge: its result is one object far below the store's limit, and one worker's memory. */
const MAX_MERGE_BYTES = 12 * 1024 * 1024
/** Below half a fragment a row is worth merging. */
const SMALL_ROWS = MAX_TABLE_ROWS / 2
/** Each event is merged about log8 times on its way to a full fragment, and a planner meets few small ones. */
const MIN_MERGE_ROWS = 8

/** All inputs are of one stream, so the highest sequence is the last one named. */
function highestTag(rows: readonly SealedRow[]): SealedRow['inputTags'][number] {
  const tags = rows.flatMap(({ stream, epoch, sequence, inputTags }) => (inputTags.length > 0 ? inputTags : [{ stream, epoch, sequence }]))
  return tags.reduce((highest, tag) => (tag.sequence > highest.sequence ? tag : highest))
}

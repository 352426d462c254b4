import { FencedError, type SealedRow, type SealPosition } from '@millrace/catalog/catalog'
import type { EventKind, TenantId } from '@millrace/event/event'
import type { PackSource } from '@millrace/fragment/build-pack'
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
}

/** Replaces many small sealed fragments of one tenant, kind and day by one larger, while there are many. */
export async function mergeSmallRows(options: SealerOptions, scope: MergeScope): Promise<void> {
  const { catalog, store, log } = options
  const rows = await catalog.readSealed(scope.tenantId, scope.kind, scope.dayNs, scope.dayNs)
  const replaced = new Set(rows.flatMap(({ inputs }) => inputs))
  const small = rows
    .filter((row) => row.stream === scope.stream && row.dayNs === scope.dayNs && row.rows < SMALL_ROWS && !replaced.has(row.rowId))
    .sort((a, b) => a.minTimeOffset - b.minTimeOffset)
  if (small.length < MIN_MERGE_ROWS) return

  const inputs: SealedRow[] = []
  let events = 0
  for (const row of small) {
    if (events + row.rows > MAX_TABLE_ROWS) break
    events += row.rows
    inputs.push(row)
  }
  if (inputs.length < 2) return
  const sources: PackSource[] = []
  for (const { object, start, end } of inputs) sources.push({ tenantId: scope.tenantId, kind: scope.kind, bytes: await readFragmentBytes(store, object, start, end) })
  const [stored, ...others] = await storeMerged(options, { stream: scope.stream, kind: 'merged', epoch: scope.position.epoch, sequence: scope.position.sequence }, sources)
  // Very wide fragments come out in several pieces again: then there is nothing to be gained, and the sweep takes the object.
  if (stored === undefined || others.length > 0) return
  const merged: SealedRow = { ...stored.row, inputs: inputs.map(({ rowId }) => rowId), inputTags: [highestTag(inputs)] }
  try {
    await catalog.mergeSealed(merged)
  } catch (error) {
    if (!(error instanceof FencedError)) throw error
    log.info({ stream: scope.stream }, 'an input of a merge is gone')
    return
  }
  await indexRows(options, [{ row: merged, words: stored.words }])
}

/** Below half a fragment a row is worth merging. */
const SMALL_ROWS = MAX_TABLE_ROWS / 2
/** Each event is merged about log8 times on its way to a full fragment, and a planner meets few small ones. */
const MIN_MERGE_ROWS = 8

/** All inputs are of one stream, so the highest sequence is the last one named. */
function highestTag(rows: readonly SealedRow[]): SealedRow['inputTags'][number] {
  const tags = rows.flatMap(({ stream, epoch, sequence, inputTags }) => (inputTags.length > 0 ? inputTags : [{ stream, epoch, sequence }]))
  return tags.reduce((highest, tag) => (tag.sequence > highest.sequence ? tag : highest))
}

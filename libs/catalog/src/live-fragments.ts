import type { EventKind, TenantId } from '@millrace/event/event'
import { NS_PER_DAY } from '@millrace/event/event'
import { CatalogUnavailableError, type Catalog, type CommitPosition, type FragmentRow, type SealedRow } from './catalog.ts'

/** A fragment that a reader must look at: its object, its byte range, and the stream whose ids its rows carry. */
export interface LiveFragment extends FragmentRow {
  readonly object: string
  /** Undefined for packs of the writer. */
  readonly sealed: SealedRow | undefined
}

export interface LiveFragments {
  readonly fragments: readonly LiveFragment[]
  /** How far each stream was committed when it was read: everything below `nextSourceOffset` is in `fragments`. */
  readonly positions: ReadonlyMap<string, CommitPosition>
}

/**
 * Finds every fragment of a tenant and kind that may hold events in `[fromNs, toNs)`: each event once, none missed.
 *
 * Seal positions are read first, sealed rows after, commit entries last. A row sealed in between belongs to a later tag than
 * the position that was read and is left out; its packs are still named by commit entries.
 */
export async function readLiveFragments(catalog: Catalog, wanted: WantedFragments): Promise<LiveFragments> {
  for (let attempt = 1; ; attempt++) {
    const live = await readOnce(catalog, wanted)
    if (live !== undefined) return live
    if (attempt === MAX_ATTEMPTS) throw new CatalogUnavailableError('commit entries are trimmed faster than they can be read')
  }
}

export interface WantedFragments {
  readonly tenantId: TenantId
  /** The tenant's retention classes are tenants of their own here; only the tenant itself by default. */
  readonly tenantIds?: readonly TenantId[]
  readonly kind: EventKind
  readonly fromNs: bigint
  /** Exclusive. */
  readonly toNs: bigint
  readonly streams: readonly string[]
}

/** Entries go minutes after they were sealed, so one slow reading may meet a gap, but hardly two. */
const MAX_ATTEMPTS = 3

/** Undefined when an entry was trimmed that is sealed only after the position that was read. */
async function readOnce(catalog: Catalog, { tenantId, tenantIds = [tenantId], kind, fromNs, toNs, streams }: WantedFragments): Promise<LiveFragments | undefined> {
  const seals = new Map(await Promise.all(streams.map(async (stream) => [stream, await catalog.readSealPosition(stream)] as const)))
  const isWanted = (row: FragmentRow): boolean =>
    tenantIds.includes(row.tenantId) && row.kind === kind && row.dayNs + BigInt(row.maxTimeOffset) >= fromNs && row.dayNs + BigInt(row.minTimeOffset) < toNs

  const rows = (await Promise.all(tenantIds.map(async (each) => await catalog.readSealed(each, kind, fromNs - (fromNs % NS_PER_DAY), toNs)))).flat()
  const isNamed = (tag: { readonly stream: string; readonly sequence: number }): boolean => tag.sequence <= (seals.get(tag.stream)?.sequence ?? 0)
  const usable = rows.filter((row) => (row.inputs.length === 0 ? isNamed(row) : row.inputTags.every(isNamed)))
  const replaced = new Set(usable.flatMap((row) => row.inputs))
  const fragments: LiveFragment[] = usable
    .filter((row) => !replaced.has(row.rowId) && isWanted(row))
    .map((row) => ({ ...row, sealed: row }))

  const positions = new Map<string, CommitPosition>()
  for (const stream of streams) {
    let last = seals.get(stream)?.throughCommit ?? 0
    const position = await catalog.readPosition(stream)
    positions.set(stream, position)
    while (last < position.sequence) {
      const entries = await catalog.readEntries(stream, last, ENTRIES_PER_READ)
      if (entries.length === 0) return undefined
      for (const entry of entries) {
        if (entry.sequence !== last + 1) return undefined
        last = entry.sequence
        if (entry.pack === undefined) continue
        for (const row of entry.directory) if (isWanted(row)) fragments.push({ ...row, object: entry.pack, sealed: undefined })
      }
    }
  }
  return { fragments, positions }
}

/** Bounds one answer of the catalog; a stream rarely has more unsealed entries. */
const ENTRIES_PER_READ = 256

import type { EventKind, TenantId } from '@millrace/event/event'
import { encodeFragment, type EncodeOptions } from './encode-fragment.ts'
import { FragmentCorruptError } from './fragment.ts'
import { groupForMerge } from './merge-groups.ts'
import { mergeTables, splitTable, type MergeInput } from './merge-tables.ts'
import { messageWords } from './message-words.ts'
import { encodePack, type PackPart } from './pack-codec.ts'
import type { PackEntry } from './pack.ts'
import { decodeFragment, openFragmentBytes } from './read-fragment.ts'
import { MAX_TABLE_ROWS, type Column } from './table.ts'
import type { Tokens } from './tokens.ts'

/**
 * Merges encoded fragments into one pack with as few fragments per tenant, kind and day as possible. Pure and without waiting:
 * takes seconds of one core for a million events, so that apps run it in a worker.
 *
 * A damaged input is told in `unreadable` and nothing of it is in the pack; the others are merged as if it were not there.
 */
export function buildPack({ inputs, purpose }: PackOrder): BuiltPack {
  const parts: PackPart[] = []
  const words: (readonly string[] | undefined)[] = []
  const unreadable: { index: number; reason: string }[] = []
  for (const group of groupSources(inputs, unreadable).values()) {
    // Decoded group by group, so that only one tenant's day is in memory as tables.
    const tables: MergeInput[] = []
    for (const { index, source } of group) {
      const table = readable(index, unreadable, () => decodeFragment(source.bytes))
      if (table !== undefined) tables.push({ ...source, table })
    }
    const [first] = group
    if (first === undefined) continue
    const { tenantId, kind } = first.source
    for (const run of groupForMerge(tables, MAX_RUN_ROWS[purpose])) {
      for (const table of splitTable(mergeTables(run), MAX_TABLE_ROWS)) {
        const tokensOf = new Map<Column, Tokens>()
        parts.push({ tenantId, kind, table, bytes: encodeFragment(table, { purpose, tokensOf }) })
        if (purpose === 'sealed') words.push(messageWords(table, MAX_ENTRY_WORDS, tokensOf))
      }
    }
  }
  unreadable.sort((a, b) => a.index - b.index)
  return { ...encodePack(parts), words, unreadable }
}

/** Some encoded fragments to be merged by tenant, kind and day into one pack. */
export interface PackOrder {
  readonly inputs: readonly PackSource[]
  /** `fresh`: cheap to write, read for seconds. `sealed`: packs best, read for weeks. */
  readonly purpose: EncodeOptions['purpose']
}

export interface PackSource {
  readonly tenantId: TenantId
  readonly kind: EventKind
  /** One encoded fragment. */
  readonly bytes: Uint8Array
  /** Where its batch stands in `batches`, while its events do not say so themselves. */
  readonly origin?: { readonly stream: string; readonly offset: number }
  /** Rows to leave out, by `_row`: what a repeated request brought. */
  readonly dropRows?: readonly { readonly firstRow: number; readonly rows: number }[]
}

export interface BuiltPack {
  /** Fragments back to back; empty when no row was left. */
  readonly bytes: Uint8Array
  readonly directory: readonly PackEntry[]
  /** Per directory entry: the lower-case words of its messages, for the fragment index; undefined when there are more than are useful. Empty for `fresh`. */
  readonly words: readonly (readonly string[] | undefined)[]
  /** Inputs that are damaged and were left out. */
  readonly unreadable: readonly { readonly index: number; readonly reason: string }[]
}

/** Rows merged at once before the result is cut into fragments: sorted over a longer time, each sealed fragment covers less of it. */
const MAX_RUN_ROWS = { fresh: MAX_TABLE_ROWS, sealed: 4 * MAX_TABLE_ROWS }
/** Beyond it words are no longer selective, and the index's document would outgrow its use. The fragment index has the same limit. */
const MAX_ENTRY_WORDS = 20_000

interface IndexedSource {
  readonly index: number
  readonly source: PackSource
}

/** By tenant, kind and day, in the order of first appearance. */
function groupSources(inputs: readonly PackSource[], unreadable: { index: number; reason: string }[]): ReadonlyMap<string, readonly IndexedSource[]> {
  const groups = new Map<string, IndexedSource[]>()
  inputs.forEach((source, index) => {
    const header = readable(index, unreadable, () => openFragmentBytes(source.bytes).header)
    if (header === undefined) return
    const key = `${source.tenantId} ${source.kind} ${header.dayNs}`
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push({ index, source })
  })
  return groups
}

function readable<T>(index: number, unreadable: { index: number; reason: string }[], read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof FragmentCorruptError)) throw error
    unreadable.push({ index, reason: error.message })
    return undefined
  }
}

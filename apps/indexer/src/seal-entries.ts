import type { CommitEntry, SealedRow, SealPosition } from '@millrace/catalog/catalog'
import { objectKeyText, parseObjectKey, StoreUnavailableError, type FragmentStore, type ObjectKey } from '@millrace/fragment-store/fragment-store'
import { FragmentCorruptError } from '@millrace/fragment/fragment'
import type { BuiltPack, PackOrder, PackSource } from '@millrace/fragment/build-pack'
import { defineJob } from '@millrace/runtime/workers'
import type { IndexedRow } from './index-rows.ts'
import type { SealerOptions } from './sealer-options.ts'

/**
 * Merges the packs of some commit entries into sealed fragments by tenant, kind and day, all in one object, and names them by the tag `seal`.
 * Bytes are durable first, then the rows, then the name: a crash leaves only what nothing names.
 *
 * @throws what the ports throw; the stream must then be claimed again. @throws {FragmentCorruptError} a pack that was acknowledged is damaged: it is never left out.
 */
export async function sealEntries(options: SealerOptions, stream: string, seal: SealPosition, entries: readonly CommitEntry[]): Promise<readonly IndexedRow[]> {
  const { catalog, store } = options
  const inputs: PackSource[] = []
  for (const { pack, directory } of entries) {
    if (pack === undefined) continue
    for (const { tenantId, kind, start, end } of directory) inputs.push({ tenantId, kind, bytes: await readFragmentBytes(store, pack, start, end) })
  }
  const rows = await storeMerged(options, { stream, kind: 'sealed', epoch: seal.epoch, sequence: seal.sequence }, inputs)
  if (rows.length > 0) await catalog.putSealed(rows.map(({ row }) => row))
  await catalog.nameSeal(stream, seal)
  return rows
}

/** Merges fragments and stores the result as one object; answers its rows, not yet in the catalog, with what the index needs of each. */
export async function storeMerged({ store, random, workers }: Pick<SealerOptions, 'store' | 'random' | 'workers'>, name: Omit<ObjectKey, 'attempt'>, inputs: readonly PackSource[]): Promise<readonly IndexedRow[]> {
  if (inputs.length === 0) return []
  const { bytes, directory, words, unreadable } = await workers.run(BUILD_PACK, { inputs, purpose: 'sealed' })
  const [damaged] = unreadable
  if (damaged !== undefined) throw new FragmentCorruptError(`a fragment of ${name.stream} cannot be merged: ${damaged.reason}`)
  if (directory.length === 0) return []
  const key: ObjectKey = { ...name, attempt: random.text(12) }
  await store.put(key, bytes)
  const { stream, epoch, sequence } = name
  return directory.map((entry, index) => ({
    row: { ...entry, rowId: random.text(16), object: objectKeyText(key), stream, epoch, sequence, inputs: [], inputTags: [], indexed: undefined } satisfies SealedRow,
    words: words[index],
  }))
}

/** The bytes of one fragment that the catalog names. @throws {StoreUnavailableError} also when its object is not there. */
export async function readFragmentBytes(store: FragmentStore, object: string, start: number, end: number): Promise<Uint8Array> {
  const bytes = await store.read(parseObjectKey(object), start, end)
  if (bytes === undefined) throw new StoreUnavailableError(`object ${object} is named but not stored`)
  return bytes
}

const BUILD_PACK = defineJob<PackOrder, BuiltPack>(import.meta.resolve('@millrace/fragment/build-pack'), 'buildPack')

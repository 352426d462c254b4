import type { SealPosition } from '@millrace/catalog/catalog'
import { objectKeyText, type ObjectKey } from '@millrace/fragment-store/fragment-store'
import { GRACE_MS, type SealerOptions } from './sealer-options.ts'

/** Removes objects that nothing names and nothing can name any more. */
export interface Sweep {
  run(position: SealPosition): Promise<void>
}

/**
 * An object goes when it was found unnamed twice, at least {@link GRACE_MS} apart on this process's own clock: readers that still know it from before have ended by then.
 * Keys at or above the log's position are left alone: their commit or seal may be on its way.
 */
export function createSweep({ catalog, store, clock, log }: Pick<SealerOptions, 'catalog' | 'store' | 'clock' | 'log'>, stream: string): Sweep {
  const unnamedSinceMs = new Map<string, number>()
  return {
    async run(seal) {
      const { sequence } = await catalog.readPosition(stream)
      const packs = await namedPacks(catalog, stream, seal.throughCommit)
      const isNamed = async (key: ObjectKey, text: string): Promise<boolean> => {
        if (key.kind === 'pack') return key.sequence > sequence || packs.has(text)
        return key.sequence > seal.sequence || (await catalog.isObjectNamed(text))
      }
      const seen = new Set<string>()
      let removed = 0
      for await (const key of store.list(stream)) {
        const text = objectKeyText(key)
        if (await isNamed(key, text)) continue
        seen.add(text)
        const since = unnamedSinceMs.get(text)
        if (since === undefined) unnamedSinceMs.set(text, clock.monotonicMs())
        else if (clock.monotonicMs() - since > GRACE_MS) {
          await store.remove(key)
          removed += 1
        }
      }
      for (const text of unnamedSinceMs.keys()) if (!seen.has(text)) unnamedSinceMs.delete(text)
      if (removed > 0) log.info({ stream, removed }, 'swept')
    },
  }
}

/** Packs of entries that are not sealed. */
async function namedPacks(catalog: SealerOptions['catalog'], stream: string, throughCommit: number): Promise<ReadonlySet<string>> {
  const packs = new Set<string>()
  for (let last = throughCommit; ;) {
    const entries = await catalog.readEntries(stream, last, ENTRIES_PER_READ)
    for (const { pack, sequence } of entries) {
      last = sequence
      if (pack !== undefined) packs.add(pack)
    }
    if (entries.length < ENTRIES_PER_READ) return packs
  }
}

/** Bounds one answer of the catalog. */
const ENTRIES_PER_READ = 256

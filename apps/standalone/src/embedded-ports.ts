import type { Bus } from '@millrace/bus/bus'
import { openBus } from '@millrace/bus/open-bus'
import { splitBus } from '@millrace/bus/split-bus'
import type { Catalog } from '@millrace/catalog/catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import type { FragmentIndex } from '@millrace/fragment-index/fragment-index'
import { openFragmentIndex } from '@millrace/fragment-index/open-fragment-index'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import { openFragmentStore } from '@millrace/fragment-store/open-fragment-store'
import { systemDisk } from '@millrace/runtime/system-disk'
import type { Runtime } from './runtime.ts'

/** What both threads of the process open over the same folder, each for itself. */
export interface ReadingPorts {
  readonly catalog: Catalog
  readonly store: FragmentStore
  readonly index: FragmentIndex
}

/**
 * Opens the ports that queries need. The process's first thread must have opened its own before, as the owner.
 * SQLite always works on the machine's own disk, in `dataFolder`.
 */
export async function openReadingPorts(resources: AsyncDisposableStack, dataFolder: string, { disk, clock, random, failpoints }: Pick<Runtime, 'disk' | 'clock' | 'random' | 'failpoints'>, role: 'owner' | 'reader'): Promise<ReadingPorts> {
  return {
    catalog: resources.use(await openCatalog({ kind: 'sqlite', root: `${dataFolder}/catalog`, disk: systemDisk, clock, failpoints })),
    store: resources.use(await openFragmentStore({ kind: 'disk', root: `${dataFolder}/objects`, disk, role })),
    index: resources.use(await openFragmentIndex({ kind: 'sqlite', root: `${dataFolder}/index`, disk: systemDisk, clock, random })),
  }
}

/** @param deadLetters the topic of dead letters, which is never trimmed and so has a log of its own. */
export async function openEmbeddedBus(resources: AsyncDisposableStack, dataFolder: string, { disk, clock, log }: Runtime, deadLetters: string): Promise<Bus> {
  const onTornTail = (bytes: number): void => {
    log.warn({ bytes }, 'the log ended in a record that was never acknowledged, which was cut off')
  }
  const main = resources.use(await openBus({ kind: 'embedded', root: `${dataFolder}/bus`, disk, clock, onTornTail }))
  const other = resources.use(await openBus({ kind: 'embedded', root: `${dataFolder}/dead-letters`, disk, clock, onTornTail }))
  return splitBus(main, deadLetters, other)
}

import type { Failpoints } from '@millrace/runtime/failpoints'
import type { Catalog } from './catalog.ts'

/**
 * A catalog in front of a remote one that can let the process end at its worst moments: `inside-commit` once an entry is named and before the writer knows,
 * `inside-sealing` once rows are put and before they are named. Closing it closes the other.
 */
export function withFailpoints(catalog: Catalog, failpoints: Failpoints): Catalog {
  return Object.assign(Object.create(catalog) as Catalog, {
    async commit(...[stream, entry]: Parameters<Catalog['commit']>) {
      await catalog.commit(stream, entry)
      failpoints.hit('inside-commit')
    },
    async nameSeal(...[stream, seal]: Parameters<Catalog['nameSeal']>) {
      failpoints.hit('inside-sealing')
      await catalog.nameSeal(stream, seal)
    },
  })
}

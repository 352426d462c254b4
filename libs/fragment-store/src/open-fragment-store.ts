import type { CassandraFragmentStoreOptions } from './cassandra-fragment-store.ts'
import type { DiskFragmentStoreOptions } from './disk-fragment-store.ts'
import type { FragmentStore } from './fragment-store.ts'

export type FragmentStoreConfig = ({ readonly kind: 'disk' } & DiskFragmentStoreOptions) | ({ readonly kind: 'cassandra' } & CassandraFragmentStoreOptions)

/** Opens the store that the configuration names; loads no other adapter. @throws {StoreUnavailableError} */
export async function openFragmentStore(config: FragmentStoreConfig): Promise<FragmentStore> {
  if (config.kind === 'disk') {
    const { openDiskFragmentStore } = await import('./disk-fragment-store.ts')
    return await openDiskFragmentStore(config)
  }
  const { openCassandraFragmentStore } = await import('./cassandra-fragment-store.ts')
  return await openCassandraFragmentStore(config)
}

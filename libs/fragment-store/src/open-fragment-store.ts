import type { DiskFragmentStoreOptions } from './disk-fragment-store.ts'
import type { FragmentStore } from './fragment-store.ts'

export type FragmentStoreConfig = { readonly kind: 'disk' } & DiskFragmentStoreOptions

/** Opens the store that the configuration names; loads no other adapter. @throws {StoreUnavailableError} */
export async function openFragmentStore(config: FragmentStoreConfig): Promise<FragmentStore> {
  const { openDiskFragmentStore } = await import('./disk-fragment-store.ts')
  return await openDiskFragmentStore(config)
}

import type { Bus } from './bus.ts'
import type { EmbeddedBusOptions } from './embedded-bus.ts'

export type BusConfig = { readonly kind: 'embedded' } & EmbeddedBusOptions

/** Opens the bus that the configuration names; loads no other adapter. @throws {BusCorruptError} */
export async function openBus(config: BusConfig): Promise<Bus> {
  const { openEmbeddedBus } = await import('./embedded-bus.ts')
  return await openEmbeddedBus(config)
}

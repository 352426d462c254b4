import type { Bus } from './bus.ts'
import type { EmbeddedBusOptions } from './embedded-bus.ts'
import type { KafkaBusOptions } from './kafka-bus.ts'

export type BusConfig = ({ readonly kind: 'embedded' } & EmbeddedBusOptions) | ({ readonly kind: 'kafka' } & KafkaBusOptions)

/** Opens the bus that the configuration names; loads no other adapter. @throws {BusCorruptError} */
export async function openBus(config: BusConfig): Promise<Bus> {
  switch (config.kind) {
    case 'embedded': {
      const { openEmbeddedBus } = await import('./embedded-bus.ts')
      return await openEmbeddedBus(config)
    }
    case 'kafka': {
      const { openKafkaBus } = await import('./kafka-bus.ts')
      return await openKafkaBus(config)
    }
  }
}

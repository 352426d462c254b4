import type { Bus } from '@millrace/bus/bus'
import type { Catalog } from '@millrace/catalog/catalog'
import type { ReadyCheck } from '@millrace/http/health'

/** The bus answers where a topic ends. */
export function busCheck(bus: Bus, topic: string): ReadyCheck {
  return { name: 'bus', problem: async () => ((await bus.endOffset(topic, 0)) >= 0 ? undefined : 'no end') }
}

/** The catalog answers, and `millrace migrate` has run. */
export function catalogCheck(catalog: Catalog): ReadyCheck {
  return { name: 'catalog', problem: async () => ((await catalog.currentGeneration()) === undefined ? 'no generation' : undefined) }
}

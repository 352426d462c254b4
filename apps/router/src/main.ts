import { runService } from '@millrace/service/run-service'
import { routeBatches } from './route-batches.ts'
import { createRouterMetrics } from './router-metrics.ts'

/** router: makes one record of `routed` out of each record of `batches` on its partitions. */
await runService('router', async ({ engines, ...runtime }) => {
  const catalog = await engines.openCatalog()
  const topics = await engines.openTopics(catalog)
  const bus = await engines.openBus()
  const tail = await engines.openTail()
  return {
    checks: [
      { name: 'bus', problem: async () => ((await bus.endOffset(topics.batches, 0)) >= 0 ? undefined : 'no end') },
      { name: 'catalog', problem: async () => ((await catalog.currentGeneration()) === undefined ? 'no generation' : undefined) },
    ],
    work: async (signal) => await routeBatches({ ...runtime, bus, catalog, topics, tail, metrics: createRouterMetrics(runtime.registry) }, signal),
  }
})

import { busCheck, catalogCheck } from '@millrace/service/ready-checks'
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
    checks: [busCheck(bus, topics.batches), catalogCheck(catalog)],
    work: async (signal) => await routeBatches({ ...runtime, bus, catalog, topics, tail, metrics: createRouterMetrics(runtime.registry) }, signal),
  }
})

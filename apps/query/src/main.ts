import { openServiceThread } from '@millrace/runtime/service-thread'
import { catalogCheck } from '@millrace/service/ready-checks'
import { runService } from '@millrace/service/run-service'
import { createQueryRoutes } from './create-query-routes.ts'
import { createFrontier } from './frontier.ts'
import { createThreadedEngine } from './threaded-engine.ts'
import { watchLag } from './watch-lag.ts'

/** Decoded columns are mostly outside the heap; more heap than this means a query that should not be answered. */
const QUERY_HEAP_MB = 2048

/** query: answers questions over what Cassandra holds, and says how far its answers reach. */
await runService('query', async ({ settings, engines, resources, ...runtime }) => {
  const catalog = await engines.openCatalog()
  const topics = await engines.openTopics(catalog)
  const receiptSecret = await engines.openReceiptSecret(catalog)
  const bus = await engines.openBus()
  const tail = await engines.openTail()
  const engine = resources.use(createThreadedEngine(await openServiceThread({ module: import.meta.resolve('./engine-thread.ts'), data: settings, maxHeapMb: QUERY_HEAP_MB })))
  const frontier = createFrontier()
  return {
    checks: [catalogCheck(catalog)],
    tenants: catalog,
    quotas: await engines.openQuotas({ byDefault: false }),
    routes: createQueryRoutes({ ...runtime, bus, catalog, engine, topics, receiptSecret, frontier, tail }),
    work: async (signal) => {
      await Promise.all([frontier.sampleForever({ ...runtime, bus, topics }, signal), watchLag({ ...runtime, frontier, catalog, topics }, signal)])
      await tail[Symbol.asyncDispose]() // ends the streams, which would otherwise hold up the end for as long as a drain may take
    },
  }
})

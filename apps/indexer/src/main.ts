import { availableParallelism } from 'node:os'
import { openSystemWorkers } from '@millrace/runtime/system-workers'
import { busCheck, catalogCheck } from '@millrace/service/ready-checks'
import { runService } from '@millrace/service/run-service'
import { createIndexerMetrics } from './indexer-metrics.ts'
import { sealPacks } from './seal-packs.ts'

/** indexer: turns the packs of its partitions into big sealed fragments, makes those findable, and takes away what nothing names any more. */
await runService('indexer', async ({ engines, resources, ...runtime }) => {
  const catalog = await engines.openCatalog()
  const topics = await engines.openTopics(catalog)
  const store = await engines.openStore()
  const index = await engines.openIndex()
  const bus = await engines.openBus()
  const workers = resources.use(openSystemWorkers({ threads: Math.max(1, availableParallelism() - 1) }))
  return {
    // Without Elasticsearch sealing goes on, and what is sealed is indexed later.
    checks: [busCheck(bus, topics.commits), catalogCheck(catalog)],
    work: async (signal) => await sealPacks({ ...runtime, bus, catalog, store, index, topics, workers, metrics: createIndexerMetrics(runtime.registry, runtime.clock) }, signal),
  }
})

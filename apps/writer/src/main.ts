import { busCheck, catalogCheck } from '@millrace/service/ready-checks'
import { runService } from '@millrace/service/run-service'
import { openSystemWorkers } from '@millrace/runtime/system-workers'
import { writePacks } from './write-packs.ts'
import { createWriterMetrics } from './writer-metrics.ts'

/** A flush of a partition takes some ten milliseconds, twice a second: a second thread is for bursts. */
const FLUSH_THREADS = 2

/** writer: packs what was routed on its partitions, stores each pack, then commits pack, offsets and request ids in one step. */
await runService('writer', async ({ engines, resources, ...runtime }) => {
  const catalog = await engines.openCatalog()
  const topics = await engines.openTopics(catalog)
  const store = await engines.openStore()
  const bus = await engines.openBus()
  const workers = resources.use(openSystemWorkers({ threads: FLUSH_THREADS }))
  return {
    checks: [busCheck(bus, topics.routed), catalogCheck(catalog)],
    work: async (signal) => await writePacks({ ...runtime, bus, catalog, store, topics, workers, metrics: createWriterMetrics(runtime.registry) }, signal),
  }
})

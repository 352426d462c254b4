import { openQueryEngine } from '@millrace/query-engine/open-query-engine'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { serveInThread } from '@millrace/runtime/service-thread'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createEngines } from '@millrace/service/engines'
import type { ServiceSettings } from '@millrace/service/settings'
import { createLog } from '@millrace/telemetry/log'
import { engineMethods } from './threaded-engine.ts'

/** One scans while the other waits some milliseconds for Cassandra. */
const CONCURRENT_SCANS = 2
/** A row of an object in Cassandra: less of it costs as much. */
const READ_BLOCK_BYTES = 256 * 1024

// The query thread: an engine with connections and caches of its own.
await serveInThread(async (settings: ServiceSettings) => {
  const resources = new AsyncDisposableStack()
  const log = createLog(settings.logLevel).child({ service: 'query', thread: 'engine' })
  const engines = createEngines(resources, settings, { name: 'query-engine', clock: systemClock, random: systemRandom, log, failpoints: noFailpoints, signal: new AbortController().signal })
  const engine = resources.use(openQueryEngine({ catalog: await engines.openCatalog(), store: await engines.openStore(), index: await engines.openIndex(), cache: await engines.openCache(), clock: systemClock, concurrentScans: CONCURRENT_SCANS, readBlockBytes: READ_BLOCK_BYTES }))
  return { methods: engineMethods(engine), close: async () => await resources.disposeAsync() }
})

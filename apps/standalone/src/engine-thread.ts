import { openCache } from '@millrace/cache/open-cache'
import { openQueryEngine } from '@millrace/query-engine/open-query-engine'
import { engineMethods } from '@millrace/query/threaded-engine'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { serveInThread } from '@millrace/runtime/service-thread'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { openReadingPorts } from './embedded-ports.ts'

/** What the thread is given. */
export interface EngineThreadData {
  readonly dataFolder: string
}

// The query thread: an engine with connections and caches of its own, over the same folder.
await serveInThread(async ({ dataFolder }: EngineThreadData) => {
  const resources = new AsyncDisposableStack()
  const ports = await openReadingPorts(resources, dataFolder, { disk: systemDisk, clock: systemClock, random: systemRandom, failpoints: noFailpoints }, 'reader')
  const engine = resources.use(openQueryEngine({ ...ports, cache: resources.use(await openCache({ kind: 'process', clock: systemClock })), clock: systemClock }))
  return { methods: engineMethods(engine), close: async () => await resources.disposeAsync() }
})

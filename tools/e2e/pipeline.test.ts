import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openBus } from '@millrace/bus/open-bus'
import type { Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { openFragmentIndex } from '@millrace/fragment-index/open-fragment-index'
import { openFragmentStore } from '@millrace/fragment-store/open-fragment-store'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { createEngines } from '@millrace/service/engines'
import { migrate } from '@millrace/service/migrate'
import { readServiceSettings, type ServiceSettings } from '@millrace/service/settings'
import { addressOf, describeOnAll } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { engineEnvironment } from '../service-set/engine-addresses.ts'
import { describePipeline } from './describe-pipeline.ts'

/** Some tables, one after the other. */
const MIGRATE_TIMEOUT_MS = 120_000

describePipeline('the embedded ports', async (topics) => {
  const folder = await mkdtemp(join(tmpdir(), 'pipeline-'))
  const resources = new AsyncDisposableStack()
  resources.defer(async () => await rm(folder, { recursive: true }))
  const bus = resources.use(await openBus({ kind: 'embedded', root: `${folder}/bus`, disk: systemDisk, clock: systemClock }))
  const catalog = resources.use(await openCatalog({ kind: 'sqlite', root: `${folder}/catalog`, disk: systemDisk, clock: systemClock, failpoints: noFailpoints }))
  const store = resources.use(await openFragmentStore({ kind: 'disk', root: `${folder}/objects`, disk: systemDisk, role: 'owner' }))
  const index = resources.use(await openFragmentIndex({ kind: 'sqlite', root: `${folder}/index`, disk: systemDisk, clock: systemClock, random: systemRandom }))
  await createTopics(bus, topics)
  return { bus, catalog, store, index, [Symbol.asyncDispose]: async () => await resources.disposeAsync() }
})

describeOnAll('distributed', () => {
  const options = { name: 'test', clock: systemClock, random: systemRandom, log: createLog('silent'), failpoints: noFailpoints, signal: new AbortController().signal }
  let settings: ServiceSettings
  beforeAll(async () => {
    const name = `t${systemRandom.text(10)}`
    settings = readServiceSettings({
      ...engineEnvironment({ kafka: addressOf('kafka'), cassandra: addressOf('cassandra'), elasticsearch: addressOf('elasticsearch'), redis: addressOf('redis') }),
      MILLRACE_CASSANDRA_KEYSPACE: name, MILLRACE_ELASTICSEARCH_PREFIX: name, MILLRACE_PARTITIONS: '1',
    })
    await migrate(settings, options)
  }, MIGRATE_TIMEOUT_MS)

  describePipeline('Kafka, Cassandra and Elasticsearch', async (topics) => {
    const resources = new AsyncDisposableStack()
    const engines = createEngines(resources, settings, options)
    const ports = { bus: await engines.openBus(), catalog: await engines.openCatalog(), store: await engines.openStore(), index: await engines.openIndex() }
    await createTopics(ports.bus, topics)
    return { ...ports, [Symbol.asyncDispose]: async () => await resources.disposeAsync() }
  })
})

async function createTopics(bus: Bus, topics: Topics): Promise<void> {
  for (const topic of [topics.batches, topics.routed, topics.commits, topics.deadLetters]) await bus.createTopic(topic, { partitions: topics.partitions })
}

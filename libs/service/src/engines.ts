import { ratesOf, type Quotas } from '@millrace/access/quotas'
import { openBus } from '@millrace/bus/open-bus'
import type { Bus } from '@millrace/bus/bus'
import { topicsOf, type Topics } from '@millrace/bus/topics'
import type { Cache } from '@millrace/cache/cache'
import { openCache } from '@millrace/cache/open-cache'
import { CatalogUnavailableError, type Catalog } from '@millrace/catalog/catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { withFailpoints } from '@millrace/catalog/with-failpoints'
import type { FragmentIndex } from '@millrace/fragment-index/fragment-index'
import { openFragmentIndex } from '@millrace/fragment-index/open-fragment-index'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import { openFragmentStore } from '@millrace/fragment-store/open-fragment-store'
import { openLimits } from '@millrace/limits/open-limits'
import type { Clock } from '@millrace/runtime/clock'
import type { Failpoints } from '@millrace/runtime/failpoints'
import type { Random } from '@millrace/runtime/random'
import { openTail } from '@millrace/tail/open-tail'
import type { Tail } from '@millrace/tail/tail'
import type { Log } from '@millrace/telemetry/log'
import { assertLogReachesCommits } from './assert-log-reaches-commits.ts'
import { cassandraOptions, elasticsearchOptions, kafkaOptions, redisOptions } from './engine-options.ts'
import { openPatiently } from './open-patiently.ts'
import type { ServiceSettings } from './settings.ts'

/** The ports over the engines that the settings name. Each is opened once it is there and closed with the service. */
export interface Engines {
  openBus(): Promise<Bus>
  openCatalog(): Promise<Catalog>
  openStore(): Promise<FragmentStore>
  openIndex(): Promise<FragmentIndex>
  openCache(): Promise<Cache>
  openTail(): Promise<Tail>
  /** Undefined where the settings leave counting to another service. */
  openQuotas(options: { readonly byDefault: boolean }): Promise<Quotas | undefined>
  /** Of the generation that `millrace migrate` has made; waits for it. */
  openTopics(catalog: Catalog): Promise<Topics>
  /** Waits for Kafka and refuses a log that is shorter than what was committed. @throws {BusCorruptError} */
  checkLog(bus: Bus, catalog: Catalog, topics: Topics): Promise<void>
  /** What receipts are signed with. */
  openReceiptSecret(catalog: Catalog): Promise<string>
}

export interface EnginesOptions {
  /** Of the service, for the engines' own logs and displays. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly failpoints: Failpoints
  /** Ends waiting for an engine. */
  readonly signal: AbortSignal
}

export function createEngines(resources: AsyncDisposableStack, settings: ServiceSettings, options: EnginesOptions): Engines {
  const { random, failpoints } = options
  const open = async <T extends AsyncDisposable>(what: string, opening: () => Promise<T>): Promise<T> => resources.use(await openPatiently(what, options, opening))
  return {
    openBus: async () => await open('Kafka', async () => await openBus({ kind: 'kafka', ...kafkaOptions(settings, options) })),
    openCatalog: async () => await open('the catalog in Cassandra', async () => withFailpoints(await openCatalog({ kind: 'cassandra', ...cassandraOptions(settings, options) }), failpoints)),
    openStore: async () => await open('the objects in Cassandra', async () => await openFragmentStore({ kind: 'cassandra', ...cassandraOptions(settings, options) })),
    openIndex: async () => await open('Elasticsearch', async () => await openFragmentIndex({ kind: 'elasticsearch', ...elasticsearchOptions(settings, options) })),
    openCache: async () => await open('Redis', async () => await openCache({ kind: 'redis', ...redisOptions(settings, options) })),
    openTail: async () => await open('Redis', async () => await openTail({ kind: 'redis', ...redisOptions(settings, options) })),
    openQuotas: async ({ byDefault }) => {
      if (!(settings.enforceQuotas ?? byDefault)) return undefined
      const limits = await open('Redis', async () => await openLimits({ kind: 'redis', ...redisOptions(settings, options) }))
      return { limits, rates: ratesOf(settings) }
    },
    openTopics: async (catalog) => await openPatiently('millrace migrate', options, async () => {
      const generation = await catalog.currentGeneration()
      if (generation === undefined) throw new CatalogUnavailableError('there are no topics yet: run millrace migrate')
      return topicsOf(generation)
    }),
    checkLog: async (bus, catalog, topics) => {
      await openPatiently('Kafka', options, async () => {
        await assertLogReachesCommits(bus, catalog, topics)
      })
    },
    openReceiptSecret: async (catalog) => await openPatiently('the catalog in Cassandra', options, async () => await catalog.openSecret('receipt', random.text(RECEIPT_SECRET_LENGTH))),
  }
}

/** 165 random bits. */
const RECEIPT_SECRET_LENGTH = 32

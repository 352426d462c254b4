import { errors, type Client } from '@elastic/elasticsearch'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import { indexSchema, type IndexNames, type IndexSizing } from './elasticsearch-index-schema.ts'
import type { IndexWindow } from './index-window.ts'

/** An index that exists, or existed when the directory was read. */
export interface KnownIndex {
  readonly name: string
  /** What all reads and writes go through. */
  readonly alias: string
  readonly uuid: string
  readonly window: IndexWindow
}

export interface IndexDirectoryOptions extends IndexSizing {
  readonly client: Client
  readonly names: IndexNames
  readonly clock: Clock
  readonly random: Random
}

/**
 * Which indices there are, and who each of them is.
 *
 * An index's name comes again after its loss, so it is no identity; and its own UUID is told only beside a search or a write, never by it: between the
 * two the index may be another one. So whoever makes an index makes, in the same step, an alias of a random name for it. All reads and writes go through
 * that alias: it is gone with the index, and none that is made anew has it. That is why this list may be old without harm: what it names wrongly does
 * not answer. Only a snapshot brings an alias back, with older documents, but as an index with another UUID of its own; so both together are the identity.
 */
export class IndexDirectory {
  readonly #options: IndexDirectoryOptions
  #known: ReadonlyMap<string, KnownIndex> = new Map()
  #readMs = -Infinity

  constructor(options: IndexDirectoryOptions) {
    this.#options = options
  }

  /** Indices by name, read again when the list is old. @throws what the driver throws. */
  async list(limitMs: number): Promise<ReadonlyMap<string, KnownIndex>> {
    return this.#options.clock.monotonicMs() - this.#readMs > MAX_LIST_AGE_MS ? await this.read(limitMs) : this.#known
  }

  /** Reads the list now. @throws what the driver throws. */
  async read(limitMs: number): Promise<ReadonlyMap<string, KnownIndex>> {
    const { client, names, clock } = this.#options
    const readMs = clock.monotonicMs()
    const answer = await client.indices.get({ index: names.pattern, features: ['aliases', 'settings'], expand_wildcards: 'open', filter_path: LIST_PARTS }, { requestTimeout: limitMs })
    const known = new Map<string, KnownIndex>()
    for (const [name, { aliases, settings }] of Object.entries(answer)) {
      const window = names.window(name)
      const own = Object.keys(aliases ?? {}).filter((alias) => names.isAlias(alias))
      const [alias] = own
      const uuid = settings?.index?.uuid
      if (window !== undefined && alias !== undefined && own.length === 1 && uuid !== undefined) known.set(name, { name, alias, uuid: `${alias}.${uuid}`, window })
    }
    this.#known = known
    this.#readMs = readMs
    return known
  }

  /** Some index was not where the list says. */
  markOld(): void {
    this.#readMs = -Infinity
  }

  /** Makes the indices of these names that do not exist. An index that has no identity is not ours and stays out of the list. @throws what the driver throws. */
  async ensure(windows: ReadonlyMap<string, IndexWindow>, limitMs: number): Promise<ReadonlyMap<string, KnownIndex>> {
    const known = await this.list(limitMs)
    const missing = [...windows.keys()].filter((name) => !known.has(name))
    for (const name of missing) await this.#create(name, limitMs)
    return missing.length === 0 ? known : await this.read(limitMs)
  }

  /** Settings and mapping come with it, so that it never depends on the template, which only keeps others from making an index without an identity. */
  async #create(index: string, limitMs: number): Promise<void> {
    const { client, names, random } = this.#options
    const { settings, mappings } = indexSchema(this.#options)
    const aliases = { [names.alias(random.text(ALIAS_LENGTH))]: {} }
    try {
      await client.indices.create({ index, settings, mappings, aliases }, { requestTimeout: limitMs })
    } catch (error) {
      // Another place was first.
      if (!(error instanceof errors.ResponseError && error.message.includes('resource_already_exists_exception'))) throw error
    }
  }
}

const LIST_PARTS = ['*.aliases', '*.settings.index.uuid']
/** 82 bits, of which few are ever made. */
const ALIAS_LENGTH = 16
/** Another process makes an index once a week; until it is known here, its fragments are candidates. */
const MAX_LIST_AGE_MS = 10_000

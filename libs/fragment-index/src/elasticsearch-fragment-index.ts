import assert from 'node:assert/strict'
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import { createElasticsearchClient, type ElasticsearchConnection } from './elasticsearch-client.ts'
import { IndexDirectory, type KnownIndex } from './elasticsearch-index-directory.ts'
import { ANSWER_PARTS, documentId, filterOf, indexNames, ROW_ONLY, rowIdOf, sourceOf, type IndexNames, type IndexSizing } from './elasticsearch-index-schema.ts'
import { EnginePause } from './engine-pause.ts'
import { IndexUnavailableError, MAX_DOCUMENT_WORDS, type FragmentDocument, type FragmentHits, type FragmentIndex, type FragmentName, type FragmentQuery } from './fragment-index.ts'
import { windowOf, type IndexWindow } from './index-window.ts'

export interface ElasticsearchFragmentIndexOptions extends ElasticsearchConnection, Partial<IndexSizing> {
  /** First part of every name in the cluster: 1 to 40 lower-case letters and digits. */
  readonly prefix: string
  /** How long a search waits for the cluster. Default: {@link FIND_LIMIT_MS}. */
  readonly findLimitMs?: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * Keeps the documents in one Elasticsearch index per kind and week. Opening asks nothing of the cluster, which may be down or come later; indices are
 * made when they are first needed.
 */
export async function openElasticsearchFragmentIndex({ shards = 1, replicas = 1, ...options }: ElasticsearchFragmentIndexOptions): Promise<FragmentIndex> {
  return new ElasticsearchFragmentIndex({ ...options, shards, replicas })
}

/** A search that waits for the index must not be much slower than one without it. */
export const FIND_LIMIT_MS = 1_000
/** Of the limit, after which the cluster itself gives up, early enough for its answer to arrive. */
const CLUSTER_SHARE = 0.8
/** After a failure searches go without the index for so long: then one of them pays {@link FIND_LIMIT_MS} again. */
const FIND_PAUSE_MS = 5_000
/** A bulk of {@link MAX_BULK_WORDS} with its refresh takes a second on a busy node. */
const WRITE_LIMIT_MS = 10_000
/** Sealing waits for its write; so it must not wait a large part of the time for a cluster that hangs. */
const WRITE_PAUSE_MS = 30_000
/** About 2 MB of JSON. */
const MAX_BULK_WORDS = 10 * MAX_DOCUMENT_WORDS
/** Documents are some hundred bytes without their words. */
const MAX_BULK_OPERATIONS = 1_000
/** Elasticsearch's default bound on one answer (`index.max_result_window`). A window with more hits is not worth asking: it counts as not having answered. */
const MAX_WINDOW_HITS = 10_000
/** Two years and more of one kind. Older windows count as not having answered. */
const MAX_FIND_WINDOWS = 128

class ElasticsearchFragmentIndex implements FragmentIndex {
  readonly #client: Client
  readonly #names: IndexNames
  readonly #directory: IndexDirectory
  readonly #log: Log
  readonly #findLimitMs: number
  readonly #findPause: EnginePause
  readonly #writePause: EnginePause
  #isClosed = false

  constructor({ prefix, findLimitMs = FIND_LIMIT_MS, clock, random, log, ...options }: ElasticsearchFragmentIndexOptions & IndexSizing) {
    this.#client = createElasticsearchClient(options)
    this.#names = indexNames(prefix)
    this.#directory = new IndexDirectory({ ...options, client: this.#client, names: this.#names, clock, random })
    this.#log = log
    this.#findLimitMs = findLimitMs
    this.#findPause = new EnginePause(clock, FIND_PAUSE_MS)
    this.#writePause = new EnginePause(clock, WRITE_PAUSE_MS)
  }

  async put(documents: readonly FragmentDocument[]): Promise<readonly (string | undefined)[]> {
    return await this.#guarded(this.#writePause, async () => {
      if (documents.length === 0) return []
      const windows = new Map(documents.map(({ kind, dayNs }) => this.#place(kind, dayNs)))
      const known = await this.#directory.ensure(windows, WRITE_LIMIT_MS)
      const held: (string | undefined)[] = []
      for (const part of bulkParts(documents)) held.push(...(await this.#putPart(part, known)))
      return held
    })
  }

  async find(query: FragmentQuery): Promise<FragmentHits> {
    return await this.#guarded(this.#findPause, async () => {
      const known = await this.#directory.list(this.#findLimitMs)
      const touched = touchedBy(query, [...known.values()])
      const rowIds = new Set<string>()
      const indexes = new Set<string>()
      if (touched.length === 0) return { rowIds, indexes }
      // One search per index in one request: each tells for itself whether it is all there, and one that is gone or broken spoils no other.
      const search = { ...ROW_ONLY, size: MAX_WINDOW_HITS, track_total_hits: false, sort: ['_doc'], timeout: `${Math.round(this.#findLimitMs * CLUSTER_SHARE)}ms`, query: filterOf(query) }
      const searches = touched.flatMap(({ alias }) => [{ index: alias, allow_partial_search_results: true }, search])
      const { responses } = await this.#client.msearch({ searches, filter_path: ANSWER_PARTS.map((part) => `responses.${part}`) }, { requestTimeout: this.#findLimitMs })
      responses.forEach((response, i) => {
        const uuid = touched[i]?.uuid
        if (isMissing(response)) this.#directory.markOld()
        if (uuid === undefined || 'error' in response) return
        const hits = response.hits?.hits ?? []
        for (const rowId of hits.map(rowIdOf)) if (rowId !== undefined) rowIds.add(rowId)
        if (isWhole(response) && hits.length < MAX_WINDOW_HITS) indexes.add(uuid)
      })
      return { rowIds, indexes }
    })
  }

  async remove(rows: readonly FragmentName[]): Promise<void> {
    await this.#guarded(this.#writePause, async () => {
      if (rows.length === 0) return
      const known = await this.#directory.list(WRITE_LIMIT_MS)
      const operations = rows.flatMap(({ tenantId, kind, dayNs, rowId }) => {
        const index = known.get(this.#place(kind, dayNs)[0])
        return index === undefined ? [] : [{ delete: { _index: index.alias, _id: documentId(tenantId, rowId) } }]
      })
      for (let first = 0; first < operations.length; first += MAX_BULK_OPERATIONS) {
        const { items } = await this.#client.bulk({ operations: operations.slice(first, first + MAX_BULK_OPERATIONS), refresh: true }, { requestTimeout: WRITE_LIMIT_MS })
        const failed = items.flatMap(({ delete: item }) => (item?.error === undefined || item.status === 404 ? [] : [item.error]))
        if (failed.length > 0) throw new IndexUnavailableError(`${failed.length} documents could not be removed, the first by ${reasonOf(failed[0])}`)
      }
    })
  }

  async removeBefore(dayNs: bigint): Promise<void> {
    await this.#guarded(this.#writePause, async () => {
      for (const { name, window } of (await this.#directory.list(WRITE_LIMIT_MS)).values()) {
        if (window.endNs > dayNs) continue
        await this.#client.indices.delete({ index: name, ignore_unavailable: true }, { requestTimeout: WRITE_LIMIT_MS })
        this.#directory.markOld()
        this.#log.info({ index: name }, 'dropped an index whose days have expired')
      }
    })
  }

  async uuids(): Promise<ReadonlySet<string>> {
    return await this.#guarded(this.#writePause, async () => new Set([...(await this.#directory.read(WRITE_LIMIT_MS)).values()].map(({ uuid }) => uuid)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#client.close()
  }

  #place(kind: FragmentName['kind'], dayNs: bigint): [name: string, window: IndexWindow] {
    const window = windowOf(kind, dayNs)
    return [this.#names.index(window), window]
  }

  async #putPart(documents: readonly FragmentDocument[], known: ReadonlyMap<string, KnownIndex>): Promise<readonly (string | undefined)[]> {
    const places = documents.map(({ kind, dayNs }) => known.get(this.#place(kind, dayNs)[0]))
    const operations = documents.flatMap((document, i) => {
      const alias = places[i]?.alias
      if (alias === undefined) return []
      assert((document.words?.length ?? 0) <= MAX_DOCUMENT_WORDS, 'a document has at most MAX_DOCUMENT_WORDS words')
      return [{ index: { _index: alias, _id: documentId(document.tenantId, document.rowId), require_alias: true } }, sourceOf(document)]
    })
    const { items } = operations.length === 0 ? { items: [] } : await this.#client.bulk({ operations, refresh: true }, { requestTimeout: WRITE_LIMIT_MS })
    let next = 0
    const held = places.map((place) => (place === undefined || !isStored(items[next++]?.index) ? undefined : place.uuid))
    if (held.includes(undefined)) {
      this.#directory.markOld()
      const refused = items.find(({ index }) => !isStored(index))
      this.#log.warn({ documents: held.filter((uuid) => uuid === undefined).length, reason: reasonOf(refused?.index?.error) }, 'the index refused documents')
    }
    return held
  }

  /** Nothing but the port's own error leaves. */
  async #guarded<Result>(pause: EnginePause, work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new IndexUnavailableError('the index is closed')
    if (pause.isOn) throw new IndexUnavailableError('the index has just failed to answer')
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof assert.AssertionError) throw cause
      pause.begin()
      this.#directory.markOld()
      throw cause instanceof IndexUnavailableError ? cause : new IndexUnavailableError('the index did not answer', { cause })
    }
  }
}

/** The newest first, if there are too many. */
function touchedBy({ kind, fromNs, toNs }: FragmentQuery, known: readonly KnownIndex[]): readonly KnownIndex[] {
  const [first, last] = [windowOf(kind, fromNs), windowOf(kind, toNs)]
  return known
    .filter(({ window }) => window.kind === kind && window.startNs >= first.startNs && window.startNs <= last.startNs)
    .sort((a, b) => (a.window.startNs < b.window.startNs ? 1 : -1))
    .slice(0, MAX_FIND_WINDOWS)
}

function isMissing(response: estypes.MsearchResponseItem): boolean {
  return 'error' in response && response.status === 404
}

function isWhole({ _shards, timed_out }: estypes.MsearchMultiSearchItem): boolean {
  return timed_out === false && _shards.failed === 0 && _shards.total > 0 && _shards.successful === _shards.total
}

function isStored(item: estypes.BulkResponseItem | undefined): boolean {
  return item?.error === undefined && (item?.status === 200 || item?.status === 201)
}

function reasonOf(error: estypes.ErrorCause | undefined): string {
  return `${error?.type ?? 'an unknown error'}: ${(error?.reason ?? '').slice(0, MAX_REASON_LENGTH)}`
}

/** A reason may quote what was sent. */
const MAX_REASON_LENGTH = 200

function* bulkParts(documents: readonly FragmentDocument[]): Generator<readonly FragmentDocument[]> {
  for (let next = 0; next < documents.length; ) {
    const first = next
    let words = 0
    while (next < documents.length && next - first < MAX_BULK_OPERATIONS) {
      words += documents[next]?.words?.length ?? 0
      if (next > first && words > MAX_BULK_WORDS) break
      next++
    }
    yield documents.slice(first, next)
  }
}

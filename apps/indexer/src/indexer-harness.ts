import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CommitEntry, SealedRow } from '@millrace/catalog/catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { NS_PER_DAY } from '@millrace/event/event'
import { IndexUnavailableError, type FragmentDocument, type FragmentIndex } from '@millrace/fragment-index/fragment-index'
import { openFragmentIndex } from '@millrace/fragment-index/open-fragment-index'
import { objectKeyText } from '@millrace/fragment-store/fragment-store'
import { openFragmentStore } from '@millrace/fragment-store/open-fragment-store'
import { buildPack } from '@millrace/fragment/build-pack'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf } from '@millrace/fragment/plain-rows'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { indexRows } from './index-rows.ts'
import { sealEntries } from './seal-entries.ts'
import type { SealerOptions } from './sealer-options.ts'

/** The day on which the harness's clock stands. */
export const TODAY_NS = 20_400n * NS_PER_DAY

/** A sealer's ports in a folder of their own, and an index that may fail. For tests only. */
export interface IndexerHarness extends AsyncDisposable {
  readonly ports: SealerOptions
  readonly index: FailingIndex
  /** Commits messages to a stream as one pack. */
  commit(messages: readonly string[], place?: SealPlace): Promise<CommitEntry>
  /** Commits messages to a stream as one pack and seals it; answers the rows that could not be indexed, and all rows. */
  seal(messages: readonly string[], place?: SealPlace): Promise<{ readonly rows: readonly SealedRow[]; readonly left: readonly SealedRow[] }>
  /** Lets time pass. */
  advance(ms: number): void
  /** Puts a new, empty index in the place of the old. */
  loseIndex(): Promise<void>
  /** Every row of the tenant as the catalog has it. */
  rows(tenantId?: string): Promise<readonly SealedRow[]>
}

export interface SealPlace {
  readonly stream?: string
  readonly tenantId?: string
  readonly dayNs?: bigint
}

export async function openIndexerHarness(): Promise<IndexerHarness> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'indexer-'))
  resources.defer(async () => await rm(folder, { recursive: true }))
  let elapsedMs = 0
  const clock = { ...systemClock, nowMs: () => Number(TODAY_NS / 1_000_000n) + 3_600_000 + elapsedMs, monotonicMs: () => elapsedMs }
  const catalog = resources.use(await openCatalog({ kind: 'sqlite', root: `${folder}/catalog`, disk: systemDisk, clock, failpoints: noFailpoints }))
  const store = resources.use(await openFragmentStore({ kind: 'disk', root: `${folder}/objects`, disk: systemDisk, role: 'owner' }))
  const workers = resources.use(openInlineWorkers())
  let indices = 0
  const openIndex = async (): Promise<FragmentIndex> => await openFragmentIndex({ kind: 'sqlite', root: `${folder}/index-${indices++}`, disk: systemDisk, clock, random: systemRandom })
  const index = new FailingIndex(resources.use(await openIndex()))
  const ports: SealerOptions = { catalog, store, index, clock, random: systemRandom, workers, log: createLog('silent') }
  const commit: IndexerHarness['commit'] = async (messages, { stream = 'g1/0', tenantId = 't', dayNs = TODAY_NS } = {}) => {
    const table = tableOf(messages.map((message, timeOffset) => ({ timeOffset, values: new Map([['message', message]]) })), { dayNs })
    const { bytes, directory } = buildPack({ inputs: [{ tenantId, kind: 'log', bytes: encodeFragment(table) }], purpose: 'fresh' })
    const { epoch, sequence, nextOffset, nextSourceOffset } = await catalog.claimStream(stream, 'writer')
    const key = { stream, kind: 'pack' as const, epoch, sequence: sequence + 1, attempt: systemRandom.text(12) }
    await store.put(key, bytes)
    const entry = { epoch, sequence: sequence + 1, firstOffset: nextOffset, nextOffset: nextOffset + 1, nextSourceOffset: nextSourceOffset + 1, pack: objectKeyText(key), directory, requests: [], committedMs: clock.nowMs() }
    await catalog.commit(stream, entry)
    return entry
  }
  const opened = resources.move()

  return {
    ports,
    index,
    commit,
    async seal(messages, place = {}) {
      const { stream = 'g1/0' } = place
      const entry = await commit(messages, place)
      const position = await catalog.claimSealer(stream, 'sealer')
      const sealed = await sealEntries(ports, stream, { epoch: position.epoch, sequence: position.sequence + 1, throughCommit: entry.sequence }, [entry])
      return { rows: sealed.map(({ row }) => row), left: await indexRows(ports, sealed) }
    },
    advance(ms) {
      elapsedMs += ms
    },
    async loseIndex() {
      index.inner = opened.use(await openIndex())
    },
    rows: async (tenantId = 't') => await catalog.readSealed(tenantId, 'log', 0n, TODAY_NS * 2n),
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  }
}

/** An index over another one, which can be down, refuse documents, and remembers what it was given. */
export class FailingIndex implements FragmentIndex {
  inner: FragmentIndex
  isDown = false
  /** Puts that succeed before it goes down by itself. */
  putsLeft = Infinity
  readonly refused = new Set<string>()
  readonly documents: FragmentDocument[] = []

  constructor(inner: FragmentIndex) {
    this.inner = inner
  }

  async put(documents: readonly FragmentDocument[]): Promise<readonly (string | undefined)[]> {
    if (this.putsLeft-- <= 0) this.isDown = true
    this.#check()
    const taken = documents.filter(({ rowId }) => !this.refused.has(rowId))
    this.documents.push(...taken)
    const uuids = await this.inner.put(taken)
    return documents.map((document) => uuids[taken.indexOf(document)])
  }

  async find(...query: Parameters<FragmentIndex['find']>): ReturnType<FragmentIndex['find']> {
    this.#check()
    return await this.inner.find(...query)
  }

  async remove(...rows: Parameters<FragmentIndex['remove']>): Promise<void> {
    this.#check()
    await this.inner.remove(...rows)
  }

  async removeBefore(dayNs: bigint): Promise<void> {
    this.#check()
    await this.inner.removeBefore(dayNs)
  }

  async uuids(): Promise<ReadonlySet<string>> {
    this.#check()
    return await this.inner.uuids()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.inner[Symbol.asyncDispose]()
  }

  #check(): void {
    if (this.isDown) throw new IndexUnavailableError('down')
  }
}

import type { Catalog, CommitEntry, SealedRow } from '@millrace/catalog/catalog'
import { memorySettings } from '@millrace/catalog/memory-settings'
import { IndexUnavailableError, type FragmentIndex } from '@millrace/fragment-index/fragment-index'
import { objectKeyText, type FragmentStore, type ObjectKey } from '@millrace/fragment-store/fragment-store'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { mergeTables } from '@millrace/fragment/merge-tables'
import { tableOf, type PlainRow } from '@millrace/fragment/plain-rows'
import { textsOf } from '@millrace/fragment/strings'
import type { Table } from '@millrace/fragment/table'
import { wordsOf } from '@millrace/fragment/words'
import { NS_PER_DAY } from '@millrace/event/event'
import type { NaiveEvent } from './naive-search.ts'

export const INDEX_UUID = 'index-1'

/** The reading sides of the ports over arrays, in which tests place fragments as they like. For tests only. */
export class MemoryPorts {
  readonly settings = memorySettings()
  readonly objects = new Map<string, Uint8Array>()
  readonly sealed: SealedRow[] = []
  readonly entries = new Map<string, CommitEntry[]>()
  readonly words = new Map<string, ReadonlySet<string>>()
  isIndexUp = true
  /** UUIDs of the indices that answer in full. */
  answeringIndexes: ReadonlySet<string> = new Set([INDEX_UUID])
  reads = 0
  bytesRead = 0
  #attempts = 0

  get catalog(): Catalog {
    const { sealed, entries } = this
    const reading: Pick<Catalog, 'readSealPosition' | 'readSealed' | 'readPosition' | 'readEntries' | 'readSetting'> = {
      readSetting: async (tenantId, name) => await this.settings.readSetting(tenantId, name),
      readSealPosition: () => Promise.resolve({ epoch: 1, sequence: 1, throughCommit: 0 }),
      readSealed: (tenantId, kind, fromDayNs, toDayNs) => Promise.resolve(sealed.filter((row) => row.tenantId === tenantId && row.kind === kind && row.dayNs >= fromDayNs && row.dayNs <= toDayNs)),
      readPosition: (stream) => Promise.resolve({ epoch: 1, sequence: entries.get(stream)?.length ?? 0, nextOffset: 0, nextSourceOffset: 7 }),
      readEntries: (stream, after, limit) => Promise.resolve((entries.get(stream) ?? []).slice(after, after + limit)),
    }
    return reading as Catalog
  }

  get store(): FragmentStore {
    const reading: Pick<FragmentStore, 'read'> = {
      read: (key, start, end) => {
        this.reads++
        this.bytesRead += end - start
        return Promise.resolve(this.objects.get(objectKeyText(key))?.slice(start, end))
      },
    }
    return reading as FragmentStore
  }

  get index(): FragmentIndex {
    const finding: Pick<FragmentIndex, 'find'> = {
      find: ({ words }) => {
        if (!this.isIndexUp) return Promise.reject(new IndexUnavailableError('down'))
        const rowIds = new Set([...this.words].filter(([, held]) => words.every((word) => held.has(word))).map(([rowId]) => rowId))
        return Promise.resolve({ rowIds, indexes: this.answeringIndexes })
      },
    }
    return finding as FragmentIndex
  }

  /** Stores events of one day and tenant as one fragment in an object of its own. */
  addEvents(events: readonly NaiveEvent[], { tenantId = TENANT, isSealed = true, isIndexed = true, isSorted = true, asText = false, indexUuid = INDEX_UUID }: PlaceOptions = {}): ObjectKey {
    const dayNs = events[0] === undefined ? 0n : events[0].timestampNs - (events[0].timestampNs % NS_PER_DAY)
    const rows = events.map(({ id, timestampNs, values }): PlainRow => ({
      timeOffset: Number(timestampNs - dayNs),
      values: new Map([...values, ['_stream', `${id.generation}/${id.partition}`], ['_offset', id.offset], ['_row', id.row]]),
    }))
    const table = tableOf(rows, { asText, dayNs })
    return this.addTable(isSorted ? mergeTables([{ table }]) : table, { tenantId, isSealed, isIndexed, indexUuid })
  }

  addTable(table: Table, { tenantId = TENANT, isSealed = true, isIndexed = true, indexUuid = INDEX_UUID, words }: PlaceOptions & { readonly words?: ReadonlySet<string> } = {}): ObjectKey {
    const bytes = encodeFragment(table, { purpose: isSealed ? 'sealed' : 'fresh' })
    const stream = 'g1/0'
    const key: ObjectKey = { stream, kind: isSealed ? 'sealed' : 'pack', epoch: 1, sequence: 1, attempt: (this.#attempts++).toString(36).padStart(12, '0') }
    // Something before it, so that a fragment is not always at the object's start.
    this.objects.set(objectKeyText(key), Buffer.concat([Buffer.alloc(5), bytes]))
    const row = {
      tenantId, kind: 'log' as const, dayNs: table.dayNs, rows: table.rows, start: 5, end: 5 + bytes.length,
      minTimeOffset: table.timeOffsets.reduce((a, b) => Math.min(a, b)), maxTimeOffset: table.timeOffsets.reduce((a, b) => Math.max(a, b)),
    }
    if (isSealed) {
      const rowId = key.attempt
      this.sealed.push({ ...row, rowId, object: objectKeyText(key), stream, epoch: 1, sequence: 1, inputs: [], inputTags: [], indexed: isIndexed ? indexUuid : undefined })
      this.words.set(rowId, words ?? wordsOfTable(table))
    } else {
      const entries = this.entries.get(stream) ?? []
      this.entries.set(stream, entries)
      entries.push({ epoch: 1, sequence: entries.length + 1, firstOffset: 0, nextOffset: 0, nextSourceOffset: 0, pack: objectKeyText(key), directory: [row], requests: [], committedMs: 0 })
    }
    return key
  }
}

export const TENANT = 'acme'

export interface PlaceOptions {
  readonly tenantId?: string
  readonly isSealed?: boolean
  readonly isIndexed?: boolean
  /** Of the index that holds it, when it is indexed. */
  readonly indexUuid?: string
  /** False leaves the rows as they are given. */
  readonly isSorted?: boolean
  readonly asText?: boolean
}

/** What the indexer would index. */
function wordsOfTable(table: Table): ReadonlySet<string> {
  const texts = table.columns.flatMap((column) => (column.name === 'message' && column.layout === 'text' ? [column.strings] : column.name === 'message' && column.layout === 'dictionary' ? [column.dictionary] : []))
  return new Set(texts.flatMap(textsOf).flatMap(wordsOf))
}

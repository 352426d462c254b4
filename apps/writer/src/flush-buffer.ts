import type { BusRecord } from '@millrace/bus/bus'
import type { CommittedRequest, FragmentRow } from '@millrace/catalog/catalog'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import { decodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import type { BuiltPack, PackOrder, PackSource } from '@millrace/fragment/build-pack'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { WINDOW_MS, type KnownRequests } from './known-requests.ts'

/** Gathers the records of one flush, still encoded. */
export interface FlushBuffer {
  /** Offset in `routed` after the last record seen; undefined before the first. */
  readonly nextOffset: number | undefined
  /** Takes a record, or tells why not: `replay` is below the source offset that is expected, `ahead` above it. @throws {FragmentCorruptError} it is no record. */
  add(record: BusRecord, expectedSourceOffset: number): 'taken' | 'replay' | 'ahead'
  /** Latest stamp of a record that was taken, ms since 1970; 0 before the first. */
  readonly receivedMs: number
  isFull(): boolean
  /** Merges what was gathered by `build`. Records whose fragments turn out damaged are left out whole, and their ids are forgotten, so that a retry of them is stored. */
  finish(build: (order: PackOrder) => Promise<BuiltPack>): Promise<Flush>
}

export interface Flush {
  /** A pack; empty when no event is new. */
  readonly bytes: Uint8Array
  readonly directory: readonly FragmentRow[]
  readonly requests: readonly CommittedRequest[]
  /** Records whose content cannot be read although their checksum is right. */
  readonly unreadable: readonly { readonly offset: number; readonly value: Uint8Array; readonly reason: string }[]
}

/** Encoded bytes of one flush. Decoded they are some ten times as many, which bounds the memory of the worker that merges them. */
const MAX_FLUSH_BYTES = 6 * 1024 * 1024
/** Rows of one flush. Logs that repeat themselves encode to almost nothing, so bytes alone bound neither memory nor time of the merge. */
const MAX_FLUSH_ROWS = 131_072
/** Rows times columns of all fragments of one flush: 128 MB of numbers once decoded. */
const MAX_FLUSH_CELLS = 16 * 1024 * 1024
/** An entry of the commit log lists its request units; more would make it the largest object of the flush. */
const MAX_FLUSH_REQUESTS = 20_000

interface TakenRecord {
  readonly offset: number
  readonly value: Uint8Array
  readonly sources: readonly PackSource[]
  /** Its units that were not known before. */
  readonly requests: readonly CommittedRequest[]
}

export function createFlushBuffer(stream: string, known: KnownRequests): FlushBuffer {
  let taken: TakenRecord[] = []
  let nextOffset: number | undefined
  let encodedBytes = 0
  let rows = 0
  let cells = 0
  let units = 0
  let receivedMs = 0

  const take = (offset: number, value: Uint8Array, record: BatchRecord, sourceOffset: number): void => {
    const requests: CommittedRequest[] = []
    const dropRows: { firstRow: number; rows: number }[] = []
    for (const { id, part, firstRow, rows, window } of record.requests) {
      const request = { tenantId: record.tenantId, id: Buffer.from(id).toString('hex'), part, expiresMs: record.receivedMs + WINDOW_MS[window] }
      if (known.add(request, record.receivedMs)) requests.push(request)
      else dropRows.push({ firstRow, rows })
    }
    units += record.requests.length
    receivedMs = Math.max(receivedMs, record.receivedMs)
    for (const fragment of record.fragments) {
      rows += fragment.rows
      cells += fragment.rows * columnCount(fragment.bytes)
    }
    const isAllKnown = requests.length === 0
    const sources = isAllKnown ? [] : record.fragments.map(({ kind, bytes }): PackSource => ({ tenantId: record.tenantId, kind, bytes, origin: { stream, offset: sourceOffset }, dropRows }))
    taken.push({ offset, value, sources, requests })
  }

  return {
    get nextOffset() {
      return nextOffset
    },
    get receivedMs() {
      return receivedMs
    },
    add({ offset, value }, expectedSourceOffset) {
      nextOffset = offset + 1
      const record = decodeBatchRecord(value)
      const { sourceOffset = -1 } = record
      if (sourceOffset < expectedSourceOffset) return 'replay'
      if (sourceOffset > expectedSourceOffset) return 'ahead'
      encodedBytes += value.length
      take(offset, value, record, sourceOffset)
      return 'taken'
    },
    isFull: () => encodedBytes >= MAX_FLUSH_BYTES || rows >= MAX_FLUSH_ROWS || cells >= MAX_FLUSH_CELLS || units >= MAX_FLUSH_REQUESTS,
    async finish(build) {
      const unreadable: { offset: number; value: Uint8Array; reason: string }[] = []
      for (;;) {
        const records = taken.flatMap((record) => record.sources.map(() => record))
        const pack = records.length === 0 ? EMPTY_PACK : await build({ inputs: taken.flatMap(({ sources }) => sources), purpose: 'fresh' })
        if (pack.unreadable.length === 0) return { bytes: pack.bytes, directory: pack.directory, requests: taken.flatMap(({ requests }) => requests), unreadable }
        const damaged = new Map(pack.unreadable.map(({ index, reason }) => [records[index], reason]))
        for (const [record, reason] of damaged) {
          if (record === undefined) continue
          for (const request of record.requests) known.remove(request)
          unreadable.push({ offset: record.offset, value: record.value, reason })
        }
        taken = taken.filter((record) => !damaged.has(record))
      }
    },
  }
}

/** A fragment that cannot be opened is found out when it is merged. */
function columnCount(bytes: Uint8Array): number {
  try {
    return openFragmentBytes(bytes).header.columns.length
  } catch {
    return 0
  }
}

const EMPTY_PACK: BuiltPack = { bytes: new Uint8Array(), directory: [], words: [], unreadable: [] }

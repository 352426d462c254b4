import type { BusRecord } from '@millrace/bus/bus'
import type { CommittedRequest, FragmentRow } from '@millrace/catalog/catalog'
import { tenantOfClass } from '@millrace/catalog/retention-classes'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import { decodeBatchRecord, sourceOffsetOf } from '@millrace/fragment/batch-record-codec'
import type { PackSource } from '@millrace/fragment/build-pack'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { buildAroundPoison, type BuildTools } from './build-around-poison.ts'
import { WINDOW_MS, type KnownRequests } from './known-requests.ts'
import { MAX_FLUSH_TRACES } from './trace-flush.ts'

/** Gathers the records of one flush, still encoded. */
export interface FlushBuffer {
  /** Offset in `routed` after the last record seen; undefined before the first. */
  readonly nextOffset: number | undefined
  /** Takes the record of the source offset that is expected, or tells why not. Never throws: a record that cannot be read is an answer. */
  add(record: BusRecord, expectedSourceOffset: number): AddOutcome
  /** Gives a damaged record up: it is told among `leftOut` of the flush. */
  leaveOut(record: BusRecord, reason: string): void
  /** Latest stamp of a record that was taken, ms since 1970; 0 before the first. */
  readonly receivedMs: number
  isFull(): boolean
  /**
   * Merges what was gathered. Records that cannot be merged are left out whole, and their ids are forgotten, so that a retry of them is stored, be it in the same flush.
   * @throws when the records are not to blame: an engine, the workers, or a signal that aborted.
   */
  finish(tools: BuildTools): Promise<Flush>
}

/**
 * `replay`: below the source offset that is expected, stored already. `ahead`: above it. `unstamped`: it claims none that can be read. `damaged`: it claims the
 * expected one, and what follows the claim cannot be read.
 */
export type AddOutcome = 'taken' | 'replay' | 'ahead' | 'unstamped' | { readonly damaged: string }

export interface Flush {
  /** A pack; empty when no event is new. */
  readonly bytes: Uint8Array
  readonly directory: readonly FragmentRow[]
  readonly requests: readonly CommittedRequest[]
  /** Records that the pack does not hold although their turn had come, by offset: dead letters. */
  readonly leftOut: readonly LeftOutRecord[]
  /** Where sampled requests stand in their traces; at most {@link MAX_FLUSH_TRACES}. */
  readonly traces: readonly Uint8Array[]
}

export interface LeftOutRecord {
  readonly offset: number
  readonly value: Uint8Array
  readonly reason: string
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
  readonly record: BatchRecord
  readonly sourceOffset: number
  /** What of it must be merged; empty when all its units were known. */
  readonly sources: readonly PackSource[]
  /** Its units that were not known before. */
  readonly requests: readonly CommittedRequest[]
}

export function createFlushBuffer(stream: string, known: KnownRequests): FlushBuffer {
  let taken: TakenRecord[] = []
  const leftOut: LeftOutRecord[] = []
  let nextOffset: number | undefined
  let encodedBytes = 0
  let rows = 0
  let cells = 0
  let units = 0
  let receivedMs = 0

  /** Decides which units of a record are new, and remembers those. */
  const decide = (candidate: Pick<TakenRecord, 'offset' | 'value' | 'record' | 'sourceOffset'>): TakenRecord => {
    const { record, sourceOffset: offset } = candidate
    const requests: CommittedRequest[] = []
    const dropRows: { firstRow: number; rows: number }[] = []
    for (const { id, part, firstRow, rows, window } of record.requests) {
      const request = { tenantId: record.tenantId, id: Buffer.from(id).toString('hex'), part, expiresMs: record.receivedMs + WINDOW_MS[window] }
      if (known.add(request, record.receivedMs)) requests.push(request)
      else dropRows.push({ firstRow, rows })
    }
    const isAllKnown = requests.length === 0
    const sources = isAllKnown ? [] : record.fragments.map(({ kind, bytes, retentionDays }): PackSource => ({ tenantId: tenantOfClass(record.tenantId, retentionDays), kind, bytes, origin: { stream, offset }, dropRows }))
    return { ...candidate, sources, requests }
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
      const sourceOffset = sourceOffsetOf(value)
      if (sourceOffset === undefined) return 'unstamped'
      if (sourceOffset < expectedSourceOffset) return 'replay'
      if (sourceOffset > expectedSourceOffset) return 'ahead'
      let record: BatchRecord
      try {
        record = decodeBatchRecord(value)
      } catch (error) {
        return { damaged: error instanceof Error ? error.message : String(error) } // decoding is pure: whatever it throws is the record's fault
      }
      taken.push(decide({ offset, value, record, sourceOffset }))
      encodedBytes += value.length
      units += record.requests.length
      receivedMs = Math.max(receivedMs, record.receivedMs)
      for (const fragment of record.fragments) {
        rows += fragment.rows
        cells += fragment.rows * columnCount(fragment.bytes)
      }
      return 'taken'
    },
    leaveOut({ offset, value }, reason) {
      leftOut.push({ offset, value, reason })
    },
    isFull: () => encodedBytes >= MAX_FLUSH_BYTES || rows >= MAX_FLUSH_ROWS || cells >= MAX_FLUSH_CELLS || units >= MAX_FLUSH_REQUESTS,
    async finish(tools) {
      for (;;) {
        const { pack, guilty } = await buildAroundPoison(taken.filter(({ sources }) => sources.length > 0), tools)
        if (guilty.size === 0) {
          return {
            bytes: pack.bytes, directory: pack.directory, requests: taken.flatMap(({ requests }) => requests), leftOut: leftOut.sort((a, b) => a.offset - b.offset),
            traces: taken.flatMap(({ record }) => record.traces ?? []).slice(0, MAX_FLUSH_TRACES),
          }
        }
        for (const [{ offset, value }, reason] of guilty) leftOut.push({ offset, value, reason })
        // A later record of the flush may have been dropped as the retry of a guilty one: all are decided anew.
        for (const { requests } of taken) for (const request of requests) known.remove(request)
        taken = taken.filter((record) => !guilty.has(record)).map(decide)
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

import { MAX_TABLE_ROWS } from '@millrace/fragment/table'
import type { BatchFragment, BatchRecord } from '@millrace/fragment/batch-record'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { splitTable } from '@millrace/fragment/merge-tables'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import type { Clock } from '@millrace/runtime/clock'
import type { CompiledPipeline } from './compile-pipelines.ts'
import type { BatchPlace } from './processor.ts'
import { runPipelines } from './run-pipelines.ts'
import { WorkBudget } from './work-budget.ts'

/** One batch on its way through a tenant's pipelines. */
export interface ProcessedBatch {
  readonly record: BatchRecord
  /** The encoded record; undefined where nothing has changed. */
  readonly bytes: Uint8Array | undefined
  /** Events that no longer are in it. */
  readonly droppedEvents: number
  /** It had grown too large, so that only what takes away was done. */
  readonly isCutShort: boolean
}

export interface ProcessOptions {
  readonly clock: Clock
  /** `<generation>/<partition>` and offset of the batch. */
  readonly stream: string
  readonly offset: number
  /** Of the tenant, in days: nothing is moved to before it. */
  readonly retentionDays: number
  /** What the bus takes, bytes. */
  readonly maxRecordBytes: number
}

/**
 * Runs pipelines over the logs of a batch; other kinds pass. A batch that none of them touches is passed on as the same bytes. The same batch comes out the same,
 * however often it is processed.
 *
 * @throws {FragmentCorruptError} @throws {BatchTooLargeError} even with only what takes away done.
 */
export async function processBatch(pipelines: readonly CompiledPipeline[], record: BatchRecord, options: ProcessOptions): Promise<ProcessedBatch> {
  if (pipelines.length === 0) return { record, bytes: undefined, droppedEvents: 0, isCutShort: false }
  for (const requiredOnly of [false, true]) {
    const processed = await processFragments(pipelines, record, options, requiredOnly)
    if (processed === undefined) return { record, bytes: undefined, droppedEvents: 0, isCutShort: requiredOnly }
    const bytes = encodeBatchRecord(processed.record)
    if (bytes.length <= options.maxRecordBytes) return { ...processed, bytes, isCutShort: requiredOnly }
  }
  throw new BatchTooLargeError(`the batch has more than ${options.maxRecordBytes} bytes when its secrets are replaced`)
}

/** Replacing secrets has made a batch larger than the bus takes. */
export class BatchTooLargeError extends Error {
  override readonly name = 'BatchTooLargeError'
  readonly code = 'BATCH_TOO_LARGE'
  readonly retryable = false
}

/** Undefined where nothing has changed. */
async function processFragments(pipelines: readonly CompiledPipeline[], record: BatchRecord, { clock, stream, offset, retentionDays }: ProcessOptions, requiredOnly: boolean): Promise<{ readonly record: BatchRecord; readonly droppedEvents: number } | undefined> {
  const receivedNs = BigInt(Math.floor(record.receivedMs)) * NS_PER_MS
  const place: BatchPlace = { stream, offset, work: new WorkBudget(), oldestNs: receivedNs - BigInt(retentionDays) * NS_PER_DAY, newestNs: receivedNs + MAX_AHEAD_NS }
  const fragments: BatchFragment[] = []
  let isChanged = false
  let left = 0
  for (const fragment of record.fragments) {
    const draft = fragment.kind === 'log' ? await runPipelines(pipelines, openFragmentBytes(fragment.bytes), place, { clock, requiredOnly }) : undefined
    if (draft === undefined || !draft.isChanged) {
      fragments.push(fragment)
      left += fragment.rows
      continue
    }
    isChanged = true
    for (const day of await draft.finish()) for (const table of splitTable(day, MAX_TABLE_ROWS)) {
      await clock.sleep(0) // encoding a fragment takes as long as a turn
      fragments.push({ kind: fragment.kind, dayNs: table.dayNs, rows: table.rows, bytes: encodeFragment(table, { purpose: 'fresh' }) })
      left += table.rows
    }
  }
  if (!isChanged) return undefined
  return { record: { ...record, fragments }, droppedEvents: record.fragments.reduce((sum, { rows }) => sum + rows, 0) - left }
}

const NS_PER_MS = 1_000_000n
const NS_PER_DAY = 86_400_000_000_000n
/** As far ahead as the door takes events. */
const MAX_AHEAD_NS = 600_000_000_000n

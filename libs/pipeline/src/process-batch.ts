import { MAX_AHEAD_NS, NS_PER_DAY, NS_PER_MS } from '@millrace/event/event'
import { MAX_TABLE_ROWS } from '@millrace/fragment/table'
import type { BatchFragment, BatchRecord } from '@millrace/fragment/batch-record'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { splitTable } from '@millrace/fragment/merge-tables'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import type { RetentionClass } from '@millrace/catalog/retention-classes'
import type { Clock } from '@millrace/runtime/clock'
import type { CompiledPipeline } from './compile-pipelines.ts'
import type { Draft } from './draft.ts'
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
  /** It had grown too large, so that the attributes that pipelines added were left out. */
  readonly isCutShort: boolean
}

export interface ProcessOptions {
  readonly clock: Clock
  /** `<generation>/<partition>` and offset of the batch. */
  readonly stream: string
  readonly offset: number
  /** Of the tenant, in days: nothing is moved to before it. */
  readonly retentionDays: number
  /** That events may be put in; none by default. */
  readonly classes?: readonly RetentionClass[]
  /** What the bus takes, bytes. */
  readonly maxRecordBytes: number
}

/**
 * Runs pipelines over the logs of a batch; other kinds pass. A batch that none of them touches is passed on as the same bytes. The same batch comes out the same,
 * however often it is processed.
 *
 * @throws {FragmentCorruptError} @throws {BatchTooLargeError} also without what was added.
 */
export async function processBatch(pipelines: readonly CompiledPipeline[], record: BatchRecord, options: ProcessOptions): Promise<ProcessedBatch> {
  const receivedNs = BigInt(Math.floor(record.receivedMs)) * NS_PER_MS
  const place: BatchPlace = { stream: options.stream, offset: options.offset, work: new WorkBudget(), oldestNs: receivedNs - BigInt(options.retentionDays) * NS_PER_DAY, newestNs: receivedNs + MAX_AHEAD_NS }
  const drafts: (Draft | undefined)[] = []
  for (const { kind, bytes } of record.fragments) {
    const draft = kind === 'log' && pipelines.length > 0 ? await runPipelines(pipelines, openFragmentBytes(bytes), place, options) : undefined
    if (draft !== undefined) keepToKnownClasses(draft, record.receivedMs, options.classes ?? [])
    drafts.push(draft?.isChanged === true ? draft : undefined)
  }
  if (drafts.every((draft) => draft === undefined)) return { record, bytes: undefined, droppedEvents: 0, isCutShort: false }
  for (const { purpose, added } of ATTEMPTS) {
    // The defaults hide nothing, and make the message of what they add: without it the text as it came is worth more.
    if (added === 'without' && pipelines.every(({ sparesVerbatim }) => sparesVerbatim)) return { record, bytes: undefined, droppedEvents: 0, isCutShort: true }
    const fragments: BatchFragment[] = []
    for (const [index, fragment] of record.fragments.entries()) fragments.push(...(await encoded(fragment, drafts[index], { purpose, added, clock: options.clock })))
    const processed = { ...record, fragments }
    const bytes = encodeBatchRecord(processed)
    if (bytes.length <= options.maxRecordBytes) return { record: processed, bytes, droppedEvents: rowsOf(record.fragments) - rowsOf(fragments), isCutShort: added === 'without' }
  }
  throw new BatchTooLargeError(`the batch has more than ${options.maxRecordBytes} bytes when its secrets are replaced`)
}

/** Attributes make a batch larger than the door has made it. Packing it as for the store costs more and makes it smaller; after that what was added is left out. */
const ATTEMPTS = [{ purpose: 'fresh', added: 'with' }, { purpose: 'sealed', added: 'with' }, { purpose: 'sealed', added: 'without' }] as const

/** Replacing secrets has made a batch larger than the bus takes. */
export class BatchTooLargeError extends Error {
  override readonly name = 'BatchTooLargeError'
  readonly code = 'BATCH_TOO_LARGE'
  readonly retryable = false
}

async function encoded(fragment: BatchFragment, draft: Draft | undefined, { purpose, added, clock }: { readonly purpose: 'fresh' | 'sealed'; readonly added: 'with' | 'without'; readonly clock: Clock }): Promise<readonly BatchFragment[]> {
  if (draft === undefined) return [fragment]
  const fragments: BatchFragment[] = []
  for (const { table: whole, ...retention } of await draft.finish(added)) for (const table of splitTable(whole, MAX_TABLE_ROWS)) {
    await clock.sleep(0) // encoding a fragment takes as long as a turn
    fragments.push({ kind: fragment.kind, dayNs: table.dayNs, rows: table.rows, bytes: encodeFragment(table, { purpose }), ...retention })
  }
  return fragments
}

/** By the batch's own time, so that it comes out the same whenever it is routed. */
function keepToKnownClasses({ retentionDays }: Draft, receivedMs: number, classes: readonly RetentionClass[]): void {
  for (let row = 0; row < retentionDays.length; row++) {
    const days = retentionDays[row]
    if (days !== 0 && !classes.some((known) => known.days === days && receivedMs >= known.fromMs)) retentionDays[row] = 0
  }
}

function rowsOf(fragments: readonly BatchFragment[]): number {
  return fragments.reduce((sum, { rows }) => sum + rows, 0)
}

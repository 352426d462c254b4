import { MAX_AHEAD_NS, NS_PER_DAY, NS_PER_MS } from '@millrace/event/event'
import { ROW_COLUMN } from '@millrace/fragment/event-columns'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf, type PlainValue } from '@millrace/fragment/plain-rows'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import type { Table } from '@millrace/fragment/table'
import { parsePipelineDocument } from '@millrace/pipeline/pipeline-document'
import { readPipelines } from '@millrace/pipeline/pipeline-settings'
import { parseJsonAttributes } from '@millrace/pipeline/processors/parse-json'
import type { Outcome } from '@millrace/pipeline/processor'
import { runPipelines } from '@millrace/pipeline/run-pipelines'
import { effectivePipelines } from '@millrace/pipeline/tenant-pipelines'
import { WorkBudget } from '@millrace/pipeline/work-budget'
import { createFragmentMatcher } from '@millrace/query-engine/fragment-matcher'
import type { RenderedEvent } from '@millrace/query-engine/query-engine'
import { decodeEvents } from '@millrace/wire/decode-events'
import { clippedFrom, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError, readFilter, readRecord } from './read-question.ts'
import { renderEvent } from './search-route.ts'

/** What one event would become. */
interface TriedEvent {
  readonly before: unknown
  /** Null where it would be sampled out or dropped. */
  readonly after: unknown
  /** What each processor that took the event did. `pipeline` and `processor` are names and positions, the defaults first. */
  readonly steps: readonly { readonly pipeline: string; readonly processor: number; readonly type: string; readonly outcome: Outcome }[]
}

/**
 * Runs pipelines over events, and keeps nothing: `pipelines` of the body (a whole document), or the tenant's own where it names none; over `events` (as a client would
 * send them), or over the newest stored ones that `filter` finds, which have passed the pipelines of their day.
 *
 * @throws {BadPipelineError} @throws {BadQuestionError} @throws as searches do.
 */
export async function dryRun(context: QueryContext, tenantId: string, body: unknown, signal: AbortSignal): Promise<{ readonly events: readonly TriedEvent[] }> {
  const question = readRecord(body, 'the body')
  const document = question['pipelines'] === undefined ? (await readPipelines(context.catalog, tenantId)).document : parsePipelineDocument(question['pipelines'])
  const pipelines = effectivePipelines(document)
  const nowNs = BigInt(Math.trunc(context.clock.nowMs())) * NS_PER_MS
  const limits = { oldestNs: await clippedFrom(context, tenantId, 0n), newestNs: nowNs + MAX_AHEAD_NS }
  const tables = question['events'] === undefined ? tablesOf(await newestEvents(context, tenantId, question, signal)) : decodedTables(question['events'], { receivedNs: nowNs, ...limits })
  const tried: TriedEvent[] = []
  for (const table of tables) {
    const steps = new Map<number, TriedEvent['steps'][number][]>()
    const fragment = openFragmentBytes(encodeFragment(table, { purpose: 'fresh' }))
    const draft = await runPipelines(pipelines, fragment, { stream: DRY_STREAM, offset: 0, work: new WorkBudget(), ...limits }, {
      clock: context.clock,
      onOutcome: ({ pipeline, processor, row, outcome }) => {
        const step = { pipeline: pipelines[pipeline]?.name ?? '', processor, type: pipelines[pipeline]?.processors[processor]?.processor.type ?? '', outcome }
        steps.set(row, [...(steps.get(row) ?? []), step])
      },
    })
    const before = await rendered(context, [table], signal)
    const after = await rendered(context, (await draft.finish()).map((part) => part.table), signal)
    const numbers = table.columns.find(({ name }) => name === ROW_COLUMN)
    for (let row = 0; row < table.rows; row++) {
      const received = numbers?.layout === 'number' ? (numbers.values[row] ?? row) : row
      tried.push({ before: before.get(received), after: after.get(received) ?? null, steps: steps.get(row) ?? [] })
    }
  }
  return { events: tried }
}

/** As many as a person looks through. */
const DEFAULT_EVENTS = 20
const MAX_EVENTS = 100
/** Where none of these events stands. */
const DRY_STREAM = 'dry-run/0'

async function newestEvents(context: QueryContext, tenantId: string, question: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<readonly RenderedEvent[]> {
  const limit = question['limit'] ?? DEFAULT_EVENTS
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_EVENTS) throw new BadQuestionError(`limit must be a whole number from 1 to ${MAX_EVENTS}`)
  const { filter, fromNs, toNs } = readFilter(question['filter'] ?? {}, context.clock.nowMs())
  const from = await clippedFrom(context, tenantId, fromNs)
  const { events } = await context.admission.run(tenantId, signal, async () => await context.engine.list({ tenantId, kind: 'log', fromNs: from, toNs, filter, order: 'desc', limit, streams: streamsOf(context.topics, tenantId) }, signal))
  return events
}

/** One table for each day. */
function tablesOf(events: readonly RenderedEvent[]): readonly Table[] {
  const days = Map.groupBy(events, ({ timestampNs }) => timestampNs / NS_PER_DAY)
  return [...days].map(([day, ofDay]) => tableOf(ofDay.map((event) => ({ timeOffset: Number(event.timestampNs % NS_PER_DAY), values: valuesOf(event) })), { dayNs: day * NS_PER_DAY }))
}

function valuesOf({ message, status, service, host, source, tags, traceId, spanId, attributesJson }: RenderedEvent): ReadonlyMap<string, PlainValue> {
  const reserved = { message, status, service, host, source, trace_id: traceId, span_id: spanId, tags: tags.length === 0 ? undefined : tags.join(',') }
  return new Map<string, PlainValue>([...Object.entries(reserved).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])), ...(parseJsonAttributes(attributesJson, undefined) ?? [])])
}

function decodedTables(events: unknown, options: { readonly receivedNs: bigint; readonly oldestNs: bigint; readonly newestNs: bigint }): readonly Table[] {
  if (!Array.isArray(events) || events.length === 0 || events.length > MAX_EVENTS) throw new BadQuestionError(`events must be a list of 1 to ${MAX_EVENTS} objects`)
  const { parts, rejected } = decodeEvents(Buffer.from(JSON.stringify(events)), { ...options, maxPartBytes: Infinity })
  const [first] = rejected
  if (first !== undefined) throw new BadQuestionError(`events[${first.index}]: ${first.reason}`)
  return parts.flatMap(({ tables }) => tables)
}

/** By the row as received. */
async function rendered({ clock }: QueryContext, tables: readonly Table[], signal: AbortSignal): Promise<ReadonlyMap<number, unknown>> {
  const matcher = createFragmentMatcher({ type: 'all' }, clock)
  const found = new Map<number, unknown>()
  for (const table of tables) {
    const { events } = await matcher.match({ tenantId: '', stream: DRY_STREAM, offset: 0, bytes: encodeFragment(table, { purpose: 'fresh' }) }, MAX_EVENTS, signal)
    // The id is of no event that is stored.
    for (const event of events) found.set(event.id.row, (JSON.parse(renderEvent(event)) as { readonly attributes: unknown }).attributes)
  }
  return found
}

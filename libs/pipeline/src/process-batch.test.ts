import { randomBytes } from 'node:crypto'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import { decodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf, type PlainValue } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { systemClock } from '@millrace/runtime/system-clock'
import { compilePipelines, type CompiledPipeline } from './compile-pipelines.ts'
import { defaultPipelines } from './default-pipelines.ts'
import { parsePipelineDocument } from './pipeline-document.ts'
import { DAY_NS } from './pipeline-harness.ts'
import { BatchTooLargeError, processBatch } from './process-batch.ts'

const options = { clock: systemClock, stream: 'g/0', offset: 3, retentionDays: 30, maxRecordBytes: 1_048_576 }
const compile = (...processors: readonly object[]): readonly CompiledPipeline[] => compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', processors }] }))

function batchOf(...events: readonly Readonly<Record<string, PlainValue>>[]): BatchRecord {
  const bytes = encodeFragment(tableOf(events.map((event) => ({ timeOffset: 5, values: new Map(Object.entries(event)) })), { dayNs: DAY_NS }))
  return { tenantId: 't', receivedMs: Number(DAY_NS / 1_000_000n), sourceOffset: undefined, requests: [{ id: new Uint8Array(16), part: 0, firstRow: 0, rows: events.length, window: 'retry' }], fragments: [{ kind: 'log', dayNs: DAY_NS, rows: events.length, bytes }] }
}

const eventsOf = ({ fragments }: BatchRecord): readonly (readonly [day: bigint, row: unknown, message: unknown])[] =>
  fragments.flatMap(({ bytes, dayNs }) => {
    const table = decodeFragment(bytes)
    const rows = table.columns.find(({ name }) => name === '_row')
    return rowsOf(table).map(({ values }, index) => [(dayNs - DAY_NS) / 86_400_000_000_000n, rows?.layout === 'number' ? rows.values[index] : undefined, values.get('message')] as const)
  })

describe('a batch', () => {
  it('that no pipeline touches is passed on as it is', async () => {
    const batch = batchOf({ message: 'a' })
    for (const pipelines of [[], compile({ type: 'drop', if: 'nothing' }), compile({ type: 'parse-json' })]) expect(await processBatch(pipelines, batch, options)).toEqual({ record: batch, bytes: undefined, droppedEvents: 0, isCutShort: false })
  })

  it('keeps the rows\' numbers and its requests when some are dropped, also all', async () => {
    const batch = batchOf({ message: 'a' }, { message: 'b' }, { message: 'c' })
    const some = await processBatch(compile({ type: 'drop', if: 'b' }), batch, options)
    expect(eventsOf(some.record)).toEqual([[0n, 0, 'a'], [0n, 2, 'c']])
    expect(some.droppedEvents).toBe(1)
    expect(decodeBatchRecord(some.bytes ?? new Uint8Array())).toEqual(some.record)
    const none = await processBatch(compile({ type: 'drop' }), batch, options)
    expect(none.record.fragments).toEqual([])
    expect(decodeBatchRecord(none.bytes ?? new Uint8Array()).requests).toEqual(batch.requests)
  })

  it('is cut at day borders when events are moved to other days', async () => {
    const dates = ['2024-10-03T23:00:00Z', '2024-10-04T01:00:00Z', '2024-10-01T00:00:00Z', '2023-01-01T00:00:00Z', '2024-10-04T00:11:00Z']
    const { record } = await processBatch(compile({ type: 'date', from: ['message'] }), batchOf(...dates.map((message) => ({ message }))), options)
    // Beyond ten minutes ahead and the retention they stay where they were.
    expect(eventsOf(record)).toEqual([[-3n, 2, dates[2]], [-1n, 0, dates[0]], [0n, 1, dates[1]], [0n, 3, dates[3]], [0n, 4, dates[4]]])
    expect(record.fragments.map(({ dayNs, rows }) => [(dayNs - DAY_NS) / 86_400_000_000_000n, rows])).toEqual([[-3n, 1], [-1n, 1], [0n, 3]])
  })

  it('that would grow too large is packed better, then goes without what was added', async () => {
    const noise = (): string => randomBytes(150).toString('base64')
    const batch = batchOf(...Array.from({ length: 500 }, (_, i) => ({ message: `${JSON.stringify({ a: noise() })}`, '@key': i, service: 'secret-1' })))
    const { record, isCutShort, bytes } = await processBatch(compile({ type: 'parse-json' }, { type: 'remap', from: ['@key'], to: '@renamed' }, { type: 'set', to: '@more', value: 'x' }, { type: 'redact', patterns: ['secret-[0-9]'], if: '@more:x' }), batch, { ...options, maxRecordBytes: (batch.fragments[0]?.bytes.length ?? 0) + 1_000 })
    expect(isCutShort).toBe(true)
    expect(bytes?.length).toBeLessThan((batch.fragments[0]?.bytes.length ?? 0) + 1_000)
    const [row] = rowsOf(decodeFragment(record.fragments[0]?.bytes ?? new Uint8Array()))
    expect(row?.values.get('service')).toBe('[REDACTED]')
    expect(row?.values.has('@more')).toBe(false)
    expect(row?.values.get('@key')).toBe(0)
    await expect(processBatch(compile({ type: 'redact', patterns: ['secret-[0-9]'] }), batch, { ...options, maxRecordBytes: 1_000 })).rejects.toThrow(BatchTooLargeError)
  })

  it('that only the defaults would make too large is passed on as it came', async () => {
    const batch = batchOf(...Array.from({ length: 300 }, (_, i) => ({ message: JSON.stringify({ msg: 'm', [`k${i}`]: randomBytes(150).toString('base64') }) })))
    expect(await processBatch(defaultPipelines(), batch, { ...options, maxRecordBytes: (batch.fragments[0]?.bytes.length ?? 0) + 100 })).toEqual({ record: batch, bytes: undefined, droppedEvents: 0, isCutShort: true })
  })

  it('is cut by how long events are kept, once every reader knows the class', async () => {
    const batch = batchOf({ message: 'a' }, { message: 'b' }, { message: 'c' })
    const pipelines = compile({ type: 'retention', days: 3, if: 'b OR c' }, { type: 'retention', days: 1, if: 'c' }, { type: 'retention', days: 7, if: 'c' })
    const classes = [{ days: 3, fromMs: batch.receivedMs }, { days: 1, fromMs: batch.receivedMs + 1 }]
    const kept = async (known: typeof classes): Promise<unknown> => (await processBatch(pipelines, batch, { ...options, classes: known })).record.fragments.map(({ rows, retentionDays }) => [rows, retentionDays])
    expect(await kept([])).toEqual([[3, undefined]])
    expect(await kept(classes)).toEqual([[2, undefined], [1, 3]])
    expect(await kept(classes.map(({ days }) => ({ days, fromMs: 0 })))).toEqual([[1, undefined], [1, 1], [1, 3]])
  })

  it('comes out the same each time', async () => {
    const batch = batchOf(...Array.from({ length: 300 }, (_, i) => ({ message: `{"n":${i}}` })))
    const pipelines = compile({ type: 'parse-json' }, { type: 'sample', rate: 0.3 })
    const [first, second] = [await processBatch(pipelines, batch, options), await processBatch(pipelines, batch, options)]
    expect(first.bytes).toEqual(second.bytes)
    expect(first.droppedEvents).toBeGreaterThan(150)
  })
})

/** Prints the CPU time of eight questions over 1.1 million events, warm and once cold: `node libs/query-engine/src/query-engine.bench.ts [Q1 …]`. */
import assert from 'node:assert/strict'
import { mergeTables } from '@millrace/fragment/merge-tables'
import { sampleTable } from '@millrace/fragment/sample-table'
import { stringsFrom, textsOf } from '@millrace/fragment/strings'
import { MAX_TABLE_ROWS, type Table } from '@millrace/fragment/table'
import { parseQuery } from '@millrace/query-language/parse-query'
import { systemClock } from '@millrace/runtime/system-clock'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import { openQueryEngine } from './open-query-engine.ts'
import type { AggregateRequest, QueryEngine } from './query-engine.ts'

const FRAGMENTS = 17
const RUNS = 15
const MINUTE_MS = 60_000
const wanted = new Set(process.argv.slice(2))
const never = new AbortController().signal

const ports = new MemoryPorts()
let aTrace = ''
for (let i = 0; i < FRAGMENTS; i++) {
  const table = withRareMessages(mergeTables([{ table: sampleTable(MAX_TABLE_ROWS, i * MAX_TABLE_ROWS), origin: { stream: `g1/${i % 4}`, offset: i } }]))
  const traces = table.columns.find(({ name }) => name === 'trace_id')
  if (traces?.layout === 'text') aTrace = textsOf(traces.strings)[777] ?? ''
  ports.addTable(table, { isIndexed: false, words: new Set() })
}

const question = { tenantId: TENANT, kind: 'log' as const, fromNs: 0n, toNs: 86_400_000_000_000n, streams: ['g1/0'] }
const count = { aggregation: 'count' as const, type: 'total' as const }
const byMinute = { aggregation: 'count' as const, type: 'timeseries' as const, intervalMs: MINUTE_MS }
const newest = (search: string) => async (engine: QueryEngine): Promise<number> => (await engine.list({ ...question, filter: parseQuery(search), order: 'desc', limit: 100 }, never)).events.length
const aggregate = (search: string, asked: Pick<AggregateRequest, 'computes' | 'groupBy'>) => async (engine: QueryEngine): Promise<number> => (await engine.aggregate({ ...question, filter: parseQuery(search), ...asked }, never)).buckets.length

const questions: Readonly<Record<string, (engine: QueryEngine) => Promise<number>>> = {
  'Q1 errors by minute': aggregate('status:error', { computes: [byMinute], groupBy: [] }),
  'Q2 top services': aggregate('*', { computes: [count], groupBy: [{ facet: 'service', limit: 10 }] }),
  'Q3 newest with phrase': newest('"disk quota exceeded"'),
  'Q4 one trace': newest(`trace_id:${aTrace}`),
  'Q5 p95 by service, minute': aggregate('*', { computes: [{ aggregation: 'pc95', metric: '@duration_ms', type: 'timeseries', intervalMs: MINUTE_MS }], groupBy: [{ facet: 'service', limit: 20 }] }),
  'Q6 newest with substring': newest('service:api-gateway status:error *meoutExc*'),
  'Q7 distinct users': aggregate('*', { computes: [{ aggregation: 'cardinality', metric: '@user_id', type: 'total' }], groupBy: [] }),
  'Q8 regex by minute': aggregate('message:~"upstream [a-z-]+ returned (502|504)"', { computes: [byMinute], groupBy: [] }),
}

const warmEngine = openQueryEngine({ ...portsOf(ports), clock: systemClock, cacheBytes: 1024 * 1024 * 1024 })
console.log(`${FRAGMENTS * MAX_TABLE_ROWS} events in ${FRAGMENTS} fragments; median of ${RUNS}`)
for (const [name, ask] of Object.entries(questions)) {
  if (wanted.size > 0 && !wanted.has(name.slice(0, 2))) continue
  const coldMs = await timeMs(ask, openQueryEngine({ ...portsOf(ports), clock: systemClock }))
  const times: number[] = []
  for (let i = 0; i < RUNS; i++) times.push(await timeMs(ask, warmEngine))
  const [best, median] = [times.sort((a, b) => a - b)[0], times[RUNS >> 1]]
  assert(best !== undefined && median !== undefined)
  console.log(`${name.padEnd(28)}warm ${median.toFixed(1).padStart(7)} ms  best ${best.toFixed(1).padStart(7)} ms  cold ${coldMs.toFixed(0).padStart(6)} ms  ${await ask(warmEngine)} results`)
}

/** CPU time: wall time on a shared machine says little. */
async function timeMs(ask: (engine: QueryEngine) => Promise<number>, engine: QueryEngine): Promise<number> {
  const before = process.cpuUsage()
  await ask(engine)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function portsOf({ catalog, store, index }: MemoryPorts): Pick<MemoryPorts, 'catalog' | 'store' | 'index'> {
  return { catalog, store, index }
}

/** One event in 5000 with the phrase, one in 100 with what the regular expression is after, and one in 100 close to it. */
function withRareMessages(table: Table): Table {
  const columns = table.columns.map((column) => {
    if (column.name !== 'message' || column.layout !== 'text') return column
    const texts = textsOf(column.strings).map((text, row) => {
      if (row % 5000 === 17) return `write to volume ${row} failed: Disk quota exceeded`
      if (row % 100 === 3) return `upstream payments-api returned ${row % 200 === 3 ? 502 : 504} after ${row} ms`
      return row % 100 === 7 ? `upstream payments-api returned 200 after ${row} ms` : text
    })
    return { ...column, strings: stringsFrom(texts) }
  })
  return { ...table, columns }
}

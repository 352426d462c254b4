import { ROW_COLUMN } from './event-columns.ts'
import { stringsFrom } from './strings.ts'
import type { Column, Table } from './table.ts'

/**
 * Log events of a made-up shop, the same for the same seed: 15 fields, messages from templates with ids, addresses and durations.
 * For benchmarks and format fixtures; the times fill one hour of the day 0 in order, with some disorder.
 *
 * @param fromRow first of the rows, out of an endless sequence; `_row` counts from 0 in each table.
 */
export function sampleTable(rows: number, fromRow = 0): Table {
  const random = createRandom(0x9e3779b9 ^ fromRow)
  const int = (below: number): number => Math.floor(random() * below)
  const pick = <T>(values: readonly T[]): T => values[int(values.length)] as T
  /** Small numbers are likely, as with real users and services. */
  const skewed = (below: number): number => Math.floor(below ** random()) - 1
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const hex = (digits: number): string => Array.from({ length: digits / 8 }, () => int(4294967296).toString(16).padStart(8, '0')).join('')

  const timeOffsets = new Float64Array(rows)
  const texts: Record<string, string[]> = {}
  const numbers: Record<string, number[]> = {}
  const traces: string[] = []
  for (let row = 0; row < rows; row++) {
    timeOffsets[row] = 36_000e9 + Math.floor((fromRow + row) * 1.8 + random() * 100) * 1e6
    const host = `node-${String(int(200)).padStart(3, '0')}`
    const service = skewed(SERVICES.length + 1)
    const user = `u${String(skewed(100_001)).padStart(6, '0')}`
    const luck = random()
    const status = luck < 0.85 ? 'info' : luck < 0.95 ? 'warn' : 'error'
    const duration = Math.exp(3 + 0.9 * gauss()).toFixed(2)
    const component = pick(COMPONENTS)
    const message = pick(MESSAGES[status]).replace(/\{(\w+)\}/g, (_, slot: string) => {
      if (slot === 'c') return component
      if (slot === 'u') return user
      if (slot === 'h') return host
      if (slot === 'd') return duration
      if (slot === 'id') return hex(8)
      if (slot === 'ip') return `10.${int(256)}.${int(256)}.${1 + int(254)}`
      return slot === 'k' ? String(1 + int(16)) : String(1 + int(90_000))
    })
    const trace = traces.length === 0 || random() < 0.8 ? hex(32) : pick(traces)
    if (traces.length < 4096) traces.push(trace)
    else traces[int(4096)] = trace
    const fields = {
      message, status, service: SERVICES[service] ?? 'geo', host, trace_id: trace, '@env': pick(ENVS), '@version': `${1 + (service & 3)}.${10 + service}.${random() < 0.9 ? 0 : 1}`,
      '@http.method': pick(METHODS), '@http.url_path': pick(PATHS).replaceAll('#', () => String(int(100_000))), '@user_id': user,
    }
    for (const [name, text] of Object.entries(fields)) (texts[name] ??= []).push(text)
    const measures = { '@http.status_code': status === 'info' ? pick([200, 200, 201, 204]) : pick([400, 404, 429, 500, 503]), '@duration_ms': Number(duration), '@bytes': Math.floor(Math.exp(7 + 1.2 * gauss())), [ROW_COLUMN]: row }
    for (const [name, value] of Object.entries(measures)) (numbers[name] ??= []).push(value)
  }
  const columns: Column[] = Object.entries(texts).map(([name, values]) => stringColumn(name, values))
  for (const [name, values] of Object.entries(numbers)) columns.push({ layout: 'number', name, type: 'number', values: Float64Array.from(values), present: undefined })
  return { rows, dayNs: 0n, timeOffsets, columns }
}

function stringColumn(name: string, values: readonly string[]): Column {
  const codeOf = new Map<string, number>()
  for (const value of values) if (!codeOf.has(value)) codeOf.set(value, codeOf.size + 1)
  if (codeOf.size > 256 + values.length / 2) return { layout: 'text', name, type: 'string', strings: stringsFrom(values), present: undefined }
  return { layout: 'dictionary', name, type: 'string', codes: Uint32Array.from(values, (value) => codeOf.get(value) ?? 0), dictionary: stringsFrom([...codeOf.keys()]) }
}

/** xorshift32: numbers in [0, 1), no better than samples need. */
function createRandom(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4294967296
  }
}

const SERVICES = ['checkout', 'api-gateway', 'auth', 'catalog', 'search', 'payments', 'inventory', 'shipping', 'notify', 'profile', 'recommend', 'pricing', 'cart', 'billing', 'fraud', 'media']
const ENVS = ['prod', 'prod', 'prod', 'staging', 'dev']
const METHODS = ['GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE']
const PATHS = ['/api/v1/users/#', '/api/v1/users/#/orders', '/api/v1/orders/#/items/#', '/api/v2/products/#/reviews', '/api/v1/search', '/healthz', '/api/v2/sessions/#', '/api/v1/inventory/sku-#', '/static/img/#.png']
const COMPONENTS = ['orders', 'ledger', 'session', 'product', 'search']
const MESSAGES = {
  info: [
    'completed {c} request {id} for user {u} in {d} ms with {n} bytes written and {k} rows read from replica {h}',
    'cache hit for {c} key {id} shard {k}, served {n} bytes to {ip} in {d} ms without touching the primary store',
    'accepted connection from {ip}:{n} on {c} listener, tls session {id} resumed, handshake took {d} ms',
    '{c} worker {k} processed batch {id} of {n} records in {d} ms, committed offset {n} to partition {k}',
    'published event {c}.updated id={id} to topic {c}-events partition {k} offset {n}, broker acknowledged in {d} ms',
    'user {u} authenticated against {c} realm from {ip} using token {id}, session ttl {n} seconds remaining',
    'query on table {c}_{k} returned {n} rows in {d} ms, plan {id} used index {c}_pkey, buffers hit {n}',
    'rendered {c} page for user {u} with {k} fragments in {d} ms, {n} bytes after gzip, etag {id} unchanged',
    'health check for {c} passed on {h}, latency {d} ms, open connections {n}, queue depth {k}, build {id}',
    'grpc call /{c}.Service/Get finished with code OK peer={ip}:{n} request={id} elapsed={d}ms retries={k}',
  ],
  warn: [
    'slow query on {c}_{k}: {d} ms exceeded threshold of {n} ms, statement {id} will be sampled for analysis',
    'connection pool for {c} nearly exhausted on {h}: {n} in use, {k} idle, oldest checkout {id} held for {d} ms',
    'gc pause of {d} ms on {h} while serving {c} request {id}, heap {n} KiB, generation {k} promoted objects',
  ],
  error: [
    'java.net.SocketTimeoutException: Read timed out calling {c} at {ip}:{n} after {d} ms, request {id}, attempt {k}',
    'failed to commit {c} transaction {id} for user {u}: deadlock detected after {d} ms, {n} rows rolled back',
    'panic recovered in {c} handler for request {id}: index out of range [{n}] with length {k}, goroutine {n}',
  ],
}

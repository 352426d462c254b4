import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendRequest } from '../client/send-request.ts'
import { percentileOf } from '../load/percentile.ts'
import { SERVICES } from '../load/log-templates.ts'

/** What the quiet tenant saw in one window. */
export interface QuietWindow {
  readonly ackMs: Latencies
  readonly queryMs: Latencies
  /** Requests and questions that were answered otherwise than by success, or with an incomplete answer. */
  readonly failures: number
  readonly firstFailure: string | undefined
  /** 99th percentile of how late this process's own event loop was: below it a latency says nothing about the system. */
  readonly ownDelayMs: number
}

export interface Latencies {
  readonly count: number
  readonly p50: number
  readonly p99: number
}

export interface QuietOptions {
  readonly url: string
  readonly apiKey: string
  /** Sent in turn, each time under another idempotency key. */
  readonly bodies: readonly Buffer[]
  readonly requestsPerSecond: number
  readonly queriesPerSecond: number
  readonly seconds: number
}

/** Sends and asks at fixed rates, whatever the answers take. A latency counts from the moment when its request was due, so that a stall is seen by all that fall into it. */
export async function runQuietTenant({ url, apiKey, bodies, requestsPerSecond, queriesPerSecond, seconds }: QuietOptions): Promise<QuietWindow> {
  const agent = new Agent({ keepAlive: true })
  const headers = { 'dd-api-key': apiKey }
  const failures: string[] = []
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const send = async (n: number): Promise<void> => {
    const attempt = await sendRequest({ method: 'POST', url: `${url}/v1/events`, headers: { ...headers, 'content-type': 'application/x-ndjson', 'idempotency-key': randomUUID() }, body: bodies[n % bodies.length] ?? EMPTY, agent })
    if (attempt.outcome !== 'replied' || attempt.status !== 200) failures.push(attempt.outcome === 'replied' ? `ingest answered ${attempt.status}` : attempt.reason)
  }
  const ask = async (n: number): Promise<void> => {
    const { path, question } = questionOf(n, Date.now())
    const attempt = await sendRequest({ method: 'POST', url: `${url}${path}`, headers: { ...headers, 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(question)), agent })
    if (attempt.outcome !== 'replied' || attempt.status !== 200) failures.push(attempt.outcome === 'replied' ? `${path} answered ${attempt.status}` : attempt.reason)
    else if (!attempt.body.includes('"complete":true')) failures.push(`an incomplete answer: ${attempt.body.toString('utf8').slice(-300)}`)
  }
  const [ack, query] = await Promise.all([atRate(requestsPerSecond, seconds, send), atRate(queriesPerSecond, seconds, ask)])
  delay.disable()
  agent.destroy()
  return { ackMs: latenciesOf(ack), queryMs: latenciesOf(query), failures: failures.length, firstFailure: failures[0], ownDelayMs: Math.round(delay.percentile(99) / 1e5) / 10 }
}

const EMPTY = Buffer.alloc(0)
/** A light dashboard looks at the last minutes. */
const RANGE_MS = 5 * 60_000

/** In turn: the newest events of a service, and its errors by minute. */
function questionOf(n: number, nowMs: number): { readonly path: string; readonly question: object } {
  const filter = { query: n % 2 === 0 ? `service:${SERVICES[n % SERVICES.length]}` : 'status:error', from: nowMs - RANGE_MS, to: nowMs }
  return n % 2 === 0
    ? { path: '/api/v2/logs/events/search', question: { filter, sort: '-timestamp', page: { limit: 50 } } }
    : { path: '/api/v2/logs/analytics/aggregate', question: { filter, compute: [{ aggregation: 'count', type: 'timeseries', interval: '1m' }] } }
}

/** Answers the ms from when each call was due until it was done. */
async function atRate(perSecond: number, seconds: number, call: (n: number) => Promise<void>): Promise<readonly number[]> {
  const startedMs = performance.now()
  const calls: Promise<number>[] = []
  for (let n = 0; n < perSecond * seconds; n++) {
    const dueMs = startedMs + (n * 1000) / perSecond
    const leftMs = dueMs - performance.now()
    if (leftMs > 0) await sleep(leftMs)
    calls.push(call(n).then(() => performance.now() - dueMs))
  }
  return await Promise.all(calls)
}

function latenciesOf(values: readonly number[]): Latencies {
  return { count: values.length, p50: percentileOf(values, 0.5), p99: percentileOf(values, 0.99) }
}

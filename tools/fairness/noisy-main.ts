/** The noisy tenant, in a process of its own that stands back for all others while anything is measured: large bodies and heavy questions at fixed rates until its parent says stop. */
import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { getPriority, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendRequest } from '../client/send-request.ts'
import { eventBodies } from './event-bodies.ts'
import type { NoisyCommand, NoisyCounts, NoisyOptions } from './noisy-tenant.ts'

/** As far as nice(1) goes, from where the tool is: making its load must not take the cores from what is measured. */
const PRIORITY_STEPS = 19
/** Other bodies in turn; each is sent under another idempotency key, so that each is stored. */
const BODIES = 4
const SPAN_MS = 10 * 60_000
/** A pool of connections as a large installation's agents have them. What is due beyond it is not sent, and counted. */
const MAX_QUERIES_IN_FLIGHT = 16
const MAX_BODIES_IN_FLIGHT = 4

const options = JSON.parse(process.argv[2] ?? '') as NoisyOptions
const agent = new Agent({ keepAlive: true })
const headers = { 'dd-api-key': options.apiKey }
const bodies = eventBodies({ seed: options.seed, bodies: BODIES, eventsPerBody: options.eventsPerBody, baseMs: options.baseMs - SPAN_MS, spanMs: SPAN_MS })
let counts = newCounts()
let asked = 0
let isStandingBack = false

function newCounts(): { -readonly [Name in keyof NoisyCounts]: NoisyCounts[Name] } {
  return { takenBodies: 0, takenBytes: 0, answers: 0, refused: 0, busy: 0, notSent: 0, failed: 0 }
}

function count(attempt: Awaited<ReturnType<typeof sendRequest>>, onSuccess: () => void): void {
  if (attempt.outcome !== 'replied') counts.failed++
  else if (attempt.status === 200) onSuccess()
  else if (attempt.status === 429) counts.refused++
  else if (attempt.status === 503) counts.busy++
  else counts.failed++
}

async function sendBody(n: number): Promise<void> {
  const body = bodies[n % bodies.length]
  if (body === undefined) return
  const attempt = await sendRequest({ method: 'POST', url: `${options.url}/v1/events`, headers: { ...headers, 'content-type': 'application/x-ndjson', 'idempotency-key': randomUUID() }, body, agent })
  count(attempt, () => {
    counts.takenBodies++
    counts.takenBytes += body.length
  })
}

/**
 * Percentiles by service and minute, distinct users, and a phrase that is in no event: each reads columns of every event. No two have the same range, so that no
 * remembered answer serves for another.
 */
async function ask(n: number): Promise<void> {
  const filter = { query: n % 3 === 2 ? '"no event says this"' : '*', from: options.baseMs - SPAN_MS + 1 + (asked++ % 10_000), to: options.baseMs }
  const compute = n % 3 === 0 ? [{ aggregation: 'pc95', metric: '@duration_ms', type: 'timeseries', interval: '1m' }] : n % 3 === 1 ? [{ aggregation: 'cardinality', metric: '@user_id' }] : [{ aggregation: 'count' }]
  const question = { filter, compute, group_by: n % 3 === 0 ? [{ facet: 'service', limit: 20 }] : [] }
  const attempt = await sendRequest({ method: 'POST', url: `${options.url}/api/v2/logs/analytics/aggregate`, headers: { ...headers, 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(question)), agent, timeoutMs: 60_000 })
  count(attempt, () => counts.answers++)
}

async function atRate(perSecond: number, maxInFlight: number, signal: AbortSignal, call: (n: number) => Promise<void>): Promise<void> {
  const startedMs = performance.now()
  const inFlight = new Set<Promise<void>>()
  for (let n = 0; !signal.aborted; n++) {
    await sleep(Math.max(0, startedMs + (n * 1000) / perSecond - performance.now()), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) break
    if (inFlight.size === maxInFlight) {
      counts.notSent++
      continue
    }
    const calling = call(n)
    inFlight.add(calling)
    void calling.finally(() => inFlight.delete(calling))
  }
  await Promise.all(inFlight)
}

let stop = new AbortController()
let running: Promise<unknown> = Promise.resolve()
process.on('message', (command: NoisyCommand) => {
  if (command === 'start') {
    if (!isStandingBack) setPriority(Math.min(PRIORITY_STEPS, getPriority() + PRIORITY_STEPS))
    isStandingBack = true
    counts = newCounts()
    stop = new AbortController()
    running = Promise.all([atRate(options.bodiesPerSecond, MAX_BODIES_IN_FLIGHT, stop.signal, sendBody), atRate(options.queriesPerSecond, MAX_QUERIES_IN_FLIGHT, stop.signal, ask)])
  } else if (command === 'preload') {
    running = (async () => {
      for (let n = 0; counts.takenBytes < options.preloadBytes; n++) {
        const before = counts.takenBodies
        await sendBody(n)
        if (counts.takenBodies === before) await sleep(500) // refused for now
      }
    })()
    void running.then(() => process.send?.(counts))
  } else {
    stop.abort()
    void running.then(() => process.send?.(counts))
  }
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')

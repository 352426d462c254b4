import { setTimeout as sleep } from 'node:timers/promises'
import { UnexpectedReplyError, type AnswerMeta, type MillraceClient } from '../client/millrace-client.ts'
import { SERVICES } from '../load/log-templates.ts'
import { parseLedgerId } from '../load/ledger-event.ts'
import type { LedgerHeader } from '../load/ledger.ts'
import { SeededNumbers } from '../load/seeded-numbers.ts'
import { sentFormOf } from '../ledger/scan-tenant.ts'
import { boundsOf, timesOf, type AnswerMoment } from './expected-answer.ts'
import { QUESTIONS, STATUSES, type RequestFacts } from './request-facts.ts'

export interface QueryStatistics {
  asked: number
  /** Said that they are complete. */
  complete: number
  /** Said that they include everything up to {@link MAX_BEHIND_MS} before the answer. */
  fresh: number
  /** Largest distance of `complete_until` from the moment of asking, ms. */
  maxBehindMs: number
  readonly latenciesMs: number[]
  /** Contradictions between an answer and the ledger, and failed queries. Each is a finding. */
  readonly wrong: string[]
}

export interface AskOptions {
  readonly header: LedgerHeader
  readonly clients: readonly MillraceClient[]
  /** Of each tenant; grows while the load runs. */
  readonly requests: readonly RequestFacts[][]
  readonly perSecond: number
  readonly seed: number
  /** Told how each question ended. With it a question may also stay unanswered (503, 429, no connection), which is then no finding. */
  readonly onEnd?: (end: QuestionEnd) => void
}

export interface QuestionEnd {
  /** ms since 1970. */
  readonly askedMs: number
  readonly outcome: 'complete' | 'incomplete' | 'unanswered'
  /** Why, unless it is complete. */
  readonly detail: string
}

/** The freshness promise. */
export const MAX_BEHIND_MS = 2000
const RANGE_MS = 15 * 60_000
const NEWEST_EVENTS = 100
const MAX_WRONG = 50

/** Asks at a fixed rate, whatever the answers take, and checks each answer against the load's own account. */
export async function askQuestions(options: AskOptions, signal: AbortSignal): Promise<QueryStatistics> {
  const statistics: QueryStatistics = { asked: 0, complete: 0, fresh: 0, maxBehindMs: 0, latenciesMs: [], wrong: [] }
  const numbers = new SeededNumbers(options.seed, QUERY_STREAM)
  const pending = new Set<Promise<void>>()
  const startedMs = performance.now()
  for (let due = 0; ; due++) {
    await sleep(Math.max(0, startedMs + (due * 1000) / options.perSecond - performance.now()))
    if (signal.aborted) break
    const tenant = numbers.below(options.clients.length)
    const askedMs = Date.now()
    const asking = ask(options, statistics, tenant, numbers.below(QUESTIONS.length + 3)).catch((error: unknown) => {
      if (options.onEnd !== undefined && isUnanswered(error)) options.onEnd({ askedMs, outcome: 'unanswered', detail: String(error) })
      else note(statistics, `tenant ${tenant}: ${String(error)}`)
    })
    pending.add(asking)
    void asking.then(() => pending.delete(asking))
  }
  await Promise.all(pending)
  return statistics
}

const QUERY_STREAM = 2 ** 43

/** What a question may meet while something is down: never a wrong answer and never a server's error. */
function isUnanswered(error: unknown): boolean {
  return error instanceof UnexpectedReplyError && (error.status === 0 || error.status === 503 || error.status === 429)
}

async function ask(options: AskOptions, statistics: QueryStatistics, tenant: number, kind: number): Promise<void> {
  const client = options.clients[tenant]
  const requests = options.requests[tenant]
  if (client === undefined || requests === undefined) return
  const askedMs = Date.now()
  const startedMs = performance.now()
  const range = { from: askedMs - RANGE_MS, to: askedMs }
  const question = QUESTIONS[kind]
  statistics.asked += 1
  const judged = (meta: AnswerMeta): AnswerMoment => {
    statistics.latenciesMs.push(performance.now() - startedMs)
    const completeUntilMs = meta.complete_until === undefined ? -Infinity : Date.parse(meta.complete_until)
    if (meta.complete) statistics.complete += 1
    options.onEnd?.({ askedMs, outcome: meta.complete ? 'complete' : 'incomplete', detail: meta.complete ? '' : JSON.stringify(meta.warnings) })
    if (askedMs - completeUntilMs <= MAX_BEHIND_MS) statistics.fresh += 1
    statistics.maxBehindMs = Math.max(statistics.maxBehindMs, askedMs - completeUntilMs)
    return { fromMs: range.from, toMs: range.to, completeUntilMs: meta.complete ? completeUntilMs : -Infinity, answeredMs: Date.now() }
  }
  const check = (name: string, value: number, moment: AnswerMoment, count: (facts: RequestFacts) => number): void => {
    const { least, most } = boundsOf(requests, moment, count)
    if (value < least || value > most) note(statistics, `tenant ${tenant}: ${name} answered ${value}, must be ${least} to ${most}`)
  }

  if (question !== undefined) {
    const { data, meta } = await client.aggregate({ filter: { query: question.query, ...range }, compute: [{ aggregation: 'count' }] })
    check(question.query, Number(data.buckets[0]?.computes['c0'] ?? 0), judged(meta), ({ matching }) => matching[kind] ?? 0)
  } else if (kind === QUESTIONS.length || kind === QUESTIONS.length + 1) {
    const [facet, names] = kind === QUESTIONS.length ? (['service', SERVICES] as const) : (['status', STATUSES] as const)
    const { data, meta } = await client.aggregate({ filter: { query: '*', ...range }, compute: [{ aggregation: 'count' }], group_by: [{ facet, limit: 100 }] })
    const moment = judged(meta)
    const counts = new Map(data.buckets.map(({ by, computes }) => [String(by[facet]), Number(computes['c0'])]))
    names.forEach((name, index) => check(`${facet} ${name}`, counts.get(name) ?? 0, moment, (facts) => (facet === 'service' ? facts.byService[index] : facts.byStatus[index]) ?? 0))
  } else {
    const { data, meta } = await client.search({ filter: { query: '*', ...range }, sort: '-timestamp', limit: NEWEST_EVENTS })
    const moment = judged(meta)
    for (const problem of newestProblems(options.header.run, tenant, data, requests, moment)) note(statistics, `tenant ${tenant}: newest: ${problem}`)
  }
}

/** What is wrong with a list of the newest events: unknown ones, wrong order, or one left out that is newer than its last. */
function newestProblems(run: string, tenant: number, data: Awaited<ReturnType<MillraceClient['search']>>['data'], requests: readonly RequestFacts[], moment: AnswerMoment): readonly string[] {
  const problems: string[] = []
  const listed = new Map<number, number>()
  let lastMs = Infinity
  for (const event of data) {
    const place = parseLedgerId(run, (sentFormOf(event)['ledger'] as { readonly id?: unknown } | undefined)?.id)
    const timeMs = Date.parse(String(event.attributes['timestamp']))
    if (place?.tenant !== tenant) problems.push(`${event.id} was never sent`)
    else listed.set(place.n, (listed.get(place.n) ?? 0) + 1)
    if (timeMs > lastMs) problems.push(`${event.id} is newer than the one before it`)
    lastMs = timeMs
  }
  const isFull = data.length === NEWEST_EVENTS
  for (const facts of requests) {
    const { sent, end } = facts
    const { earliestMs, latestMs } = timesOf(facts)
    if (end?.state !== 'acked' || end.atMs >= moment.completeUntilMs || earliestMs < moment.fromMs || latestMs > moment.toMs || (isFull && earliestMs <= lastMs)) continue
    for (let n = sent.first; n < sent.first + sent.count; n++) if (!listed.has(n) && !facts.gone.has(n)) problems.push(`event ${n} is missing`)
  }
  return problems.slice(0, 3)
}

function note(statistics: QueryStatistics, finding: string): void {
  if (statistics.wrong.length < MAX_WRONG) statistics.wrong.push(finding)
}

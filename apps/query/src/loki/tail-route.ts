import type { IncomingMessage } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import { eventIdText } from '@millrace/event/event-id'
import { NS_PER_MS, type TenantId } from '@millrace/event/event'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { takeConnection } from '@millrace/http/upgrades'
import { createFragmentMatcher, type FragmentMatcher, type FragmentMatches } from '@millrace/query-engine/fragment-matcher'
import type { RenderedEvent } from '@millrace/query-engine/query-engine'
import type { LogExpr } from '@millrace/query-language/logql/ast'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import type { Clock } from '@millrace/runtime/clock'
import { TailUnavailableError, type TailItem } from '@millrace/tail/tail'
import type { QueryContext } from '../query-context.ts'
import { BadQuestionError } from '../read-question.ts'
import { Entry } from './entry.ts'
import { LineStreams, type LineStream } from './find-lines.ts'
import { lowerLog } from './lower.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import { LABEL_KINDS_FLAG, MAX_LINES, wantsLabelKinds } from './query-routes.ts'
import { asBadQuestion, readLimit, readQueryText, readTime } from './request.ts'
import { LokiRun } from './run.ts'

/**
 * `GET /loki/api/v1/tail?query=&start=&limit=` over WebSocket: first the newest `limit` lines since `start`, then lines as they arrive. Each frame is
 * `{"streams":[{"stream":{…},"values":[["<ns>","line"]]}],"dropped_entries":[{"timestamp":"<ns>","labels":{…}}]}`. `dropped_entries` says that something was left out because it
 * came too fast, for Redis or for the client; `__dropped_lines__` and `__dropped_fragments__` in its labels say how much.
 *
 * The conversation ends when the key is revoked, and after {@link MAX_STREAM_MS}; clients then come back by themselves.
 */
export function lokiTailRoute(context: QueryContext): Route {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_CLIENT_BYTES, perMessageDeflate: false, clientTracking: false })
  const slots = createSlots()
  return {
    method: 'GET', path: '/loki/api/v1/tail', scope: 'query', dialect: 'loki',
    handle: async (request, response) => {
      const question = await asBadQuestion(() => Promise.resolve(readQuestion(context, request)))
      if (isForeignPage(request.raw)) {
        refuse('loki', response, { status: 403, code: 'bad-key', detail: 'pages of other origins may not listen' })
        return
      }
      const free = slots.take(request.tenantId)
      if (free === undefined) {
        refuse('loki', response, { status: 429, code: 'rate-limited', detail: 'max concurrent tail requests limit exceeded; close one, or wait', retryAfterS: RETRY_AFTER_S })
        return
      }
      const ended = new AbortController()
      try {
        // Before the handshake: who cannot be heard is refused in HTTP, where it is understood.
        const items = await context.tail.subscribe(request.tenantId, AbortSignal.any([request.signal, ended.signal]))
        const connection = takeConnection(response)
        if (connection === undefined) throw new BadQuestionError('the tail is spoken over WebSocket: the request must ask for an upgrade')
        const socket = await new Promise<WebSocket>((resolve) => { sockets.handleUpgrade(request.raw, connection.socket, connection.head, resolve) })
        await converse(context, request, question, items, socket, ended)
      } catch (error) {
        if (!(error instanceof TailUnavailableError)) throw error
        refuse('loki', response, { status: 503, code: 'unavailable', detail: 'the live tail is down at the moment, for want of Redis; queries work', retryAfterS: RETRY_AFTER_S })
      } finally {
        ended.abort()
        free()
      }
    },
  }
}

/** A team that watches an incident together. */
const MAX_TAILS_PER_TENANT = 20
/** Each may hold the tail's buffer for a subscriber: half a gigabyte at the very most. */
const MAX_TAILS = 256
/** Nobody reads faster; the rest of a flood is counted. */
const MAX_EVENTS_PER_FRAGMENT = 200
/** Clients have nothing to say. */
const MAX_CLIENT_BYTES = 1024
/** Proxies close what is silent for a minute, some sooner; a client that has not answered by the next is gone. The key is looked at again as often. */
const HEARTBEAT_MS = 10_000
/** Those who listen spread over replicas that have come meanwhile. */
const MAX_STREAM_MS = 15 * 60_000
/** An engine that restarts needs some seconds. */
const RETRY_AFTER_S = 5
const DEFAULT_LINES = 100
/** Without `start`, as Loki. */
const DEFAULT_HISTORY_NS = 3600n * 1_000_000_000n
const MAX_DELAY_S = 5

interface TailQuestion {
  readonly log: LogExpr
  readonly filter: ReturnType<typeof lowerLog>['filter']
  readonly pipeline: Pipeline
  readonly startNs: bigint
  readonly limit: number
  readonly areLabelsKinds: boolean
}

/** @throws {BadQuestionError} @throws {LogqlSyntaxError} */
function readQuestion({ clock }: QueryContext, { url: { searchParams }, raw }: RouteRequest): TailQuestion {
  const log = parseLogql(readQueryText(searchParams))
  if (log.type !== 'log') throw new BadQuestionError('only log queries can be tailed')
  const delay = searchParams.get('delay_for') ?? '0'
  if (!/^\d{1,9}$/.test(delay) || Number(delay) > MAX_DELAY_S) throw new BadQuestionError(`delay_for can't be greater than ${MAX_DELAY_S}`)
  const { filter, rest } = lowerLog(log)
  return {
    log, filter, pipeline: createPipeline(rest),
    startNs: readTime(searchParams, 'start') ?? BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS - DEFAULT_HISTORY_NS,
    limit: readLimit(searchParams, { fallback: DEFAULT_LINES, max: MAX_LINES }),
    areLabelsKinds: wantsLabelKinds(raw.headers),
  }
}

/** A page that a browser shows has no key of its own here: what it would listen with is its reader's session. Browsers allow WebSocket to any origin, and name the page's. */
function isForeignPage({ headers: { origin, host, authorization, 'dd-api-key': key } }: IncomingMessage): boolean {
  if (origin === undefined || authorization !== undefined || key !== undefined) return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

interface Slots {
  /** What gives the place back; undefined when none is left. */
  take(tenantId: TenantId): (() => void) | undefined
}

function createSlots(): Slots {
  const open = new Map<TenantId, number>()
  let all = 0
  return {
    take(tenantId) {
      const own = open.get(tenantId) ?? 0
      if (own >= MAX_TAILS_PER_TENANT || all >= MAX_TAILS) return undefined
      open.set(tenantId, own + 1)
      all++
      return () => {
        const left = (open.get(tenantId) ?? 1) - 1
        if (left === 0) open.delete(tenantId)
        else open.set(tenantId, left)
        all--
      }
    },
  }
}

async function converse(context: QueryContext, { tenantId, signal, isStillAllowed }: RouteRequest, question: TailQuestion, items: AsyncIterable<TailItem>, socket: WebSocket, ended: AbortController): Promise<void> {
  const { clock } = context
  const gone = AbortSignal.any([signal, ended.signal])
  socket.on('error', () => { socket.terminate() })
  socket.once('close', () => { ended.abort() })
  void beat(clock, socket, { isStillAllowed, signal: gone }).then(() => { ended.abort() })
  // A client that does not read would keep its place, and what waits for it, for as long as it likes.
  gone.addEventListener('abort', () => { if (socket.bufferedAmount > 0) socket.terminate() }, { once: true })
  void clock.sleep(MAX_STREAM_MS, gone).then(() => { ended.abort() })
  try {
    const known = await sendHistory(context, tenantId, question, socket, gone)
    const matcher = createFragmentMatcher(question.filter, clock)
    for await (const item of items) {
      const found = await linesOf(matcher, tenantId, item, gone)
      const streams = new LineStreams(question.areLabelsKinds)
      for (const event of found.events) if (!known.delete(eventIdText(event.id))) addLine(streams, question, event)
      const fragments = item.droppedBefore + found.lostFragments
      if (streams.lines > 0 || fragments > 0 || found.leftOut > 0 || item.hasGapBefore) await send(socket, question, streams.all, droppedEntries(question, clock, { fragments, lines: found.leftOut, hasGap: item.hasGapBefore }))
    }
    socket.close(GOING_AWAY, 'the tail has ended; come back')
  } catch (error) {
    if (gone.aborted) socket.close(GOING_AWAY, 'the tail has ended; come back')
    else socket.close(INTERNAL_ERROR, 'something went wrong here')
    if (!gone.aborted) context.log.error({ err: error }, 'a tail failed')
  }
}

/** RFC 6455, 7.4.1. */
const GOING_AWAY = 1001
const INTERNAL_ERROR = 1011

/** The newest lines from before, oldest first. @returns ids of events that may arrive once more. */
async function sendHistory(context: QueryContext, tenantId: TenantId, question: TailQuestion, socket: WebSocket, signal: AbortSignal): Promise<Set<string>> {
  const { clock } = context
  const run = new LokiRun(context, tenantId, signal)
  const toNs = BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS + 1n
  const { filter, pipeline, startNs, limit } = question
  const newest: { readonly entry: Entry; readonly id: string }[] = []
  await run.list({ filter, fromNs: startNs, toNs }, { order: 'desc', pageEvents: Math.min(limit, MAX_PAGE_EVENTS) }, (event) => {
    const entry = new Entry(event)
    if (pipeline(entry)) newest.push({ entry, id: eventIdText(event.id) })
    return newest.length < limit
  })
  const streams = new LineStreams(question.areLabelsKinds)
  for (const { entry } of newest.toReversed()) streams.add(entry)
  if (streams.lines > 0) await send(socket, question, streams.all, [])
  return new Set(newest.map(({ id }) => id))
}

/** A page of long lines is some megabytes. */
const MAX_PAGE_EVENTS = 1000

function addLine(streams: LineStreams, { pipeline }: TailQuestion, event: RenderedEvent): void {
  const entry = new Entry(event)
  if (pipeline(entry)) streams.add(entry)
}

/** What arrived damaged is as good as dropped. */
async function linesOf(matcher: FragmentMatcher, tenantId: TenantId, { fragment }: TailItem, signal: AbortSignal): Promise<FragmentMatches & { readonly lostFragments: number }> {
  if (fragment === undefined) return { events: [], leftOut: 0, lostFragments: 0 }
  try {
    return { ...(await matcher.match({ tenantId, ...fragment }, MAX_EVENTS_PER_FRAGMENT, signal)), lostFragments: 0 }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'FRAGMENT_CORRUPT')) throw error
    return { events: [], leftOut: 0, lostFragments: 1 }
  }
}

interface DroppedEntry {
  readonly timestamp: string
  readonly labels: Readonly<Record<string, string>>
}

/** Which lines were lost is not known: the labels are those that the selector demands. */
function droppedEntries({ log }: TailQuestion, clock: Clock, { fragments, lines, hasGap }: { readonly fragments: number; readonly lines: number; readonly hasGap: boolean }): readonly DroppedEntry[] {
  if (fragments === 0 && lines === 0 && !hasGap) return []
  const labels = Object.fromEntries(log.matchers.filter(({ op }) => op === '=').map(({ name, value }) => [name, value]))
  const counts = { ...(lines > 0 ? { __dropped_lines__: String(lines) } : {}), ...(fragments > 0 ? { __dropped_fragments__: String(fragments) } : {}), ...(hasGap ? { __gap__: 'true' } : {}) }
  return [{ timestamp: String(BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS), labels: { ...labels, ...counts } }]
}

/** Resolves when the client's side of the connection has taken it: meanwhile the tail's buffer drops, and counts. */
async function send(socket: WebSocket, { areLabelsKinds }: TailQuestion, streams: readonly LineStream[], dropped: readonly DroppedEntry[]): Promise<void> {
  const frame = JSON.stringify({ streams, ...(dropped.length === 0 ? {} : { dropped_entries: dropped }), ...(areLabelsKinds ? { encodingFlags: [LABEL_KINDS_FLAG] } : {}) })
  await new Promise<void>((resolve, reject) => {
    socket.send(frame, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

/** Until the conversation ends, or must. */
async function beat(clock: Clock, socket: WebSocket, { isStillAllowed, signal }: Pick<RouteRequest, 'isStillAllowed' | 'signal'>): Promise<void> {
  let isAlive = true
  socket.on('pong', () => { isAlive = true })
  for (;;) {
    await clock.sleep(HEARTBEAT_MS, signal)
    if (signal.aborted || !(await isStillAllowed()) || signal.aborted) return
    if (!isAlive && socket.bufferedAmount === 0) {
      socket.terminate()
      return
    }
    isAlive = false
    socket.ping()
  }
}

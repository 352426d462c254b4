import type { ServerResponse } from 'node:http'
import type { TenantId } from '@millrace/event/event'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { createFragmentMatcher, type FragmentMatcher } from '@millrace/query-engine/fragment-matcher'
import type { Clock } from '@millrace/runtime/clock'
import { TailUnavailableError, type Tail, type TailItem } from '@millrace/tail/tail'
import { readFilter } from './read-question.ts'
import { renderEvent } from './search-route.ts'

export interface TailRouteOptions {
  readonly tail: Tail
  readonly clock: Clock
}

/**
 * `GET /v1/tail?query=...`: the matching logs as they arrive, as Server-Sent Events. `log` has an event as searches answer it; `dropped` says how much was left out because it
 * came too fast, for Redis or for the client, in fragments that nobody looked into and in events that matched; `gap` says that something unknown is missing.
 *
 * After a router's restart an event may be shown once more, under the same id. The stream ends when the key is revoked, and after {@link MAX_STREAM_MS}; browsers then come back by themselves.
 */
export function tailRoute({ tail, clock }: TailRouteOptions): Route {
  const open = new Map<TenantId, number>()
  let openInAll = 0
  const count = (tenantId: TenantId, change: 1 | -1): void => {
    const streams = (open.get(tenantId) ?? 0) + change
    openInAll += change
    if (streams === 0) open.delete(tenantId)
    else open.set(tenantId, streams)
  }
  return {
    method: 'GET', path: '/v1/tail', scope: 'query', dialect: 'millrace',
    handle: async (request, response) => {
      const { tenantId, url } = request
      const { filter } = readFilter({ query: url.searchParams.get('query') ?? '*' }, clock.nowMs())
      const matcher = createFragmentMatcher(filter, clock)
      if ((open.get(tenantId) ?? 0) >= MAX_STREAMS_PER_TENANT || openInAll >= MAX_STREAMS) {
        refuse('millrace', response, { status: 429, code: 'rate-limited', detail: 'too many live tails are open; close one, or wait', retryAfterS: RETRY_AFTER_S })
        return
      }
      count(tenantId, 1)
      try {
        await stream({ tail, clock, matcher }, request, response)
      } finally {
        count(tenantId, -1)
      }
    },
  }
}

/** A team that watches an incident together. */
const MAX_STREAMS_PER_TENANT = 20
/** Each may hold the tail's buffer for a subscriber: half a gigabyte at the very most. */
const MAX_STREAMS = 256
/** Nobody reads faster; the rest of a flood is counted. */
const MAX_EVENTS_PER_FRAGMENT = 200
/** Proxies close what is silent for a minute, some sooner. The key is looked at again as often: one that was revoked hears nothing after it, and the 10 s for which keys are remembered. */
export const HEARTBEAT_MS = 10_000
/** Those who listen spread over replicas that have come meanwhile. */
export const MAX_STREAM_MS = 15 * 60_000
/** An engine that restarts needs some seconds. */
const RETRY_AFTER_S = 5

async function stream({ tail, clock, matcher }: TailRouteOptions & { readonly matcher: FragmentMatcher }, { tenantId, signal: gone, isStillAllowed }: RouteRequest, response: ServerResponse): Promise<void> {
  const ended = new AbortController()
  const signal = AbortSignal.any([gone, ended.signal])
  try {
    const items = await tail.subscribe(tenantId, signal)
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
    response.write(': listening\n\n')
    void beat(clock, response, { isStillAllowed, signal }).then(() => { ended.abort() })
    void clock.sleep(MAX_STREAM_MS, signal).then(() => { ended.abort() })
    for await (const item of items) {
      for (const text of await textsOf(item, matcher, tenantId, signal)) {
        if (signal.aborted) break
        if (!response.write(text)) await drained(response, signal)
      }
    }
    if (response.writableNeedDrain) response.destroy() // a client that does not read would keep its place for as long as it likes
    else response.end()
  } catch (error) {
    if (signal.aborted) response.end() // the client left while a fragment was looked at
    else if (error instanceof TailUnavailableError) refuse('millrace', response, { status: 503, code: 'unavailable', detail: 'the live tail is down at the moment, for want of Redis; searches work', retryAfterS: RETRY_AFTER_S })
    else throw error
  } finally {
    ended.abort()
  }
}

async function textsOf({ fragment, droppedBefore, hasGapBefore }: TailItem, matcher: FragmentMatcher, tenantId: TenantId, signal: AbortSignal): Promise<readonly string[]> {
  let fragments = droppedBefore
  let events = 0
  const texts: string[] = []
  if (hasGapBefore) texts.push(textOf('gap', JSON.stringify({ detail: 'the connection to the routers was lost; what arrived meanwhile is missing here, searches have it' })))
  if (fragment !== undefined) {
    try {
      const found = await matcher.match({ tenantId, ...fragment }, MAX_EVENTS_PER_FRAGMENT, signal)
      texts.push(...found.events.map((event) => textOf('log', renderEvent(event))))
      events = found.leftOut
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'FRAGMENT_CORRUPT')) throw error
      fragments++
    }
  }
  if (fragments > 0 || events > 0) texts.push(textOf('dropped', JSON.stringify({ fragments, events })))
  return texts
}

/** @param data on one line, as JSON is. */
function textOf(event: 'log' | 'dropped' | 'gap', data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`
}

/** Until the stream ends, or must. */
async function beat(clock: Clock, response: ServerResponse, { isStillAllowed, signal }: Pick<RouteRequest, 'isStillAllowed' | 'signal'>): Promise<void> {
  for (;;) {
    await clock.sleep(HEARTBEAT_MS, signal)
    if (signal.aborted || !(await isStillAllowed()) || signal.aborted) return
    if (!response.writableNeedDrain) response.write(': still here\n\n')
  }
}

/** Waits until the client has taken what was written, or is gone, or the stream ends. Meanwhile the tail's buffer drops, and counts. */
async function drained(response: ServerResponse, signal: AbortSignal): Promise<void> {
  if (response.destroyed || signal.aborted) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      response.off('drain', go).off('close', go)
      signal.removeEventListener('abort', go)
      resolve()
    }
    response.on('drain', go).on('close', go)
    signal.addEventListener('abort', go)
  })
}

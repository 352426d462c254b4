import { NS_PER_DAY } from '@millrace/event/event'
import { parseEventId } from '@millrace/event/event-id'
import { parseTimestamp } from '@millrace/event/timestamp'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { ListRequest, RenderedEvent } from '@millrace/query-engine/query-engine'
import type { QueryAst } from '@millrace/query-language/ast'
import { answerMeta } from './answer-meta.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError } from './read-question.ts'
import { renderEvent } from './search-route.ts'
import { readUrlLimit } from './url-question.ts'

/**
 * `GET /v1/events/:id/context?timestamp=&limit=`: an event, and those of the same service and host just before and after it in the order of (time, id), at most `limit` of each.
 * The event's own `timestamp` is needed, since an id does not tell when the event was.
 */
export function contextRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'GET', path: '/v1/events/:id/context', scope: 'query', dialect: 'millrace',
    handle: async ({ tenantId, url, params, signal }, response) => {
      const startedMs = clock.monotonicMs()
      const id = parseEventId(params['id'] ?? '')
      if (id === undefined) throw new BadQuestionError('the id is not one of an event')
      const timestampNs = parseTimestamp(url.searchParams.get('timestamp') ?? '')
      if (timestampNs === undefined) throw new BadQuestionError('timestamp must be the ISO 8601 time of the event')
      const limit = readUrlLimit(url, { fallback: DEFAULT_NEIGHBOURS, max: MAX_NEIGHBOURS })
      const oldestNs = await clippedFrom(context, tenantId, timestampNs - REACH_NS)
      const list = async (request: Pick<ListRequest, 'fromNs' | 'toNs' | 'filter' | 'order' | 'limit' | 'after'>): ReturnType<typeof engine.list> =>
        await context.admission.run(tenantId, signal, async () => await engine.list({ tenantId, kind: 'log', streams: streamsOf(topics, tenantId), ...request }, signal))

      const moment = { fromNs: timestampNs < oldestNs ? oldestNs : timestampNs, toNs: timestampNs + 1n }
      // The first event after the place just before it is the event, or it is not there.
      const own = await list({ ...moment, filter: { type: 'all' }, order: 'asc', limit: 1, after: { timestampNs, id: { ...id, row: id.row - 1 } } })
      const [event] = own.events
      const found = completenessOf(context, own)
      if (event === undefined || !isSame(event.id, id)) {
        if (found.complete) refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such event at this timestamp' })
        else refuse('millrace', response, { status: 503, code: 'unavailable', detail: 'the event could not be found because not everything could be read', retryAfterS: RETRY_AFTER_S })
        return
      }
      const filter = neighboursOf(event)
      const after = { timestampNs, id }
      const older = await list({ fromNs: oldestNs, toNs: timestampNs + 1n, filter, order: 'desc', limit, after })
      const newer = await list({ fromNs: timestampNs, toNs: timestampNs + REACH_NS, filter, order: 'asc', limit, after })
      const [olderTold, newerTold] = [completenessOf(context, older), completenessOf(context, newer)]
      const told = { complete: olderTold.complete && newerTold.complete, completeUntil: olderTold.completeUntil, missing: [...olderTold.missing, ...newerTold.missing] }
      const meta = { ...answerMeta(told, clock.monotonicMs() - startedMs), has_more_before: older.hasMore, has_more_after: newer.hasMore }
      sendJson(response, 200, `{"before":[${[...older.events].reverse().map(renderEvent).join(',')}],"event":${renderEvent(event)},"after":[${newer.events.map(renderEvent).join(',')}],"meta":${JSON.stringify(meta)}}`)
    },
  }
}

const DEFAULT_NEIGHBOURS = 20
/** A page as long as a search gives, to either side. */
const MAX_NEIGHBOURS = 500
/** What is further away is no surrounding, and a service that fell silent must not make us read all that is kept. */
const REACH_NS = NS_PER_DAY
/** An engine that restarts needs some seconds. */
const RETRY_AFTER_S = 5

/** Events without a service, or host, are the surrounding of those that lack it too. */
function neighboursOf({ service, host }: RenderedEvent): QueryAst {
  const node = (name: 'service' | 'host', value: string | undefined): QueryAst => {
    const facet = { kind: 'reserved', name } as const
    return value === undefined ? { type: 'not', node: { type: 'exists', facet } } : { type: 'term', facet, pattern: { kind: 'exact', text: value, isQuoted: true } }
  }
  return { type: 'and', nodes: [node('service', service), node('host', host)] }
}

function isSame(a: RenderedEvent['id'], b: RenderedEvent['id']): boolean {
  return a.generation === b.generation && a.partition === b.partition && a.offset === b.offset && a.row === b.row
}

import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { answerMeta } from './answer-meta.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { readUrlFilter, readUrlLimit } from './url-question.ts'

/** `GET /v1/facets?query=&from=&to=&limit=`: the facets that matching events have, with the type of most values and the number of events; reserved ones first, then the most frequent. */
export function facetsRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'GET', path: '/v1/facets', scope: 'query', dialect: 'millrace',
    handle: async ({ tenantId, url, signal }, response) => {
      const startedMs = clock.monotonicMs()
      const limit = readUrlLimit(url, { fallback: DEFAULT_FACETS, max: MAX_FACETS })
      const { filter, fromNs, toNs } = readUrlFilter(url, clock.nowMs())
      const asked = { tenantId, kind: 'log', fromNs: await clippedFrom(context, tenantId, fromNs), toNs, filter, streams: streamsOf(topics, tenantId), limit } as const
      const answer = await context.admission.run(tenantId, signal, async () => await engine.facets(asked, signal))
      sendJson(response, 200, { facets: answer.facets, has_more: answer.hasMore, meta: answerMeta(completenessOf(context, answer), clock.monotonicMs() - startedMs) })
    },
  }
}

/** A page shows all that most tenants have. */
const DEFAULT_FACETS = 1000
/** As many as the engine tells apart. */
const MAX_FACETS = 10_000

import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { answerMeta } from './answer-meta.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError } from './read-question.ts'
import { readUrlFilter, readUrlLimit } from './url-question.ts'

/**
 * `GET /v1/facets/:name/values?query=&from=&to=&prefix=&limit=`: the values of a facet among the matching events and how many events have each, the most frequent first.
 * `has_more` says that values were left out.
 */
export function facetValuesRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'GET', path: '/v1/facets/:name/values', scope: 'query', dialect: 'millrace',
    handle: async ({ tenantId, url, params, signal }, response) => {
      const startedMs = clock.monotonicMs()
      const facet = params['name'] ?? ''
      const prefix = url.searchParams.get('prefix') ?? ''
      if (prefix.length > MAX_PREFIX_LENGTH) throw new BadQuestionError(`prefix must be at most ${MAX_PREFIX_LENGTH} characters`)
      const limit = readUrlLimit(url, { fallback: DEFAULT_VALUES, max: MAX_VALUES })
      const { filter, fromNs, toNs } = readUrlFilter(url, clock.nowMs())
      const asked = {
        tenantId, kind: 'log', fromNs: await clippedFrom(context, tenantId, fromNs), toNs, filter, streams: streamsOf(topics, tenantId),
        computes: [{ aggregation: 'count', type: 'total' }], groupBy: [{ facet, limit: limit + 1, ...(prefix === '' ? {} : { prefix }) }], // one more tells whether there are others
      } as const
      const answer = await context.admission.run(tenantId, signal, async () => await engine.aggregate(asked, signal))
      const values = answer.buckets.map(({ by, computes }) => ({ value: by[facet], count: computes[0] }))
      sendJson(response, 200, { facet, values: values.slice(0, limit), has_more: values.length > limit, meta: answerMeta(completenessOf(context, answer), clock.monotonicMs() - startedMs) })
    },
  }
}

const DEFAULT_VALUES = 20
/** What a person scrolls through. */
const MAX_VALUES = 1000
/** Nobody types more into a completion. */
const MAX_PREFIX_LENGTH = 256

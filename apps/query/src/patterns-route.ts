import { readJsonBody } from '@millrace/http/body'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { answerMeta } from './answer-meta.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError, readFilter, readRecord } from './read-question.ts'
import { renderEvent } from './search-route.ts'

/** `POST /v1/patterns` with the body of `POST /v1/search`: the kinds of messages among the matching events, the most frequent first, each with the newest event as an example. */
export function patternsRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'POST', path: '/v1/patterns', scope: 'query', dialect: 'millrace',
    handle: async ({ raw, tenantId, signal }, response) => {
      const startedMs = clock.monotonicMs()
      const question = readRecord(await readJsonBody(raw), 'the body')
      const limit = question['limit'] ?? DEFAULT_PATTERNS
      if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > MAX_PATTERNS) throw new BadQuestionError(`limit must be a whole number from 1 to ${MAX_PATTERNS}`)
      const { filter, fromNs, toNs } = readFilter(question['filter'], clock.nowMs())
      const asked = { tenantId, kind: 'log', fromNs: await clippedFrom(context, tenantId, fromNs), toNs, filter, streams: streamsOf(topics, tenantId), limit } as const
      const answer = await context.admission.run(tenantId, signal, async () => await engine.patterns(asked, signal))
      // The example is text already, so that its numbers keep their digits.
      const patterns = answer.patterns.map(({ pattern, events, example }) => `{"pattern":${JSON.stringify(pattern)},"events":${events}${example === undefined ? '' : `,"example":${renderEvent(example)}`}}`)
      const meta = answerMeta(completenessOf(context, answer), clock.monotonicMs() - startedMs)
      sendJson(response, 200, `{"patterns":[${patterns.join(',')}],"other_events":${answer.otherEvents},"has_more":${answer.hasMore},"meta":${JSON.stringify(meta)}}`)
    },
  }
}

const DEFAULT_PATTERNS = 100
/** As many events as a page of a search has, as each pattern shows one. */
const MAX_PATTERNS = 1000

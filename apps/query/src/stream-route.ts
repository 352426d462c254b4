import { NS_PER_MS } from '@millrace/event/event'
import { readJsonBody } from '@millrace/http/body'
import type { Route } from '@millrace/http/route'
import type { AggregateAnswer } from '@millrace/query-engine/query-engine'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError, readFilter, readRecord } from './read-question.ts'
import { renderEvent } from './search-route.ts'
import { endLine, Whole } from './whole-answer.ts'
import { writeText } from './write-text.ts'

/**
 * `POST /v1/search`: the newest matching events and a histogram by status, as NDJSON while they are found. The range is looked through in slices, the newest first;
 * each slice gives its events (until there are `limit`) and one `progress` line with the points that it adds. The last line is `end`.
 */
export function streamRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'POST', path: '/v1/search', scope: 'query', dialect: 'millrace',
    handle: async ({ raw, tenantId, signal }, response) => {
      const question = readRecord(await readJsonBody(raw), 'the body')
      const limit = question['limit'] ?? DEFAULT_EVENTS
      if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 0 || limit > MAX_EVENTS) throw new BadQuestionError(`limit must be a whole number from 0 to ${MAX_EVENTS}`)
      const { filter, fromNs: askedFromNs, toNs } = readFilter(question['filter'], clock.nowMs())
      const fromNs = await clippedFrom(context, tenantId, askedFromNs)
      const intervalMs = Math.max(1, Math.ceil(Number((toNs - fromNs) / NS_PER_MS) / POINTS))
      const sliceNs = BigInt(intervalMs) * NS_PER_MS * POINTS_PER_SLICE
      const whole = new Whole()
      let [sent, matched, hasMore] = [0, 0, false]
      try {
        for (let endNs = toNs; endNs > fromNs;) {
          const borderNs = ((endNs - 1n) / sliceNs) * sliceNs // of a point, so that no point is in two slices
          const slice = { tenantId, kind: 'log', fromNs: borderNs < fromNs ? fromNs : borderNs, toNs: endNs, filter, streams: streamsOf(topics, tenantId) } as const
          const counts = await context.admission.run(tenantId, signal, async () => await engine.aggregate({ ...slice, computes: [{ aggregation: 'count', type: 'timeseries', intervalMs }], groupBy: [{ facet: 'status', limit: MAX_STATUSES, missing: '' }] }, signal))
          whole.add(0, completenessOf(context, counts))
          const histogram = pointsOf(counts)
          const found = histogram.reduce((sum, { count }) => sum + count, 0)
          const lines: string[] = []
          if (sent < limit && (found > 0 || !counts.complete)) {
            const page = await context.admission.run(tenantId, signal, async () => await engine.list({ ...slice, order: 'desc', limit: limit - sent }, signal))
            whole.add(page.events.length, completenessOf(context, page))
            sent += page.events.length
            hasMore ||= page.hasMore
            for (const event of page.events) lines.push(`{"type":"event","event":${renderEvent(event)}}\n`)
          } else hasMore ||= found > 0
          matched += found
          endNs = slice.fromNs
          const fraction = Number(toNs - endNs) / Number(toNs - fromNs)
          lines.push(`${JSON.stringify({ type: 'progress', fraction, matched, interval_ms: intervalMs, histogram })}\n`)
          if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' })
          await writeText(response, lines.join(''))
          if (signal.aborted) return
        }
      } catch (error) {
        if (!response.headersSent) throw error
        if (!signal.aborted) context.log.warn({ err: error }, 'a streamed search was interrupted')
        whole.interrupt()
      }
      if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' })
      response.end(endLine(whole, { matched, has_more: hasMore }))
    },
  }
}

const DEFAULT_EVENTS = 100
/** As a page of a search. */
const MAX_EVENTS = 1000
/** As wide as a histogram on a page. */
const POINTS = 150
/** Ten slices: each costs a plan, and the first should come soon. */
const POINTS_PER_SLICE = 15n
/** There are nine by the standard; a client's own go beyond. */
const MAX_STATUSES = 100

/** Events without a status have the empty one. */
function pointsOf({ buckets }: AggregateAnswer): readonly { readonly time: string; readonly status: string; readonly count: number }[] {
  return buckets.flatMap(({ by, computes: [points] }) => (Array.isArray(points) ? points : []).map((point: { readonly timeMs: number; readonly value: number }) => ({ time: new Date(point.timeMs).toISOString(), status: String(by['status'] ?? ''), count: point.value })))
}

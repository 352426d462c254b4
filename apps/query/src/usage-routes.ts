import type { ServerResponse } from 'node:http'
import { NS_PER_DAY, NS_PER_MS, type TenantId } from '@millrace/event/event'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { answerMeta } from './answer-meta.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { readFilter } from './read-question.ts'

/**
 * `GET /v1/usage?from=&to=`: stored events and bytes by day and service, of every UTC day that the range touches, the last 30 days without one. docs/query-api.md defines the figures.
 * `GET /v1/tenants/:tenantId/usage` is the same of any tenant, for admin keys: it shows the names of its services and no event.
 */
export function usageRoutes(context: QueryContext): readonly Route[] {
  return [
    {
      method: 'GET', path: '/v1/usage', scope: 'query', dialect: 'millrace',
      handle: async (request, response) => {
        await answerUsage(context, request, request.tenantId, response)
      },
    },
    {
      method: 'GET', path: '/v1/tenants/:tenantId/usage', scope: 'admin', dialect: 'millrace',
      handle: async (request, response) => {
        const tenantId = request.params['tenantId'] ?? ''
        if ((await context.catalog.findTenant(tenantId)) === undefined) refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such tenant' })
        else await answerUsage(context, request, tenantId, response)
      },
    },
  ]
}

/** What is kept by default. */
const DEFAULT_FROM = 'now-30d'
/** Of `2026-11-26`. */
const DATE_LENGTH = 10

async function answerUsage(context: QueryContext, { url: { searchParams }, signal }: RouteRequest, tenantId: TenantId, response: ServerResponse): Promise<void> {
  const { clock, engine, topics } = context
  const startedMs = clock.monotonicMs()
  const { filter, fromNs, toNs } = readFilter({ from: searchParams.get('from') ?? DEFAULT_FROM, to: searchParams.get('to') ?? undefined }, clock.nowMs())
  const clippedNs = await clippedFrom(context, tenantId, fromNs)
  const asked = { tenantId, kind: 'log', fromNs: startOfDay(clippedNs), toNs: startOfDay(toNs - 1n) + NS_PER_DAY, filter, streams: streamsOf(topics, tenantId) } as const
  const answer = await context.admission.run(tenantId, signal, async () => await engine.usage(asked, signal))
  const days = answer.days.map(({ dayNs, events, bytes, services }) => ({ day: new Date(Number(dayNs / NS_PER_MS)).toISOString().slice(0, DATE_LENGTH), events, bytes, services }))
  sendJson(response, 200, { days, meta: answerMeta(completenessOf(context, answer), clock.monotonicMs() - startedMs) })
}

function startOfDay(timestampNs: bigint): bigint {
  return timestampNs - (timestampNs % NS_PER_DAY)
}

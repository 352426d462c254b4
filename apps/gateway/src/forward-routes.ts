import type { Dialect, Route, RouteScope } from '@millrace/http/route'
import { handshakeAnswers } from '@millrace/wire/elasticsearch/handshake'
import type { Forwarder } from './forward.ts'

export interface Forwarders {
  readonly intake: Forwarder
  readonly query: Forwarder
}

/** Every route of intake and query as the gateway serves it: key, scope and quota are checked here, the rest there. */
export function forwardRoutes({ intake, query }: Forwarders): { readonly hotRoutes: readonly Route[]; readonly routes: readonly Route[] } {
  const route = (to: Forwarder, [method, path, scope, dialect]: ForwardedRoute): Route => ({
    method, path, scope, dialect,
    handle: async (request, response) => {
      await to.forward(request, response, dialect)
    },
  })
  const handshakes = handshakeAnswers.flatMap(({ methods, path }) => methods.map((method) => route(intake, [method, path, 'public', 'elasticsearch'])))
  // `HEAD /:index` among the handshakes takes any path of one segment: they go last.
  return { hotRoutes: INTAKE_ROUTES.map((each) => route(intake, each)), routes: [...QUERY_ROUTES.map((each) => route(query, each)), ...handshakes] }
}

type ForwardedRoute = readonly [method: Route['method'], path: string, scope: RouteScope, dialect: Dialect]

/** A test holds both tables against the apps' own. */
export const INTAKE_ROUTES: readonly ForwardedRoute[] = [
  ['POST', '/v1/events', 'ingest', 'millrace'],
  ['POST', '/v1/syslog', 'ingest', 'millrace'],
  ...(['POST', 'PUT'] as const).flatMap((method) => ['/_bulk', '/:index/_bulk', '/:index/:type/_bulk'].map((path): ForwardedRoute => [method, path, 'ingest', 'elasticsearch'])),
  ...['/api/v2/logs', '/v1/input', '/v1/input/:apiKey', '/api/v1/input'].map((path): ForwardedRoute => ['POST', path, 'ingest', 'datadog']),
  ['GET', '/api/v1/validate', 'ingest', 'datadog'],
  ...[
    '/api/v1/series', '/api/v2/series', '/api/beta/sketches', '/api/v1/distribution_points', '/api/v1/check_run', '/api/v2/service_checks', '/api/v2/events', '/intake', '/intake/', '/api/v1/metadata',
    '/api/v2/host_metadata', '/api/v2/agenthealth', '/api/v1/collector', '/api/v1/discovery', '/api/v1/container', '/api/v1/connections', '/api/v1/orchestrator', '/api/v2/proclcycle', '/api/v2/orch', '/api/v2/orchmanif',
  ].map((path): ForwardedRoute => ['POST', path, 'ingest', 'datadog']),
  ['HEAD', '/support/flare', 'ingest', 'datadog'],
  ...['/v1/logs', '/otlp/v1/logs'].map((path): ForwardedRoute => ['POST', path, 'ingest', 'otlp']),
  ...['/loki/api/v1/push', '/api/prom/push'].map((path): ForwardedRoute => ['POST', path, 'ingest', 'loki']),
  ['GET', '/ready', 'public', 'loki'],
  ...['', '/event', '/event/1.0', '/raw', '/raw/1.0', '/ack'].map((path): ForwardedRoute => ['POST', `/services/collector${path}`, 'ingest', 'splunk']),
  ...['/health', '/health/1.0'].map((path): ForwardedRoute => ['GET', `/services/collector${path}`, 'public', 'splunk']),
]

export const QUERY_ROUTES: readonly ForwardedRoute[] = [
  ['POST', '/api/v2/logs/events/search', 'query', 'datadog'],
  ['GET', '/api/v2/logs/events', 'query', 'datadog'],
  ['POST', '/api/v2/logs/analytics/aggregate', 'query', 'datadog'],
  ['GET', '/v1/facets', 'query', 'millrace'],
  ['GET', '/v1/facets/:name/values', 'query', 'millrace'],
  ['POST', '/v1/patterns', 'query', 'millrace'],
  ['GET', '/v1/usage', 'query', 'millrace'],
  ['GET', '/v1/tenants/:tenantId/usage', 'admin', 'millrace'],
  ['GET', '/v1/views', 'query', 'millrace'],
  ['POST', '/v1/views', 'query', 'millrace'],
  ...(['GET', 'PUT', 'DELETE'] as const).map((method): ForwardedRoute => [method, '/v1/views/:id', 'query', 'millrace']),
  ['GET', '/v1/events/:id/context', 'query', 'millrace'],
  ['POST', '/v1/search', 'query', 'millrace'],
  ['GET', '/v1/export', 'query', 'millrace'],
  ['GET', '/v1/receipts/:receipt', 'query', 'millrace'],
  ['GET', '/v1/tail', 'query', 'millrace'],
  ['GET', '/v1/status', 'admin', 'millrace'],
  ['GET', '/v1/dead-letters', 'admin', 'millrace'],
  ['GET', '/v1/dead-letters/:id', 'admin', 'millrace'],
  ['POST', '/v1/dead-letters/replay', 'admin', 'millrace'],
  ['DELETE', '/v1/dead-letters', 'admin', 'millrace'],
  ...([['GET', ''], ['PUT', ''], ['GET', '/defaults'], ['GET', '/versions/:version'], ['POST', '/dry-run']] as const).map(([method, path]): ForwardedRoute => [method, `/v1/tenants/:tenantId/pipelines${path}`, 'admin', 'millrace']),
  ...[
    'query_range', 'query', 'labels', 'label', 'label/:name/values', 'series', 'index/stats', 'index/volume', 'index/volume_range', 'detected_labels', 'detected_fields', 'detected_field/:name/values',
    'patterns', 'format_query', 'status/buildinfo',
  ].flatMap((path) => (['GET', 'POST'] as const).map((method): ForwardedRoute => [method, `/loki/api/v1/${path}`, 'query', 'loki'])),
  ['GET', '/loki/api/v1/tail', 'query', 'loki'],
]

import type { IncomingMessage } from 'node:http'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { BodyRefusedError } from './body-refused.ts'
import type { IntakeContext } from './intake-context.ts'
import { RequestCutError } from './read-body.ts'

/** What an agent sends besides logs. */
export type DiscardedKind = 'metrics' | 'checks' | 'events' | 'metadata' | 'processes'

/**
 * What else a Datadog agent posts, so that one that is pointed here stays healthy and keeps its queues for logs: it would repeat everything that is not answered 2xx. None of it is kept;
 * `millrace_intake_discarded_requests_total` says how much that was.
 */
export function datadogAgentRoutes({ metrics }: IntakeContext): readonly Route[] {
  const discarding = DISCARDED.map(([path, kind, answer]): Route => ({
    method: 'POST', path, scope: 'ingest', dialect: 'datadog',
    handle: async ({ raw }, response) => {
      metrics.countDiscarded(kind, await discardBody(raw))
      sendJson(response, 202, answer)
    },
  }))
  const support: Route = {
    method: 'HEAD', path: '/support/flare', scope: 'ingest', dialect: 'datadog',
    handle: (_, response) => {
      response.end()
      return Promise.resolve()
    },
  }
  return [...discarding, support]
}

const OK = { status: 'ok' }
/** As Datadog's own intake answers each. A newer form of a payload has a path of its own: 404 tells the agent to use these. */
const DISCARDED: readonly (readonly [path: string, kind: DiscardedKind, answer: object])[] = [
  ['/api/v1/series', 'metrics', OK],
  ['/api/v2/series', 'metrics', { errors: [] }],
  ['/api/beta/sketches', 'metrics', {}],
  ['/api/v1/distribution_points', 'metrics', OK],
  ['/api/v1/check_run', 'checks', OK],
  ['/api/v2/service_checks', 'checks', OK],
  ['/api/v2/events', 'events', OK],
  ['/intake', 'metadata', OK],
  ['/intake/', 'metadata', OK],
  ['/api/v1/metadata', 'metadata', OK],
  ['/api/v2/host_metadata', 'metadata', OK],
  ['/api/v2/agenthealth', 'metadata', OK],
  ...['/api/v1/collector', '/api/v1/discovery', '/api/v1/container', '/api/v1/connections', '/api/v1/orchestrator', '/api/v2/proclcycle', '/api/v2/orch', '/api/v2/orchmanif'].map((path) => [path, 'processes', OK] as const),
]

/** As it travels. Agents cut their payloads at a few megabytes. */
const MAX_DISCARDED_BYTES = 16 * 1024 * 1024

/** Reads a body without keeping or unpacking it, and gives back its length. @throws {BodyRefusedError} @throws {RequestCutError} */
function discardBody(request: IncomingMessage): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > MAX_DISCARDED_BYTES) reject(new BodyRefusedError(413, 'body-too-large', `the body is larger than ${MAX_DISCARDED_BYTES} bytes`))
    })
    request.once('end', () => { resolve(bytes) })
    request.once('error', (cause) => { reject(new RequestCutError('the client cut its request off', { cause })) })
    request.once('close', () => { reject(new RequestCutError('the client cut its request off')) })
  })
}

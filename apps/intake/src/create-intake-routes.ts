import type { Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import type { Tenants } from '@millrace/catalog/catalog'
import { createRetentions } from '@millrace/catalog/retentions'
import { createFairWork } from '@millrace/fairness/fair-work'
import type { Route } from '@millrace/http/route'
import type { Clock } from '@millrace/runtime/clock'
import type { Failpoints } from '@millrace/runtime/failpoints'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import { createAcceptor } from './accept-events.ts'
import { createBatcher } from './batcher.ts'
import { bulkRoutes } from './bulk-routes.ts'
import { eventsRoute } from './events-route.ts'
import type { IntakeContext } from './intake-context.ts'
import { createIntakeMetrics, type IntakeMetrics } from './intake-metrics.ts'
import { datadogAgentRoutes } from './datadog-agent-routes.ts'
import { datadogRoutes } from './datadog-routes.ts'
import { lokiRoutes } from './loki-routes.ts'
import { otlpRoutes } from './otlp-routes.ts'
import { createBodyReader } from './read-body.ts'
import { withIntakeErrors } from './refuse-request.ts'
import { splunkRoutes } from './splunk-routes.ts'
import { syslogRoute } from './syslog-route.ts'

export interface IntakeOptions {
  readonly bus: Bus
  readonly topics: Topics
  readonly receiptSecret: string
  readonly catalog: Tenants
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly failpoints: Failpoints
  readonly registry: IntakeMetrics['registry']
}

/** What brings events: our own protocol, and those of Elasticsearch, Datadog, OpenTelemetry, Loki and Splunk. */
export function createIntakeRoutes({ bus, topics, receiptSecret, catalog, clock, random, log, failpoints, registry }: IntakeOptions): readonly Route[] {
  const work = createFairWork({ clock, maxWaiting: MAX_WAITING_REQUESTS })
  const metrics = createIntakeMetrics(registry)
  const batcher = createBatcher({ bus, topics, clock, log, failpoints, work, metrics })
  const context: IntakeContext = {
    acceptor: createAcceptor({ batcher, topics, receiptSecret }),
    bodies: createBodyReader(clock), clock, random, work, metrics,
    retentionOf: createRetentions(catalog, clock),
  }
  return withIntakeErrors([
    eventsRoute(context), ...bulkRoutes(context), ...datadogRoutes(context), ...datadogAgentRoutes(context), ...otlpRoutes(context), ...lokiRoutes(context), ...splunkRoutes(context), syslogRoute(context),
  ])
}

/** Of one tenant, before they are decoded and before a record of them is encoded. Their bytes are bounded by the bodies that are held; this bounds the promises of very small ones. */
const MAX_WAITING_REQUESTS = 20_000

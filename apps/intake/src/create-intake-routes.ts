import type { Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import type { Tenants } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import type { Route } from '@millrace/http/route'
import type { Clock } from '@millrace/runtime/clock'
import type { Failpoints } from '@millrace/runtime/failpoints'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import { createAcceptor, type Acceptor } from './accept-events.ts'
import { createBatcher } from './batcher.ts'
import { bulkRoutes } from './bulk-routes.ts'
import { eventsRoute } from './events-route.ts'
import { createIntakeMetrics, type IntakeMetrics } from './intake-metrics.ts'
import { createBodyReader, type BodyReader } from './read-body.ts'
import { withIntakeErrors } from './refuse-request.ts'
import { createRetentions } from './retentions.ts'

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

/** What the handlers share. */
export interface IntakeContext {
  readonly acceptor: Acceptor
  readonly bodies: BodyReader
  readonly clock: Clock
  readonly random: Random
  readonly metrics: IntakeMetrics
  /** Days for which the tenant's events are kept. */
  retentionOf(tenantId: TenantId): Promise<number>
}

/** What brings events: our own protocol and Elasticsearch's `_bulk`. */
export function createIntakeRoutes({ bus, topics, receiptSecret, catalog, clock, random, log, failpoints, registry }: IntakeOptions): readonly Route[] {
  const batcher = createBatcher({ bus, topics, clock, log, failpoints })
  const context: IntakeContext = {
    acceptor: createAcceptor({ batcher, topics, receiptSecret }),
    bodies: createBodyReader(), clock, random,
    metrics: createIntakeMetrics(registry),
    retentionOf: createRetentions(catalog, clock),
  }
  return withIntakeErrors([eventsRoute(context), ...bulkRoutes(context)])
}

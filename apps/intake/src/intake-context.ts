import type { TenantId } from '@millrace/event/event'
import type { FairWork } from '@millrace/fairness/fair-work'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Acceptor } from './accept-events.ts'
import type { IntakeMetrics } from './intake-metrics.ts'
import type { BodyReader } from './read-body.ts'

/** What the handlers share. */
export interface IntakeContext {
  readonly acceptor: Acceptor
  readonly bodies: BodyReader
  readonly clock: Clock
  readonly random: Random
  readonly metrics: IntakeMetrics
  /** Whatever of a request takes the thread for long: by tenant in turn. */
  readonly work: FairWork
  /** Days for which the tenant's events are kept. */
  retentionOf(tenantId: TenantId): Promise<number>
}

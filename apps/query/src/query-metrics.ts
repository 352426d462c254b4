import { AGE_BUCKETS_S, Counter, Histogram, type Registry } from '@millrace/telemetry/metrics'
import { SAMPLES_MS } from './frontier.ts'

/** What query counts of its answers. */
export interface QueryMetrics {
  /** @param behindMs how long ago the moment was up to which the answer includes everything; undefined when that is longer ago than the frontier knows. @param reasons why it is incomplete. */
  answered(behindMs: number | undefined, reasons: readonly string[]): void
}

export function createQueryMetrics(registry: Registry): QueryMetrics {
  const behind = new Histogram({ name: 'millrace_query_behind_seconds', help: 'How far answers are behind what is acknowledged; what cannot be told counts as two minutes.', buckets: AGE_BUCKETS_S, registers: [registry] })
  const incomplete = new Counter({ name: 'millrace_query_incomplete_total', help: 'Answers that are not complete, by reason.', labelNames: ['reason'], registers: [registry] })
  return {
    answered: (behindMs, reasons) => {
      behind.observe(Math.max(0, behindMs ?? SAMPLES_MS) / 1000)
      for (const reason of new Set(reasons)) incomplete.inc({ reason })
    },
  }
}

import { Counter, sharedCounter, type Registry } from '@millrace/telemetry/metrics'

/** What the router counts. */
export interface RouterMetrics {
  /** A partition begins again from its commit, after an error. */
  restarted(): void
  /** The commit has passed by batches that were routed, which are routed again. */
  lost(): void
  keptDeadLetter(): void
  /** A batch has passed its tenant's pipelines. */
  processed(outcome: { readonly droppedEvents: number; readonly isChanged: boolean; readonly isCutShort: boolean }): void
}

export function createRouterMetrics(registry: Registry): RouterMetrics {
  const restarts = new Counter({ name: 'millrace_router_restarts_total', help: 'Times that routing a partition began again from its commit, after an error.', registers: [registry] })
  const losses = new Counter({ name: 'millrace_router_lost_total', help: 'Times that the commit had passed by routed batches, which were then routed again.', registers: [registry] })
  const letters = sharedCounter(registry, { name: 'millrace_dead_letters_total', help: 'Records kept as dead letters, by the app that gave them up.', labelNames: ['app'] })
  letters.inc({ app: 'router' }, 0)
  const batches = new Counter({ name: 'millrace_router_batches_total', help: 'Batches routed: passed on as they came, changed by pipelines, or changed without the attributes that pipelines have added, as these made them too large.', labelNames: ['outcome'], registers: [registry] })
  for (const outcome of ['passed', 'changed', 'cut_short']) batches.inc({ outcome }, 0)
  const dropped = new Counter({ name: 'millrace_router_dropped_events_total', help: 'Events that pipelines have sampled out or dropped.', registers: [registry] })
  return {
    restarted: () => {
      restarts.inc()
    },
    lost: () => {
      losses.inc()
    },
    processed: ({ droppedEvents, isChanged, isCutShort }) => {
      batches.inc({ outcome: isCutShort ? 'cut_short' : isChanged ? 'changed' : 'passed' })
      if (droppedEvents > 0) dropped.inc(droppedEvents)
    },
    keptDeadLetter: () => {
      letters.inc({ app: 'router' })
    },
  }
}

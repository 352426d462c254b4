import { Counter, sharedCounter, type Registry } from '@millrace/telemetry/metrics'

/** What the router counts. */
export interface RouterMetrics {
  /** A partition begins again from its commit, after an error. */
  restarted(): void
  /** The commit has passed by batches that were routed, which are routed again. */
  lost(): void
  keptDeadLetter(): void
}

export function createRouterMetrics(registry: Registry): RouterMetrics {
  const restarts = new Counter({ name: 'millrace_router_restarts_total', help: 'Times that routing a partition began again from its commit, after an error.', registers: [registry] })
  const losses = new Counter({ name: 'millrace_router_lost_total', help: 'Times that the commit had passed by routed batches, which were then routed again.', registers: [registry] })
  const letters = sharedCounter(registry, { name: 'millrace_dead_letters_total', help: 'Records kept as dead letters, by the app that gave them up.', labelNames: ['app'] })
  letters.inc({ app: 'router' }, 0)
  return {
    restarted: () => {
      restarts.inc()
    },
    lost: () => {
      losses.inc()
    },
    keptDeadLetter: () => {
      letters.inc({ app: 'router' })
    },
  }
}

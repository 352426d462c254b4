import { collectDefaultMetrics, Counter, Registry } from 'prom-client'

export { Counter, Gauge, Histogram, Registry } from 'prom-client'

/**
 * A registry with the process's own figures: CPU, memory, event loop delay, open files. Every figure says by the label `app` whose it is, as the names of jobs and Services are up to whoever
 * installs. A figure with an `app` of its own keeps it.
 */
export function createRegistry(app: string): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ app })
  collectDefaultMetrics({ register: registry, prefix: 'millrace_' })
  return registry
}

/** The counter of that name, made where there is none: apps of one process share a registry, which takes each name once. */
export function sharedCounter<T extends string>(registry: Registry, config: { readonly name: string; readonly help: string; readonly labelNames: readonly T[] }): Counter<T> {
  const known = registry.getSingleMetric(config.name)
  return known instanceof Counter ? known : new Counter({ ...config, registers: [registry] })
}

/** Latency bounds in seconds: from a memory-only answer to a slow query. */
export const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** Bounds of ages of events in seconds: from a flush to an outage. Promises are kept or broken at 2, 5 and 10. */
export const AGE_BUCKETS_S = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 1800]

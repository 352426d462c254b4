import type { Route } from '@millrace/http/route'
import { Counter, Histogram, LATENCY_BUCKETS_S, type Registry } from '@millrace/telemetry/metrics'

/** What a listener counts. Labels are routes and status classes: both are few and fixed. */
export interface HttpMetrics {
  observe(route: Route, status: number, durationMs: number): void
}

export function createHttpMetrics(registry: Registry): HttpMetrics {
  const requests = new Counter({ name: 'millrace_http_requests_total', help: 'Requests answered.', labelNames: ['method', 'route', 'status'], registers: [registry] })
  const durations = new Histogram({ name: 'millrace_http_request_duration_seconds', help: 'From the head of a request to the end of its answer.', labelNames: ['method', 'route'], buckets: LATENCY_BUCKETS_S, registers: [registry] })
  return {
    observe({ method, path }, status, durationMs) {
      requests.inc({ method, route: path, status: String(status) })
      durations.observe({ method, route: path }, durationMs / 1000)
    },
  }
}

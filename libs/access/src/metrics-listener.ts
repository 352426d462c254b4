import type { RequestListener } from 'node:http'
import { inspect } from 'node:util'
import type { Registry } from '@millrace/telemetry/metrics'

/** Answers every request with the figures of `registry`, in the form that Prometheus reads. */
export function createMetricsListener(registry: Registry): RequestListener {
  return (_, response) => {
    void registry.metrics().then(
      (figures) => response.setHeader('Content-Type', registry.contentType).end(figures),
      (error: unknown) => response.writeHead(500, { 'Content-Type': 'text/plain' }).end(inspect(error)),
    )
  }
}

import type { RequestListener } from 'node:http'
import type { Registry } from '@millrace/telemetry/metrics'

/** Answers every request with the figures of `registry`, in the form that Prometheus reads, or 500 when one cannot be taken: why is nothing for whoever reaches the port. */
export function createMetricsListener(registry: Registry): RequestListener {
  return (_, response) => {
    void registry.metrics().then(
      (figures) => response.setHeader('Content-Type', registry.contentType).end(figures),
      () => response.writeHead(500, { 'Content-Type': 'text/plain' }).end('the figures cannot be read\n'),
    )
  }
}

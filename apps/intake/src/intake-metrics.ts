import { Counter, Gauge, type Registry } from '@millrace/telemetry/metrics'

/** What intake counts. Tenants are no labels: their number has no limit. */
export interface IntakeMetrics {
  readonly registry: Registry
  countEvents(accepted: number, refused: number, bodyBytes: number): void
  /** What came by a protocol whose other kinds of data are not kept. */
  countDiscarded(kind: string, bodyBytes: number): void
  /** @param bytes of received events that wait for the bus now, over all tenants. */
  showWaiting(bytes: number): void
}

export function createIntakeMetrics(registry: Registry): IntakeMetrics {
  const events = new Counter({ name: 'millrace_intake_events_total', help: 'Events received, by what became of them.', labelNames: ['outcome'], registers: [registry] })
  const bytes = new Counter({ name: 'millrace_intake_body_bytes_total', help: 'Bytes of request bodies after decompression.', registers: [registry] })
  const waiting = new Gauge({ name: 'millrace_intake_waiting_bytes', help: 'Received bytes that wait for the bus.', registers: [registry] })
  const discarded = new Counter({ name: 'millrace_intake_discarded_requests_total', help: 'Requests that were answered and not kept, by what they hold.', labelNames: ['kind'], registers: [registry] })
  const discardedBytes = new Counter({ name: 'millrace_intake_discarded_bytes_total', help: 'Bytes of their bodies, as they travel.', labelNames: ['kind'], registers: [registry] })
  return {
    registry,
    countDiscarded: (kind, bodyBytes) => {
      discarded.inc({ kind })
      discardedBytes.inc({ kind }, bodyBytes)
    },
    countEvents: (accepted, refused, bodyBytes) => {
      events.inc({ outcome: 'accepted' }, accepted)
      events.inc({ outcome: 'refused' }, refused)
      bytes.inc(bodyBytes)
    },
    showWaiting: (waitingBytes) => {
      waiting.set(waitingBytes)
    },
  }
}

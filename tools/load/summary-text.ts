import { percentileOf } from './percentile.ts'
import type { LoadSummary } from './run-load.ts'

/** A few lines for people. */
export function summaryText(load: LoadSummary): string {
  return [
    `load: ${load.sentEvents} events in ${load.requests} requests over ${load.seconds.toFixed(1)} s (${Math.round(load.sentEvents / load.seconds)}/s), ${load.attempts} attempts`,
    `      ${load.ackedEvents} events acked, ${load.unknownRequests} requests unknown, ${load.cut} replies cut on purpose, ${load.busyReplies} replies 429 or 503`,
    `      ack from schedule: p50 ${percentileOf(load.latenciesMs, 0.5)} ms, p99 ${percentileOf(load.latenciesMs, 0.99)} ms, max ${percentileOf(load.latenciesMs, 1)} ms`,
    ...load.unexpected.slice(0, 5).map((reason) => `      unexpected: ${reason}`),
  ].join('\n')
}

import { recordSpan } from '@millrace/telemetry/tracing'

/** How a flush went; times in ms since 1970. */
export interface FlushCourse {
  readonly stream: string
  readonly sequence: number
  readonly packBytes: number
  readonly startedMs: number
  readonly builtMs: number
  readonly storedMs: number
  readonly committedMs: number
}

/**
 * Records a flush in the traces of the requests inside: once with its steps, below the first of them and linked to the others, and once below each of the others,
 * linked to that one.
 *
 * @param traces where the requests stand that are sampled.
 */
export function traceFlush(traces: readonly Uint8Array[], { stream, sequence, packBytes, startedMs, builtMs, storedMs, committedMs }: FlushCourse): void {
  const [first, ...others] = traces
  if (first === undefined) return
  const flush = { name: 'flush', startedMs, endedMs: committedMs, attributes: { 'millrace.stream': stream, 'millrace.sequence': sequence, 'millrace.pack.bytes': packBytes } }
  const point = recordSpan(first, { ...flush, links: others })
  if (point === undefined) return
  recordSpan(point, { name: 'build pack', startedMs, endedMs: builtMs })
  recordSpan(point, { name: 'store pack', startedMs: builtMs, endedMs: storedMs })
  recordSpan(point, { name: 'commit', startedMs: storedMs, endedMs: committedMs })
  for (const other of others) recordSpan(other, { ...flush, links: [point] })
}

/** Requests of one flush whose traces are told of it: the spans of one flush stay far below what an exporter takes at once. */
export const MAX_FLUSH_TRACES = 32

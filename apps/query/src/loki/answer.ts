import type { ServerResponse } from 'node:http'
import { sendJson } from '@millrace/http/send-json'
import type { LokiRun } from './run.ts'

/** What a query answers: lines, or samples. */
export type ResultType = 'streams' | 'matrix' | 'vector' | 'scalar'

/**
 * Answers a query in Loki's envelope, `{"status":"success","data":{"resultType":…,"result":…,"stats":…}}`. What is missing in an incomplete answer stands in `warnings`, which Grafana shows.
 *
 * @param more beside `result`.
 */
export function sendResult(response: ServerResponse, run: LokiRun, resultType: ResultType, result: unknown, more: object = {}): void {
  sendJson(response, 200, { status: 'success', ...warningsOf(run), data: { resultType, result, ...more, stats: statsOf(run) } })
}

/** Answers a list: `{"status":"success","data":[…]}`. */
export function sendList(response: ServerResponse, run: LokiRun, data: readonly unknown[]): void {
  sendJson(response, 200, { status: 'success', ...warningsOf(run), data })
}

function warningsOf({ missing }: LokiRun): object {
  return missing.length === 0 ? {} : { warnings: missing.map(({ detail }) => detail) }
}

/** Of what was looked at line by line; what the engine counted by itself is not in it. */
function statsOf({ events, bytes, elapsedMs }: LokiRun): object {
  const seconds = Math.max(elapsedMs, 1) / 1000
  const summary = {
    bytesProcessedPerSecond: Math.round(bytes / seconds), linesProcessedPerSecond: Math.round(events / seconds), totalBytesProcessed: bytes, totalLinesProcessed: events,
    execTime: seconds, queueTime: 0, subqueries: 0, totalEntriesReturned: 0, splits: 0, shards: 0,
  }
  return { summary, querier: { store: {} }, ingester: { store: {} } }
}

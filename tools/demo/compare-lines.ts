import type { MillraceClient } from '../client/millrace-client.ts'
import { allEvents, type ScanRange } from '../ledger/scan-tenant.ts'

/** How the lines of one file compare with what is found of them. */
export interface FileComparison {
  readonly tag: string
  readonly lines: number
  /** By a search that pages through all of them. */
  readonly found: number
  /** By an aggregate. */
  readonly counted: number
  /** Lines that are found too rarely, and messages that are in no line or too often. */
  readonly missing: number
  readonly surplus: number
  readonly example: string | undefined
}

/** Compares as multisets: a line that stands in the file three times must be found three times. */
export async function compareLines(client: MillraceClient, range: ScanRange, tag: string, lines: readonly string[]): Promise<FileComparison> {
  const query = `service:${tag}`
  const balance = new Map<string, number>()
  for (const line of lines) balance.set(line, (balance.get(line) ?? 0) + 1)
  let found = 0
  for await (const { attributes } of allEvents(client, range, query)) {
    found += 1
    const message = String(attributes['message'])
    balance.set(message, (balance.get(message) ?? 0) - 1)
  }
  const { data } = await client.aggregate({ filter: { query, ...range }, compute: [{ aggregation: 'count' }] })
  const off = [...balance].filter(([, count]) => count !== 0)
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + Math.max(0, count), 0)
  return {
    tag, lines: lines.length, found, counted: Number(data.buckets[0]?.computes['c0'] ?? 0),
    missing: sum(off.map(([, count]) => count)), surplus: sum(off.map(([, count]) => -count)), example: off[0] === undefined ? undefined : `${off[0][1] > 0 ? 'missing' : 'surplus'}: ${off[0][0]}`,
  }
}

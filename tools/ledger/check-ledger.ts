import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, type AggregateQuestion, type AggregateReply, type MillraceClient } from '../client/millrace-client.ts'
import type { Ledger } from '../load/ledger.ts'
import { expectedEvents } from './expected-events.ts'
import { scanTenant, type ScanRange, type TenantScan } from './scan-tenant.ts'

export interface LedgerVerdict {
  readonly isGreen: boolean
  readonly acked: number
  readonly unknown: number
  readonly found: number
  readonly lost: number
  readonly duplicated: number
  readonly changed: number
  readonly foreign: number
  readonly neverSent: number
  readonly disordered: number
  /** Ways in which the aggregate disagrees with the scan. */
  readonly disagreements: readonly string[]
  readonly examples: readonly string[]
  /** One line with all of it. */
  readonly text: string
}

/**
 * Holds everything that the system answers against the ledger: each tenant's events read page by page, and counted a second time by aggregates. Waits until
 * answers include everything that was acknowledged.
 */
export async function checkLedger(url: string, ledger: Pick<Ledger, 'header' | 'requests'>, { timeoutMs = COMPLETE_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<LedgerVerdict> {
  const { header, requests } = ledger
  const lastEndMs = [...requests.values()].reduce((max, { end }) => Math.max(max, end?.atMs ?? 0), header.startedMs)
  const range: ScanRange = { from: new Date(header.startedMs - RANGE_MARGIN_MS).toISOString(), to: new Date(lastEndMs + RANGE_MARGIN_MS).toISOString() }
  const scans: TenantScan[] = []
  const disagreements: string[] = []
  const expected = expectedEvents(ledger)
  for (const [tenant, { apiKey }] of header.tenants.entries()) {
    const client = createClient(url, apiKey)
    const own = expected[tenant]
    if (own === undefined) continue
    await waitUntilComplete(client, range, lastEndMs, timeoutMs)
    const scan = await scanTenant(client, { run: header.run, tenant, expected: own, range })
    scans.push(scan)
    for (const difference of await compareAggregates(client, range, scan)) disagreements.push(`tenant ${tenant}: ${difference}`)
  }
  const sum = (count: (scan: TenantScan) => number): number => scans.reduce((total, scan) => total + count(scan), 0)
  const counts = {
    acked: expected.reduce((total, { ackedCopies }) => total + ackedCopies, 0), unknown: expected.reduce((total, { unknownCopies }) => total + unknownCopies, 0),
    found: sum(({ found }) => found), lost: sum(({ lost }) => lost), duplicated: sum(({ duplicated }) => duplicated), changed: sum(({ changed }) => changed),
    foreign: sum(({ foreign }) => foreign), neverSent: sum(({ neverSent }) => neverSent), disordered: sum(({ disordered }) => disordered),
  }
  const isGreen = counts.acked > 0 && counts.lost + counts.duplicated + counts.changed + counts.foreign + counts.neverSent + counts.disordered + disagreements.length === 0
  const text = `${isGreen ? 'GREEN' : 'RED'}: ${Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')}, aggregates disagree ${disagreements.length}`
  return { isGreen, ...counts, disagreements, examples: scans.flatMap(({ examples }) => examples), text }
}

/** Events carry times of shortly before they are sent. */
const RANGE_MARGIN_MS = 300_000
const COMPLETE_TIMEOUT_MS = 60_000
const POLL_MS = 100
/** Relative error that a cardinality may have: 3 times the deviation of HyperLogLog with 2^14 registers. */
const CARDINALITY_ERROR = 0.025

/** Asks until answers include everything acknowledged before `ackMs`. @throws when they do not in time. */
export async function waitUntilComplete(client: MillraceClient, range: ScanRange, ackMs: number, timeoutMs = COMPLETE_TIMEOUT_MS): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const { meta } = await client.aggregate({ filter: { query: '*', ...range }, compute: [{ aggregation: 'count' }] })
    if (meta.complete && meta.complete_until !== undefined && Date.parse(meta.complete_until) > ackMs) return
    if (performance.now() > deadline) throw new Error(`answers stay behind ${new Date(ackMs).toISOString()}: ${JSON.stringify(meta)}`)
    await sleep(POLL_MS)
  }
}

/** The second opinion: counts that other code of the system makes of the same events. */
async function compareAggregates(client: MillraceClient, range: ScanRange, scan: TenantScan): Promise<readonly string[]> {
  const differences: string[] = []
  const filter = { query: '*', ...range }
  const ask = async (question: Omit<AggregateQuestion, 'filter'>): Promise<AggregateReply['data']['buckets']> => (await client.aggregate({ filter, ...question })).data.buckets
  const [total] = await ask({ compute: [{ aggregation: 'count' }, { aggregation: 'cardinality', metric: '@ledger.id' }] })
  const count = Number(total?.computes['c0'] ?? 0)
  const distinct = Number(total?.computes['c1'] ?? 0)
  if (count !== scan.found) differences.push(`count ${count}, found ${scan.found}`)
  if (Math.abs(distinct - scan.distinctIds) > Math.max(1, scan.distinctIds * CARDINALITY_ERROR)) differences.push(`cardinality ${distinct}, found ${scan.distinctIds} ids`)
  for (const [facet, counts] of [['service', scan.byService], ['status', scan.byStatus]] as const) {
    const buckets = await ask({ compute: [{ aggregation: 'count' }], group_by: [{ facet, limit: 100 }] })
    const answered = new Map(buckets.map(({ by, computes }) => [String(by[facet]), Number(computes['c0'])]))
    for (const name of new Set([...answered.keys(), ...counts.keys()])) if (answered.get(name) !== counts.get(name)) differences.push(`${facet} ${name}: ${answered.get(name)} counted, ${counts.get(name)} found`)
  }
  return differences
}

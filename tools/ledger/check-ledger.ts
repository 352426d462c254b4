/** Compares a ledger with what the search API answers: `node tools/ledger/check-ledger.ts --url URL --keys tenant=key,… --ledger FILE`. Exits 1 when they differ. */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sendRequest } from '../load/send-request.ts'
import { contentCrc } from './content-crc.ts'
import { LEDGER_ID, readLedger, type LedgerEntry } from './ledger.ts'

export interface CheckOptions {
  readonly url: string
  readonly tenants: readonly { readonly tenantId: string; readonly apiKey: string }[]
  readonly ledgerPath: string
  readonly fromMs: number
  readonly toMs: number
  /** How long acknowledged events may take until the search finds them. */
  readonly settleMs: number
}

export interface LedgerReport {
  readonly requests: number
  readonly acked: number
  readonly unknown: number
  readonly rejected: number
  /** Events that the search answered. */
  readonly found: number
  /** Events of UNKNOWN requests that are there: allowed. */
  readonly unknownFound: number
  /** What must not be; empty when the ledger holds. At most {@link MAX_FINDINGS} per kind are spelled out. */
  readonly failures: { readonly lost: number; readonly duplicated: number; readonly changed: number; readonly foreign: number; readonly unsent: number; readonly rejectedFound: number; readonly countDiffers: number }
  readonly findings: readonly string[]
}

/**
 * Two independent readers must agree with the ledger: one pages through every event of each tenant by cursor, the other asks for counts.
 * Each ACKed event is there once, unchanged, in its tenant only; one of unknown outcome at most once; a refused one not at all.
 */
export async function checkLedger(options: CheckOptions): Promise<LedgerReport> {
  const ledger = readLedger(options.ledgerPath)
  const failures = { lost: 0, duplicated: 0, changed: 0, foreign: 0, unsent: 0, rejectedFound: 0, countDiffers: 0 }
  const findings: string[] = []
  const fail = (kind: keyof typeof failures, detail: string): void => {
    failures[kind] += 1
    if (failures[kind] <= MAX_FINDINGS) findings.push(`${kind}: ${detail}`)
  }
  const totals = { acked: 0, unknown: 0, rejected: 0, found: 0, unknownFound: 0 }
  for (const tenant of options.tenants) {
    const expected = expectationsOf(ledger, tenant.tenantId)
    const acked = [...expected.values()].filter(({ outcome }) => outcome === 'ACK').length
    const counted = await countSettled(options, tenant.apiKey, acked)
    const seen = new Map<string, number>()
    let found = 0
    for await (const event of readEvents(options, tenant.apiKey)) {
      found += 1
      const id = String(event.content[LEDGER_ID])
      seen.set(id, (seen.get(id) ?? 0) + 1)
      const sent = expected.get(id)
      if (!id.startsWith(`${tenant.tenantId}-`)) fail('foreign', `${id} in ${tenant.tenantId}`)
      else if (sent === undefined) fail('unsent', id)
      else if (contentCrc(event.timeMs, event.content) !== sent.crc) fail('changed', `${id}: ${JSON.stringify(event).slice(0, 500)}`)
    }
    if (counted !== found) fail('countDiffers', `${tenant.tenantId}: aggregate counts ${counted}, the pages hold ${found}`)
    for (const [id, { outcome }] of expected) {
      const times = seen.get(id) ?? 0
      if (times > 1) fail('duplicated', `${id} ${times} times (${outcome})`)
      if (outcome === 'ACK' && times === 0) fail('lost', id)
      if (outcome === 'REJECT' && times > 0) fail('rejectedFound', id)
      if (outcome === 'UNKNOWN' && times > 0) totals.unknownFound += 1
      totals[outcome === 'ACK' ? 'acked' : outcome === 'UNKNOWN' ? 'unknown' : 'rejected'] += 1
    }
    totals.found += found
  }
  return { requests: ledger.length, ...totals, failures, findings }
}

/** True when nothing is wrong and something was checked. */
export function isClean(report: LedgerReport): boolean {
  return report.acked > 0 && Object.values(report.failures).every((count) => count === 0)
}

const MAX_FINDINGS = 10
const PAGE_EVENTS = 1000

interface Expectation {
  readonly crc: number
  readonly outcome: LedgerEntry['outcome']
}

interface FoundEvent {
  readonly timeMs: number
  readonly content: Readonly<Record<string, unknown>>
}

function expectationsOf(ledger: readonly LedgerEntry[], tenantId: string): ReadonlyMap<string, Expectation> {
  const expected = new Map<string, Expectation>()
  for (const entry of ledger) if (entry.tenantId === tenantId) entry.crcs.forEach((crc, index) => expected.set(`${tenantId}-${entry.firstSequence + index}`, { crc, outcome: entry.outcome }))
  return expected
}

/** The count once it has reached `acked` and stands still, or whatever it is when `settleMs` have passed. */
async function countSettled(options: CheckOptions, apiKey: string, acked: number): Promise<number> {
  const endMs = performance.now() + options.settleMs
  let last = -1
  for (;;) {
    const count = await countEvents(options, apiKey)
    if ((count >= acked && count === last) || performance.now() > endMs) return count
    last = count
    await delay(500)
  }
}

async function countEvents({ url, fromMs, toMs }: CheckOptions, apiKey: string): Promise<number> {
  const answer = (await ask(`${url}/api/v2/logs/analytics/aggregate`, apiKey, {
    filter: { query: '*', from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }, compute: [{ aggregation: 'count', type: 'total' }],
  })) as { readonly data: { readonly buckets: readonly { readonly computes: { readonly c0: number } }[] } }
  return answer.data.buckets[0]?.computes.c0 ?? 0
}

async function* readEvents({ url, fromMs, toMs }: CheckOptions, apiKey: string): AsyncGenerator<FoundEvent> {
  let cursor: string | undefined
  do {
    const answer = (await ask(`${url}/api/v2/logs/events/search`, apiKey, {
      filter: { query: '*', from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }, sort: 'timestamp', page: { limit: PAGE_EVENTS, ...(cursor === undefined ? {} : { cursor }) },
    })) as SearchAnswer
    for (const { attributes } of answer.data) {
      const { service, host, status, message } = attributes
      yield { timeMs: Date.parse(attributes.timestamp), content: { service, host, status, message, ...attributes.attributes } }
    }
    cursor = answer.meta?.page?.after
  } while (cursor !== undefined)
}

interface SearchAnswer {
  readonly data: readonly { readonly attributes: { readonly timestamp: string; readonly service: string; readonly host: string; readonly status: string; readonly message: string; readonly attributes: Record<string, unknown> } }[]
  readonly meta?: { readonly page?: { readonly after?: string } }
}

/** Asks until the answer is there: a server that has just been started again may still say 503. */
async function ask(url: string, apiKey: string, question: unknown): Promise<unknown> {
  let last = ''
  for (let attempt = 0; attempt < 40; attempt++) {
    try {
      const { status, body } = await sendRequest({ url, headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' }, body: JSON.stringify(question) })
      if (status === 200) return JSON.parse(body)
      last = `${status} ${body.slice(0, 300)}`
      if (status < 500 && status !== 429) break
    } catch (error) {
      last = String(error)
    }
    await delay(500)
  }
  throw new Error(`${url} does not answer: ${last}`)
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://localhost:8080' }, keys: { type: 'string', default: '' }, ledger: { type: 'string', default: 'ledger.ndjson' }, hours: { type: 'string', default: '24' } } })
  const tenants = values.keys.split(',').map((pair) => {
    const [tenantId = '', apiKey = ''] = pair.split('=')
    return { tenantId, apiKey }
  })
  const report = await checkLedger({ url: values.url, tenants, ledgerPath: values.ledger, fromMs: Date.now() - Number(values.hours) * 3_600_000, toMs: Date.now() + 60_000, settleMs: 60_000 })
  console.log(JSON.stringify(report, null, 1))
  process.exitCode = isClean(report) ? 0 : 1
}

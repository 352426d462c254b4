import { SERVICES } from '../load/log-templates.ts'
import { logSource, type GeneratedLog, type LogStatus } from '../load/generate-log.ts'
import type { LedgerHeader, LedgerRequest, RequestEnd } from '../load/ledger.ts'
import { isKept, isProcessed } from '../load/ledger-pipelines.ts'

/** What a question can ask of the load's events; the figures for each request are counted once, when it is sent. */
export interface Question {
  readonly query: string
  matches(log: GeneratedLog): boolean
}

/** The questions of the soak, in the order of the figures. */
export const QUESTIONS: readonly Question[] = [
  { query: '*', matches: () => true },
  { query: 'status:error', matches: ({ status }) => status === 'error' },
  { query: 'service:api-gateway', matches: ({ service }) => service === 'api-gateway' },
  { query: 'service:checkout status:warn', matches: ({ service, status }) => service === 'checkout' && status === 'warn' },
  { query: '"deadlock detected after"', matches: ({ message }) => message.includes('deadlock detected after') },
  { query: '@http.status_code:>=500', matches: ({ statusCode }) => statusCode >= 500 },
]

/** One request of the load, reduced to the counts that answers are checked with. */
export interface RequestFacts {
  readonly tenant: number
  readonly sent: LedgerRequest
  /** Per question. */
  readonly matching: Uint16Array
  /** Per service and per status, for groupings. */
  readonly byService: Uint16Array
  readonly byStatus: Uint16Array
  /** Numbers of its events that the tenant's pipelines take away. */
  readonly gone: ReadonlySet<number>
  /** Set once it has one. */
  end: RequestEnd | undefined
}

export const STATUSES: readonly LogStatus[] = ['info', 'warn', 'error']

/** Counts what a request's events leave behind. */
export function factsSource(header: Pick<LedgerHeader, 'seed' | 'arePipelinesOn'>): (sent: LedgerRequest) => RequestFacts {
  const sources = new Map<number, (n: number) => GeneratedLog>()
  const serviceIndex = new Map<string, number>(SERVICES.map((service, index) => [service, index]))
  return (sent) => {
    const source = sources.get(sent.tenant) ?? logSource(header.seed + sent.tenant)
    sources.set(sent.tenant, source)
    const gone = new Set<number>()
    const facts = { tenant: sent.tenant, sent, matching: new Uint16Array(QUESTIONS.length), byService: new Uint16Array(SERVICES.length), byStatus: new Uint16Array(STATUSES.length), gone, end: undefined }
    for (let n = sent.first; n < sent.first + sent.count; n++) {
      const log = source(n)
      if (isProcessed(header, sent.tenant) && !isKept(log)) {
        gone.add(n)
        continue
      }
      QUESTIONS.forEach(({ matches }, question) => {
        if (matches(log)) increment(facts.matching, question)
      })
      increment(facts.byService, serviceIndex.get(log.service) ?? 0)
      increment(facts.byStatus, STATUSES.indexOf(log.status))
    }
    return facts
  }
}

function increment(counts: Uint16Array, index: number): void {
  counts[index] = (counts[index] ?? 0) + 1
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { FoundEvent, MillraceClient, SearchPage } from '../client/millrace-client.ts'
import { contentCrc, parseLedgerId, type RunIdentity, type SentEvent } from '../load/ledger-event.ts'
import type { ExpectedEvents } from './expected-events.ts'

/** What one tenant's events are, read page by page and held against the ledger. */
export interface TenantScan {
  readonly found: number
  readonly byService: ReadonlyMap<string, number>
  readonly byStatus: ReadonlyMap<string, number>
  readonly distinctIds: number
  /** Copies too few of acknowledged events. */
  readonly lost: number
  /** Copies too many. */
  readonly duplicated: number
  /** Content differs from what was sent. */
  readonly changed: number
  /** Belong to another tenant of the run. */
  readonly foreign: number
  /** No request of the ledger holds them. */
  readonly neverSent: number
  /** Out of order, or with an event id that came before. */
  readonly disordered: number
  /** The first few findings in words. */
  readonly examples: readonly string[]
}

export interface ScanRange {
  readonly from: string
  readonly to: string
}

export async function scanTenant(client: MillraceClient, { run, tenant, expected, range }: { readonly run: RunIdentity['run']; readonly tenant: number; readonly expected: ExpectedEvents; readonly range: ScanRange }): Promise<TenantScan> {
  const copies = new Uint8Array(expected.atMost.length)
  const byService = new Map<string, number>()
  const byStatus = new Map<string, number>()
  const examples: string[] = []
  const ids = new Set<string>()
  const findings = { lost: 0, duplicated: 0, changed: 0, foreign: 0, neverSent: 0, disordered: 0 }
  const report = (finding: keyof typeof findings, detail: string): void => {
    findings[finding] += 1
    if (examples.length < MAX_EXAMPLES) examples.push(`tenant ${tenant}, ${finding}: ${detail}`)
  }
  let found = 0
  let lastTime = ''
  for await (const event of allEvents(client, range)) {
    found += 1
    const { service, status, timestamp } = event.attributes
    byService.set(String(service), (byService.get(String(service)) ?? 0) + 1)
    byStatus.set(String(status), (byStatus.get(String(status)) ?? 0) + 1)
    const time = comparableTime(String(timestamp))
    if (time < lastTime) report('disordered', `${String(timestamp)} comes after ${lastTime}`)
    lastTime = time
    if (ids.has(event.id)) report('disordered', `the event id ${event.id} comes twice`)
    ids.add(event.id)

    const sent = sentFormOf(event)
    const id = (sent['ledger'] as { readonly id?: unknown } | undefined)?.id
    const place = parseLedgerId(run, id)
    if (place === undefined) report('neverSent', JSON.stringify(sent).slice(0, 200))
    else if (place.tenant !== tenant) report('foreign', String(id))
    else if (place.n >= copies.length) report('neverSent', String(id))
    else {
      copies[place.n] = (copies[place.n] ?? 0) + 1
      // An event that was sent without a time has the system's, which is no part of its content.
      const crc = expected.crcs[place.n]
      if (contentCrc(sent) !== crc && contentCrc(withoutTime(sent)) !== crc) report('changed', JSON.stringify(sent).slice(0, 600))
    }
  }
  let distinctIds = 0
  copies.forEach((count, n) => {
    if (count > 0) distinctIds += 1
    const least = expected.atLeast[n] ?? 0
    const most = expected.atMost[n] ?? 0
    for (let i = count; i < least; i++) report('lost', `event ${n} is there ${count} times instead of ${least}`)
    for (let i = most; i < count; i++) report(most === 0 ? 'neverSent' : 'duplicated', `event ${n} is there ${count} times instead of at most ${most}`)
  })
  return { found, byService, byStatus, distinctIds, examples, ...findings }
}

const PAGE_EVENTS = 1000
/** More say nothing new. */
const MAX_EXAMPLES = 5
/** An answer may run out of its time budget, or be behind, on a busy machine; asking again from the same cursor is right. */
const MAX_ATTEMPTS = 30
const PAUSE_MS = 100

/** Every event of the tenant in the range, oldest first. @throws when a page stays incomplete. */
export async function* allEvents(client: MillraceClient, range: ScanRange, query = '*'): AsyncGenerator<FoundEvent> {
  let cursor: string | undefined
  do {
    const page = await completePage(client, { ...range, query }, cursor)
    yield* page.data
    cursor = page.meta.page?.after
  } while (cursor !== undefined)
}

async function completePage(client: MillraceClient, filter: ScanRange & { readonly query: string }, cursor: string | undefined): Promise<SearchPage> {
  for (let attempt = 1; ; attempt++) {
    const page = await client.search({ filter, sort: 'timestamp', limit: PAGE_EVENTS, ...(cursor === undefined ? {} : { cursor }) })
    if (page.meta.complete) return page
    if (attempt === MAX_ATTEMPTS) throw new Error(`a page stays incomplete: ${JSON.stringify(page.meta.warnings)}`)
    await sleep(PAUSE_MS)
  }
}

/** The found event with its attributes where its client had put them. */
export function sentFormOf({ attributes }: FoundEvent): SentEvent {
  const { attributes: nested, tags, ...reserved } = attributes
  return { ...reserved, ...(Array.isArray(tags) && tags.length > 0 ? { tags } : {}), ...(nested as SentEvent) }
}

function withoutTime({ timestamp: _, ...rest }: SentEvent): SentEvent {
  return rest
}

/** ISO times compare as text once they have the same number of digits. */
function comparableTime(timestamp: string): string {
  const [seconds = '', fraction = ''] = timestamp.replace(/Z$/, '').split('.')
  return `${seconds}.${fraction.padEnd(9, '0')}`
}

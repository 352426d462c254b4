import fc from 'fast-check'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expectedEvents } from '../ledger/expected-events.ts'
import { encodeRequest, eventsOf } from './encode-request.ts'
import { contentCrc, eventTimestamp, ledgerEventSource, parseLedgerId } from './ledger-event.ts'
import { openLedger, readLedger, type LedgerRequest } from './ledger.ts'
import { planRequests, type PlannedRequest } from './plan-requests.ts'

const HEADER = { run: 'r1', seed: 5, tenants: [{ tenantId: 'a', name: 'a', apiKey: 'x' }, { tenantId: 'b', name: 'b', apiKey: 'y' }], startedMs: 1_700_000_000_000 }
const REQUEST: LedgerRequest = { request: 0, tenant: 1, kind: 'keyed', first: 0, count: 3, stampMs: 1_700_000_000_500, sentMs: 1_700_000_000_600, key: 'k' }

describe('the ledger', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  })
  afterEach(async () => await rm(folder, { recursive: true }))

  it('reads back what was noted, and a request without an end has none', async () => {
    const path = join(folder, 'ledger.ndjson')
    {
      await using ledger = await openLedger(path, HEADER)
      ledger.sent(REQUEST)
      ledger.sent({ ...REQUEST, request: 1, first: 3 })
      await ledger.settled(0, { state: 'acked', atMs: 1_700_000_000_700 })
    }
    const { header, requests } = readLedger(path)
    expect(header).toEqual(HEADER)
    expect(requests.get(0)).toMatchObject({ sent: REQUEST, end: { state: 'acked', atMs: 1_700_000_000_700 } })
    expect(requests.get(1)?.end).toBeUndefined()
  })

  it('expects acknowledged events once, unknown ones at most once, and both copies of a body that was sent twice', () => {
    const twin = { ...REQUEST, kind: 'twin', stampMs: undefined, key: undefined, first: 3, count: 2 } as const
    const requests = new Map([
      [0, { sent: REQUEST, end: { state: 'acked', atMs: 1 } as const }],
      [1, { sent: { ...twin, request: 1 }, end: { state: 'acked', atMs: 1 } as const }],
      [2, { sent: { ...twin, request: 2 }, end: { state: 'acked', atMs: 1 } as const }],
      [3, { sent: { ...REQUEST, request: 3, first: 5, count: 1 }, end: { state: 'unknown', atMs: 1 } as const }],
      [4, { sent: { ...REQUEST, request: 4, first: 6, count: 1 }, end: { state: 'refused', atMs: 1 } as const }],
    ])
    const [other, own] = expectedEvents({ header: HEADER, requests })
    expect(other?.atMost).toHaveLength(0)
    expect([...(own?.atLeast ?? [])]).toEqual([1, 1, 1, 2, 2, 0, 0])
    expect([...(own?.atMost ?? [])]).toEqual([1, 1, 1, 2, 2, 1, 0])
  })
})

describe('ledger events', () => {
  it('have a checksum that does not depend on order or nesting, and that every changed value breaks', () => {
    const [event] = eventsOf(REQUEST, ledgerEventSource(HEADER))
    const { ledger, http, ...rest } = event as { readonly ledger: { readonly crc: number }; readonly http: { readonly method: string } }
    expect(contentCrc({ http, ...rest, ledger })).toBe(ledger.crc)
    expect(contentCrc({ 'http.method': http.method, ...rest, ledger, http: { ...http, method: undefined } })).not.toBe(ledger.crc)
    for (const name of Object.keys(rest)) expect(contentCrc({ ...rest, http, ledger, [name]: 'changed' })).not.toBe(ledger.crc)
  })

  it('have ids that name run, tenant and number', () => {
    expect(parseLedgerId('r1', 'r1-3-77')).toEqual({ tenant: 3, n: 77 })
    expect(parseLedgerId('r1', 'r2-3-77')).toBeUndefined()
    expect(parseLedgerId('r1', undefined)).toBeUndefined()
  })

  it('have times that are ISO 8601 with three, six or nine digits and end at the time of the request', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1000 }), fc.nat(), (place, n) => {
        const timestamp = eventTimestamp(1_700_000_000_500, place, n)
        expect(timestamp).toMatch(/\.(\d{3}|\d{6}|\d{9})Z$/)
        expect(Date.parse(timestamp)).toBe(1_700_000_000_500 - place)
      }),
    )
  })

  it('are written by every kind of client so that they read back', () => {
    const eventOf = ledgerEventSource(HEADER)
    const expected = eventsOf(REQUEST, eventOf)
    expect(JSON.parse(encodeRequest(REQUEST, eventOf).body.toString())).toEqual(expected)
    const next = { ...REQUEST, first: 3 }
    expect(encodeRequest(next, eventOf).body.toString().trim().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(eventsOf(next, eventOf))
    const [action, document] = encodeRequest({ ...REQUEST, kind: 'bulk-create' }, eventOf).body.toString().split('\n').map((line) => JSON.parse(line || '{}') as Record<string, unknown>)
    expect(action).toEqual({ create: { _index: 'ledger', _id: 'r1-1-0' } })
    expect(document?.['@timestamp']).toBe(expected[0]?.['timestamp'])
  })
})

describe('twins', () => {
  it('have the same bytes, whichever request brings them', () => {
    const eventOf = ledgerEventSource(HEADER)
    const twin = { ...REQUEST, kind: 'twin', stampMs: undefined, key: undefined } as const
    for (const first of [0, 3, 21]) expect(encodeRequest({ ...twin, first }, eventOf).body.equals(encodeRequest({ ...twin, first, request: 1 }, eventOf).body)).toBe(true)
  })
})

describe('the plan of requests', () => {
  const planned = (seed: number): PlannedRequest[] => {
    const plan = planRequests({ seed, tenants: 3, batch: 10, cutShare: 0.1 })
    return Array.from({ length: 500 }, () => plan.next().value)
  }

  it('is the same for the same seed and numbers each tenant without gaps', () => {
    expect(planned(1)).toEqual(planned(1))
    expect(planned(1)).not.toEqual(planned(2))
    const next = [0, 0, 0]
    for (const { tenant, first, count } of planned(1)) {
      expect(first).toBe(next[tenant])
      next[tenant] = first + count
    }
  })
})

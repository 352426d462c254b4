import type { Ledger } from '../load/ledger.ts'
import { eventsOf } from '../load/encode-request.ts'
import { contentCrc, ledgerEventSource } from '../load/ledger-event.ts'
import { isProcessed, storedForm } from '../load/ledger-pipelines.ts'

/** What must and what may be found of one tenant, by event number. */
export interface ExpectedEvents {
  /** Copies that were acknowledged, and that the tenant's pipelines leave. */
  readonly atLeast: Uint8Array
  /** Those and the ones whose outcome is unknown. */
  readonly atMost: Uint8Array
  /** Checksum of the content, as it was sent and as pipelines leave it. */
  readonly crcs: Uint32Array
  readonly ackedCopies: number
  readonly unknownCopies: number
}

/** Makes every event of a ledger again; one entry per tenant. */
export function expectedEvents({ header, requests }: Pick<Ledger, 'header' | 'requests'>): readonly ExpectedEvents[] {
  const eventOf = ledgerEventSource(header)
  return header.tenants.map((_, tenant) => {
    const own = [...requests.values()].filter(({ sent }) => sent.tenant === tenant)
    const size = own.reduce((max, { sent }) => Math.max(max, sent.first + sent.count), 0)
    const expected = { atLeast: new Uint8Array(size), atMost: new Uint8Array(size), crcs: new Uint32Array(size) }
    let ackedCopies = 0
    let unknownCopies = 0
    for (const { sent, end } of own) {
      const state = end?.state ?? 'unknown'
      if (state === 'acked') ackedCopies += sent.count
      if (state === 'unknown') unknownCopies += sent.count
      for (const [index, event] of eventsOf(sent, eventOf).entries()) {
        const n = sent.first + index
        const stored = isProcessed(header, tenant) ? storedForm(event) : event
        if (stored === undefined) continue
        if (state === 'acked') expected.atLeast[n] = (expected.atLeast[n] ?? 0) + 1
        if (state !== 'refused') expected.atMost[n] = (expected.atMost[n] ?? 0) + 1
        expected.crcs[n] = stored === event ? (event['ledger'] as { readonly crc: number }).crc : contentCrc(stored)
      }
    }
    return { ...expected, ackedCopies, unknownCopies }
  })
}

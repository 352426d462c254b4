import type { Ledger } from '../load/ledger.ts'
import { eventsOf } from '../load/encode-request.ts'
import { ledgerEventSource } from '../load/ledger-event.ts'

/** What must and what may be found of one tenant, by event number. */
export interface ExpectedEvents {
  /** Copies that were acknowledged. */
  readonly atLeast: Uint8Array
  /** Those and the ones whose outcome is unknown. */
  readonly atMost: Uint8Array
  /** Checksum of the content, as it was sent. */
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
        if (state === 'acked') expected.atLeast[n] = (expected.atLeast[n] ?? 0) + 1
        if (state !== 'refused') expected.atMost[n] = (expected.atMost[n] ?? 0) + 1
        expected.crcs[n] = (event['ledger'] as { readonly crc: number }).crc
      }
    }
    return { ...expected, ackedCopies, unknownCopies }
  })
}

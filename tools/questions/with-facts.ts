import type { Ledger } from '../load/ledger.ts'
import type { RequestFacts } from './request-facts.ts'

/** Counts every request when it is noted, so that answers can be checked while the load runs. */
export function withFacts(ledger: Ledger, requests: readonly RequestFacts[][], factsOf: (sent: RequestFacts['sent']) => RequestFacts): Ledger {
  const known = new Map<number, RequestFacts>()
  return {
    header: ledger.header,
    requests: ledger.requests,
    sent(request) {
      const facts = factsOf(request)
      known.set(request.request, facts)
      requests[request.tenant]?.push(facts)
      ledger.sent(request)
    },
    async settled(request, end) {
      await ledger.settled(request, end)
      const facts = known.get(request)
      if (facts !== undefined) facts.end = end
      known.delete(request)
    },
    [Symbol.asyncDispose]: () => Promise.resolve(), // the file belongs to the one that opened it
  }
}

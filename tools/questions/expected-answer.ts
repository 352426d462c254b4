import type { RequestFacts } from './request-facts.ts'

/** What a right answer lies between. */
export interface Bounds {
  /** Events that are certainly in range and were acknowledged before the answer's `complete_until`. */
  least: number
  /** Events that may be in range and were sent before the answer came. */
  most: number
}

export interface AnswerMoment {
  readonly fromMs: number
  readonly toMs: number
  readonly completeUntilMs: number
  /** When the tool had the answer. */
  readonly answeredMs: number
}

/**
 * Bounds of a count over one tenant's requests. They are as tight as a client can know: events of one request are taken together, and those without a time
 * of their own may have any between sending and acknowledgement.
 */
export function boundsOf(requests: Iterable<RequestFacts>, { fromMs, toMs, completeUntilMs, answeredMs }: AnswerMoment, count: (facts: RequestFacts) => number): Bounds {
  const bounds: Bounds = { least: 0, most: 0 }
  for (const facts of requests) {
    const { sent, end } = facts
    if (sent.sentMs > answeredMs || end?.state === 'refused') continue
    const { earliestMs, latestMs } = timesOf(facts)
    if (latestMs < fromMs || earliestMs > toMs) continue
    const events = count(facts)
    bounds.most += events
    if (end?.state === 'acked' && end.atMs < completeUntilMs && earliestMs >= fromMs && latestMs <= toMs) bounds.least += events
  }
  return bounds
}

/** Between which times a request's events lie. A millisecond more at the end: some have digits below one. */
export function timesOf({ sent, end }: RequestFacts): { readonly earliestMs: number; readonly latestMs: number } {
  if (sent.stampMs !== undefined) return { earliestMs: sent.stampMs - sent.count + 1, latestMs: sent.stampMs + 1 }
  return { earliestMs: sent.sentMs, latestMs: (end?.atMs ?? Infinity) + 1 }
}

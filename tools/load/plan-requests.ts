import { SeededNumbers } from './seeded-numbers.ts'
import { weightedChoice } from './weighted-choice.ts'

/**
 * How a request is sent, which decides what a repetition of it means:
 * `keyed` `/v1/events` with an Idempotency-Key · `stamped` `/v1/events`, every event with a time finer than a second · `plain` `/v1/events` without times or key ·
 * `twin` as plain, the same body sent twice on purpose · `bulk` `_bulk` with times · `bulk-create` `_bulk` of `create` items with `_id`.
 */
export type RequestKind = 'keyed' | 'stamped' | 'plain' | 'twin' | 'bulk' | 'bulk-create'

export interface PlannedRequest {
  readonly tenant: number
  readonly kind: RequestKind
  readonly first: number
  readonly count: number
  /** The first attempt's connection is closed this long after the body was sent; undefined leaves it. */
  readonly cutAfterMs: number | undefined
}

/** True when the system promises to store the request once however often it is sent. */
export function mayRepeat(kind: RequestKind): boolean {
  return kind !== 'plain' && kind !== 'twin'
}

/** An endless plan of requests: equal seeds give equal plans. Events of a tenant are numbered without gaps. */
export function* planRequests({ seed, tenants, batch, cutShare }: PlanOptions): Generator<PlannedRequest, never> {
  const numbers = new SeededNumbers(seed, PLAN_STREAM)
  const next = new Array<number>(tenants).fill(0)
  for (;;) {
    const tenant = numbers.below(tenants)
    const kind = KINDS[chooseKind(numbers)] ?? 'keyed'
    const first = next[tenant] ?? 0
    const isCut = numbers.fraction() < cutShare
    const cutAfterMs = numbers.below(MAX_CUT_DELAY_MS)
    next[tenant] = first + batch
    yield { tenant, kind, first, count: batch, cutAfterMs: isCut && kind !== 'twin' ? cutAfterMs : undefined }
  }
}

export interface PlanOptions {
  readonly seed: number
  readonly tenants: number
  /** Events in one request. */
  readonly batch: number
  /** Share of the requests whose reply is cut off, 0 to 1. */
  readonly cutShare: number
}

const PLAN_STREAM = 2 ** 41
const KINDS: readonly RequestKind[] = ['keyed', 'stamped', 'plain', 'twin', 'bulk', 'bulk-create']
const chooseKind = weightedChoice([0.3, 0.2, 0.05, 0.05, 0.25, 0.15])
/** Around the time in which a request is acknowledged, so that some are cut before and some after. */
const MAX_CUT_DELAY_MS = 20

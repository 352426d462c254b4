import type { CommitPosition } from '@millrace/catalog/catalog'
import type { EventId, EventKind, TenantId } from '@millrace/event/event'
import type { QueryAst } from '@millrace/query-language/ast'

/**
 * Answers questions over one tenant's events. All questions and answers are plain data, so that an engine may live in another thread.
 *
 * An answer never lacks events in silence: what could not be read, or was not read for want of time, makes it incomplete with a reason.
 * Every method throws {@link QueryCancelledError} soon after `signal` aborts, {@link BadPatternError} for a regular expression that is none,
 * and what the catalog throws when there is no plan to be had.
 */
export interface QueryEngine extends AsyncDisposable {
  list(request: ListRequest, signal: AbortSignal): Promise<ListAnswer>
  aggregate(request: AggregateRequest, signal: AbortSignal): Promise<AggregateAnswer>
}

export interface Question {
  readonly tenantId: TenantId
  readonly kind: EventKind
  /** Events with `fromNs <= time < toNs`. */
  readonly fromNs: bigint
  readonly toNs: bigint
  readonly filter: QueryAst
  /** `<generation>/<partition>` of every stream that may hold events of the tenant. */
  readonly streams: readonly string[]
}

/** Events in the order of (time, id), newest or oldest first. */
export interface ListRequest extends Question {
  readonly order: 'asc' | 'desc'
  /** At least 1. */
  readonly limit: number
  /** Only events after this one in the order. */
  readonly after?: { readonly timestampNs: bigint; readonly id: EventId }
}

export interface ListAnswer extends Completeness, QueryCost {
  readonly events: readonly RenderedEvent[]
  /** True when there is, or may be, another event after the last one. */
  readonly hasMore: boolean
}

/** One event as its client sent it, put together from columns. */
export interface RenderedEvent {
  readonly id: EventId
  readonly timestampNs: bigint
  readonly message: string | undefined
  readonly status: string | undefined
  readonly service: string | undefined
  readonly host: string | undefined
  readonly source: string | undefined
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  readonly tags: readonly string[]
  /** Text of a JSON object with all other attributes, nested as they came. Text, because a number that no double holds is given back digit for digit. */
  readonly attributesJson: string
}

export interface AggregateRequest extends Question {
  /** 1 to 10. */
  readonly computes: readonly Compute[]
  /** Up to 4; none gives one bucket. */
  readonly groupBy: readonly GroupBy[]
}

export interface Compute {
  readonly aggregation: Aggregation
  /** Facet text (`@duration`, `service`, `env`). Needed for everything but `count`; `count` with one counts the events that have it. */
  readonly metric?: string
  readonly type: 'total' | 'timeseries'
  /** Width of a point, ms; buckets start at multiples of it since 1970. Needed for `timeseries`. */
  readonly intervalMs?: number
}

export type Aggregation = 'count' | 'cardinality' | 'pc75' | 'pc90' | 'pc95' | 'pc98' | 'pc99' | 'sum' | 'min' | 'max' | 'avg' | 'median'

export interface GroupBy {
  readonly facet: string
  /** Buckets of this facet that are answered, the first in `sort`. */
  readonly limit: number
  /** Stands for events that lack the facet; without it they are in no bucket. */
  readonly missing?: string | number
  /** Groups numbers by interval: the bucket's value is its lower bound. Values outside [min, max) are in no bucket. */
  readonly histogram?: { readonly interval: number; readonly min: number; readonly max: number }
  /** Default: by the first compute, descending (by count when the first is a time series). */
  readonly sort?:
    | { readonly type: 'alphabetical'; readonly order: 'asc' | 'desc' }
    | { readonly type: 'measure'; readonly order: 'asc' | 'desc'; readonly aggregation: Aggregation; readonly metric?: string }
}

export interface AggregateAnswer extends Completeness, QueryCost {
  readonly buckets: readonly {
    /** Facet text to the bucket's value. */
    readonly by: Readonly<Record<string, string | number>>
    /** One per compute. Null when there was no value to compute from. Points ascend in time and leave out those without events. */
    readonly computes: readonly (number | null | readonly TimePoint[])[]
  }[]
}

export interface TimePoint {
  /** Start of the point, ms since 1970. */
  readonly timeMs: number
  readonly value: number
}

export interface Completeness {
  readonly complete: boolean
  readonly missing: readonly MissingPart[]
  /** How far each stream was committed when the plan was made: every event of a batch below `nextSourceOffset` is in the answer. */
  readonly positions: ReadonlyMap<string, CommitPosition>
}

/** What a query took of what all share. */
export interface QueryCost {
  /** Time for which the query had its turn to scan, ms. */
  readonly scanMs: number
}

export interface MissingPart {
  /** Stable, for programs: `time-budget`, `byte-budget`, `group-budget`, `unreadable`, `behind`. */
  readonly reason: string
  /** A sentence for people. */
  readonly detail: string
}

/** The asker went away or asked to stop. */
export class QueryCancelledError extends Error {
  override readonly name = 'QueryCancelledError'
  readonly code = 'QUERY_CANCELLED'
  readonly retryable = false
}

/** A question that parses and yet cannot be asked: its regular expression or a facet's text is wrong. The message says why. */
export class BadPatternError extends Error {
  override readonly name = 'BadPatternError'
  readonly code = 'BAD_QUERY'
  readonly retryable = false
}

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
  facets(request: FacetsRequest, signal: AbortSignal): Promise<FacetsAnswer>
  patterns(request: PatternsRequest, signal: AbortSignal): Promise<PatternsAnswer>
  usage(request: UsageRequest, signal: AbortSignal): Promise<UsageAnswer>
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
  /** Only values whose text begins with it, which are chosen before `limit` is. */
  readonly prefix?: string
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

/** Which facets the matching events have. */
export interface FacetsRequest extends Question {
  /** At least 1. */
  readonly limit: number
}

export interface FacetsAnswer extends Completeness, QueryCost {
  /** Reserved ones first, then by the number of events. */
  readonly facets: readonly FacetName[]
  /** True when there are others. */
  readonly hasMore: boolean
}

export interface FacetName {
  /** As `group_by` takes it: `service`, `@http.status_code`, `env`. */
  readonly name: string
  /** Of most of its values. */
  readonly type: 'string' | 'number' | 'boolean' | 'array'
  /** Matching events that have it. */
  readonly events: number
}

/** Which kinds of messages the matching events have. */
export interface PatternsRequest extends Question {
  /** At least 1. */
  readonly limit: number
}

export interface PatternsAnswer extends Completeness, QueryCost {
  /** The most frequent first. */
  readonly patterns: readonly MessagePattern[]
  /** Matching events with another pattern, or without a message. */
  readonly otherEvents: number
  /** True when there are other patterns. */
  readonly hasMore: boolean
}

export interface MessagePattern {
  /** The message with `*` in the place of what varies; see patterns/message-pattern.ts. */
  readonly pattern: string
  readonly events: number
  /** The newest; undefined when it could not be read any more. */
  readonly example: RenderedEvent | undefined
}

/** What is stored of the days that the range touches. Days are counted as a whole, and `filter` is not looked at. */
export type UsageRequest = Question

export interface UsageAnswer extends Completeness, QueryCost {
  /** In ascending order; days without events are left out. */
  readonly days: readonly UsageOfDay[]
}

export interface UsageOfDay extends StoredUsage {
  /** Start of the UTC day. */
  readonly dayNs: bigint
  /** The most bytes first. Events without a service have the empty one. */
  readonly services: readonly ({ readonly service: string } & StoredUsage)[]
}

export interface StoredUsage {
  readonly events: number
  /** Of the encoded fragments; a service has the share of its events. */
  readonly bytes: number
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

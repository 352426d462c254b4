/** What the query API answers, as far as the page reads it (docs/query-api.md). */

export interface LogEvent {
  readonly id: string
  readonly attributes: {
    /** ISO 8601 with up to nine digits of a second. */
    readonly timestamp: string
    readonly message?: string
    readonly status?: string
    readonly service?: string
    readonly host?: string
    readonly source?: string
    readonly trace_id?: string
    readonly span_id?: string
    /** `name:value`, or a bare word. */
    readonly tags?: readonly string[]
    readonly attributes?: Readonly<Record<string, unknown>>
  }
}

/** Whether an answer has all there is. */
export interface Completeness {
  readonly complete: boolean
  /** Events acknowledged before it are included, ISO 8601. */
  readonly complete_until?: string
  readonly warnings?: readonly { readonly code: string; readonly detail: string }[]
}

export interface AnswerMeta extends Completeness {
  readonly elapsed: number
}

export interface EventPage {
  readonly events: readonly LogEvent[]
  /** Of the next page; undefined after the last. */
  readonly cursor: string | undefined
  readonly meta: AnswerMeta
}

/** What is asked for; times in ms since 1970. */
export interface Question {
  readonly query: string
  readonly fromMs: number
  readonly toMs: number
}

export interface HistogramPoint {
  /** ISO 8601, start of the interval. */
  readonly time: string
  /** Empty where events have none. */
  readonly status: string
  readonly count: number
}

/** A line of a streamed search that was asked for no events. */
export type HistogramLine =
  | { readonly type: 'progress'; readonly fraction: number; readonly matched: number; readonly interval_ms: number; readonly histogram: readonly HistogramPoint[] }
  | ({ readonly type: 'end'; readonly matched: number } & Completeness)

export interface Facet {
  /** `service`, `@http.status_code`, `env`. */
  readonly name: string
  readonly type: string
  readonly events: number
}

export interface FacetValue {
  readonly value: string | number
  readonly count: number
}

export interface Pattern {
  /** `GET * took * ms`. */
  readonly pattern: string
  readonly events: number
  readonly example: LogEvent
}

export interface SavedView {
  readonly id: string
  readonly name: string
  readonly query: string
  readonly columns: readonly string[]
  /** `15m`, or any text that the time range reads. */
  readonly range: string
  readonly version: number
}

export interface Session {
  readonly tenant: string
  readonly name: string
  /** ISO 8601. */
  readonly expires?: string
}

/** What a live tail says. */
export type TailItem =
  | { readonly kind: 'log'; readonly event: LogEvent }
  | { readonly kind: 'dropped'; readonly fragments: number; readonly events: number }
  | { readonly kind: 'gap'; readonly detail: string }

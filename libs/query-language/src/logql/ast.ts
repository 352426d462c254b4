/**
 * What a LogQL query means. Plain data. docs/logql.md has the grammar.
 */
export type LogqlExpr = LogExpr | MetricExpr

/** Lines of some streams, through stages. */
export interface LogExpr {
  readonly type: 'log'
  readonly matchers: readonly Matcher[]
  readonly stages: readonly Stage[]
}

/** `name="value"`. Regular expressions match a label's value as a whole. */
export interface Matcher {
  readonly name: string
  readonly op: MatchOp
  readonly value: string
}

export type MatchOp = '=' | '!=' | '=~' | '!~'

export type Stage = LineFilter | ParserStage | LabelFilterStage | LineFormat | LabelFormat | LabelSelection | { readonly type: 'decolorize' }

/** `|= "a" or "b"`: the line has one of them; with `!=` and `!~` it has none. Regular expressions are found anywhere in the line. */
export interface LineFilter {
  readonly type: 'line-filter'
  readonly op: '|=' | '!=' | '|~' | '!~'
  /** At least one. */
  readonly values: readonly string[]
}

export type ParserStage =
  | { readonly type: 'json'; readonly fields: readonly Extraction[] }
  | { readonly type: 'logfmt'; readonly isStrict: boolean; readonly keepsEmpty: boolean; readonly fields: readonly Extraction[] }
  | { readonly type: 'regexp'; readonly pattern: string }
  | { readonly type: 'pattern'; readonly pattern: string }
  | { readonly type: 'unpack' }

/** `label="path"`. */
export interface Extraction {
  readonly label: string
  readonly path: string
}

export interface LabelFilterStage {
  readonly type: 'label-filter'
  readonly filter: LabelFilter
}

export type LabelFilter =
  | { readonly type: 'match'; readonly matcher: Matcher }
  | LabelComparison
  | { readonly type: 'and' | 'or'; readonly left: LabelFilter; readonly right: LabelFilter }

/** A label's value as a number, a duration or a size. */
export interface LabelComparison {
  readonly type: 'compare'
  readonly name: string
  readonly op: CompareOp
  readonly unit: 'number' | 'duration' | 'bytes'
  /** Durations in ns. */
  readonly value: number
}

export type CompareOp = '==' | '!=' | '>' | '>=' | '<' | '<='

export interface LineFormat {
  readonly type: 'line-format'
  readonly template: string
}

/** Each either takes another label's place or is made by a template. */
export interface LabelFormat {
  readonly type: 'label-format'
  readonly formats: readonly ({ readonly name: string; readonly from: string } | { readonly name: string; readonly template: string })[]
}

export interface LabelSelection {
  readonly type: 'drop' | 'keep'
  /** With a matcher only where it holds. */
  readonly labels: readonly { readonly name: string; readonly matcher: Matcher | undefined }[]
}

export type MetricExpr = RangeAggregation | VectorAggregation | BinaryExpr | LabelReplace | { readonly type: 'literal'; readonly value: number } | { readonly type: 'vector'; readonly value: number }

/** `rate({…}[5m])`. */
export interface RangeAggregation {
  readonly type: 'range'
  readonly op: RangeOp
  readonly log: LogExpr
  readonly rangeNs: bigint
  /** 0n without one. */
  readonly offsetNs: bigint
  readonly unwrap: Unwrap | undefined
  /** Of `quantile_over_time`. */
  readonly parameter: number | undefined
  readonly grouping: Grouping | undefined
}

export interface Unwrap {
  readonly label: string
  readonly conversion: 'bytes' | 'duration' | 'duration_seconds' | undefined
  readonly filters: readonly LabelFilter[]
}

/** Those that count lines. */
export const LINE_OPS = ['count_over_time', 'rate', 'bytes_over_time', 'bytes_rate', 'absent_over_time'] as const
/** Those that may, or must, have an `unwrap`. */
export const UNWRAP_OPS = ['sum_over_time', 'avg_over_time', 'min_over_time', 'max_over_time', 'stddev_over_time', 'stdvar_over_time', 'quantile_over_time', 'first_over_time', 'last_over_time'] as const
export type RangeOp = (typeof LINE_OPS)[number] | (typeof UNWRAP_OPS)[number]

export interface VectorAggregation {
  readonly type: 'vector-aggregation'
  readonly op: VectorOp
  readonly expr: MetricExpr
  /** Of `topk` and `bottomk`. */
  readonly parameter: number | undefined
  readonly grouping: Grouping | undefined
}

export const VECTOR_OPS = ['sum', 'avg', 'min', 'max', 'count', 'stddev', 'stdvar', 'topk', 'bottomk', 'sort', 'sort_desc'] as const
export type VectorOp = (typeof VECTOR_OPS)[number]

export interface Grouping {
  readonly isWithout: boolean
  readonly labels: readonly string[]
}

export interface BinaryExpr {
  readonly type: 'binary'
  readonly op: BinaryOp
  readonly left: MetricExpr
  readonly right: MetricExpr
  /** Comparisons answer 0 and 1 and keep all samples. */
  readonly isBool: boolean
}

export type BinaryOp = '+' | '-' | '*' | '/' | '%' | '^' | CompareOp | 'and' | 'or' | 'unless'

export interface LabelReplace {
  readonly type: 'label-replace'
  readonly expr: MetricExpr
  readonly target: string
  readonly replacement: string
  readonly source: string
  readonly pattern: string
}

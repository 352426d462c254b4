/**
 * The columns that are not attributes. Reserved attributes have bare names (as in Datadog), attributes begin
 * with `@`, and what the pipeline itself adds begins with `_` (a client's own `_x` becomes `@_x`).
 */
export const RESERVED_COLUMNS = ['message', 'status', 'service', 'host', 'source', 'tags', 'trace_id', 'span_id'] as const

/** String column: `<generation>/<partition>` of the batch that brought the event. Added by the writer. */
export const STREAM_COLUMN = '_stream'
/** Number column: offset of that batch in the topic `batches`. Added by the writer. */
export const OFFSET_COLUMN = '_offset'
/** Number column: the event's row in that batch as received. Present from intake on. */
export const ROW_COLUMN = '_row'
/**
 * Literal column, `true` or nothing: the protocol that brought the event promises its readers the message as it was sent (Loki's queries parse it themselves), so
 * that nothing is made of it unless the tenant says so. Present from intake on.
 */
export const VERBATIM_COLUMN = '_verbatim'

/** The part of a column name that stands for one key. */
export function escapedKey(key: string): string {
  return /[.\\]/.test(key) ? key.replace(/[.\\]/g, '\\$&') : key
}

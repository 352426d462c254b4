/** A search that cannot be understood. The message says what is wrong at `column`, without naming it. */
export class QuerySyntaxError extends Error {
  override readonly name = 'QuerySyntaxError'
  readonly code = 'QUERY_SYNTAX'
  readonly retryable = false
  /** 1-based, in UTF-16 units, as editors count. */
  readonly column: number

  constructor(message: string, column: number) {
    super(message)
    this.column = column
  }
}

/** A query that cannot be understood, or asks for what is not supported. The message begins as Loki's: `parse error at line 1, col 9: …`. */
export class LogqlSyntaxError extends Error {
  override readonly name = 'LogqlSyntaxError'
  readonly code = 'LOGQL_SYNTAX'
  readonly retryable = false
  /** 1-based. */
  readonly line: number
  /** 1-based, in UTF-16 units. */
  readonly column: number

  constructor(reason: string, query: string, offset: number) {
    const before = query.slice(0, offset).split('\n')
    const line = before.length
    const column = (before.at(-1) ?? '').length + 1
    super(`parse error at line ${line}, col ${column}: ${reason}`)
    this.line = line
    this.column = column
  }
}

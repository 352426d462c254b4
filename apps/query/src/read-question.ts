import { parseQuery } from '@millrace/query-language/parse-query'
import type { QueryAst } from '@millrace/query-language/ast'
import { QuerySyntaxError } from '@millrace/query-language/query-syntax-error'
import { parseQueryTime } from './time-range.ts'

/** A question that cannot be understood; its message says which part and why. */
export class BadQuestionError extends Error {
  override readonly name = 'BadQuestionError'
  readonly code = 'BAD_QUERY'
  readonly retryable = false
}

export interface QuestionFilter {
  readonly text: string
  readonly filter: QueryAst
  readonly fromNs: bigint
  /** Exclusive. */
  readonly toNs: bigint
}

/** Reads `filter` of a search or an aggregation; from now-15m to now unless it says otherwise. @throws {BadQuestionError} */
export function readFilter(value: unknown, nowMs: number): QuestionFilter {
  const record = readRecord(value ?? {}, 'filter')
  const text = record['query'] ?? '*'
  if (typeof text !== 'string') throw new BadQuestionError('filter.query must be a string')
  const fromNs = parseQueryTime(record['from'] ?? 'now-15m', nowMs)
  const toNs = parseQueryTime(record['to'] ?? 'now', nowMs)
  if (fromNs === undefined || toNs === undefined) throw new BadQuestionError(`filter.${fromNs === undefined ? 'from' : 'to'} must be "now", "now-15m", an ISO 8601 time or milliseconds since 1970`)
  if (fromNs > toNs) throw new BadQuestionError('filter.from must not be after filter.to')
  try {
    return { text, filter: parseQuery(text), fromNs, toNs: toNs + 1n }
  } catch (error) {
    if (error instanceof QuerySyntaxError) throw new BadQuestionError(`filter.query, column ${error.column}: ${error.message}`, { cause: error })
    throw error
  }
}

/** @throws {BadQuestionError} */
export function readRecord(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadQuestionError(`${name} must be a JSON object`)
  return value as Readonly<Record<string, unknown>>
}

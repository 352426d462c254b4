import type { CassandraRow } from './cassandra-session.ts'

/** The value of a column that must hold one; what a schema promises is asserted, not cast. */
export function textOf(row: CassandraRow, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new TypeError(wrong(column, 'text', value))
  return value
}

export function intOf(row: CassandraRow, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw new TypeError(wrong(column, 'a number', value))
  return value
}

export function bigintOf(row: CassandraRow, column: string): bigint {
  const value = row[column]
  if (typeof value !== 'bigint') throw new TypeError(wrong(column, 'a bigint', value))
  return value
}

/** A `bigint` column whose values stay below 2^53. */
export function safeIntegerOf(row: CassandraRow, column: string): number {
  const value = Number(bigintOf(row, column))
  if (!Number.isSafeInteger(value)) throw new RangeError(`column ${column} is above 2^53`)
  return value
}

export function bytesOf(row: CassandraRow, column: string): Buffer {
  const value = row[column]
  if (!Buffer.isBuffer(value)) throw new TypeError(wrong(column, 'bytes', value))
  return value
}

/** Whether the column holds nothing; Cassandra keeps no empty collections. */
export function isNull(row: CassandraRow, column: string): boolean {
  return row[column] === null || row[column] === undefined
}

function wrong(column: string, wanted: string, value: unknown): string {
  return `column ${column} holds ${value === null ? 'nothing' : typeof value} instead of ${wanted}`
}

import { NS_PER_MS } from '@millrace/event/event'
import { parseTimestamp } from '@millrace/event/timestamp'

/** A time of a query, ns since 1970: `now`, `now-15m`, ISO 8601, or milliseconds since 1970. Undefined when it is none. */
export function parseQueryTime(value: unknown, nowMs: number): bigint | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt(Math.trunc(value)) * NS_PER_MS
  if (typeof value !== 'string') return undefined
  const relative = /^now(?:-(\d{1,9})(ms|s|m|h|d|w|mo|y))?$/.exec(value.trim())
  if (relative !== null) return BigInt(Math.trunc(nowMs)) * NS_PER_MS - BigInt(relative[1] ?? '0') * (UNIT_NS[relative[2] ?? 's'] ?? 0n)
  if (/^\d{1,16}$/.test(value)) return BigInt(value) * NS_PER_MS
  return parseTimestamp(value)
}

/** An interval such as `5m`, in ms. Undefined when it is none. */
export function parseIntervalMs(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value
  if (typeof value !== 'string') return undefined
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d|w|mo|y)$/.exec(value) ?? []
  const ns = UNIT_NS[unit]
  return count === undefined || ns === undefined || Number(count) === 0 ? undefined : Number(count) * Number(ns / NS_PER_MS)
}

const SECOND_NS = 1_000_000_000n
const DAY_NS = 86_400n * SECOND_NS
const UNIT_NS: Readonly<Record<string, bigint>> = { ms: NS_PER_MS, s: SECOND_NS, m: 60n * SECOND_NS, h: 3600n * SECOND_NS, d: DAY_NS, w: 7n * DAY_NS, mo: 30n * DAY_NS, y: 365n * DAY_NS }

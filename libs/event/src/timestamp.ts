import { NS_PER_MS } from './event.ts'

/**
 * Reads ISO 8601: a date, or a date and a time with `T` or a space between, seconds optional, a fraction of up to 9 digits behind `.` or `,`,
 * and `Z` or an offset. Without an offset the time is UTC. Undefined for anything else: a longer fraction would lose digits.
 *
 * @returns ns since 1970.
 */
export function parseTimestamp(text: string): bigint | undefined {
  if (text.length > MAX_TIMESTAMP_LENGTH) return undefined
  const match = ISO_8601.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const dayMs = dayStartMs(Number(year), Number(month), Number(day))
  if (dayMs === undefined) return undefined
  const hours = Number(hour ?? 0)
  const minutes = Number(minute ?? 0)
  const seconds = Number(second ?? 0)
  // A leap second is the first moment of the next minute, as POSIX counts.
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  const offsetMinutes = zone === undefined ? 0 : zoneMinutes(zone)
  if (offsetMinutes === undefined) return undefined
  const ms = dayMs + ((hours * 60 + minutes - offsetMinutes) * 60 + seconds) * 1000
  return BigInt(ms) * NS_PER_MS + BigInt((fraction ?? '').padEnd(9, '0'))
}

/**
 * Reads a count since 1970 whose size tells its unit: below 1e11 seconds (the year 5138), below 1e14 milliseconds, below 1e17 microseconds, else
 * nanoseconds. Decimals count. Undefined for other text, an exponent included.
 *
 * @param value a number, or digits with an optional sign and decimals.
 * @returns ns since 1970; digits finer than a nanosecond are dropped.
 */
export function timestampFromEpoch(value: number | string): bigint | undefined {
  const text = typeof value === 'number' ? String(value) : value
  const [, sign, whole, decimals = ''] = EPOCH.exec(text) ?? []
  if (whole === undefined) return undefined
  const unit = EPOCH_UNITS.find(({ below }) => BigInt(whole) < below)
  if (unit === undefined) return undefined
  const ns = BigInt(whole + decimals.slice(0, unit.decimals).padEnd(unit.decimals, '0'))
  return sign === '-' ? -ns : ns
}

/** ISO 8601 in UTC with three decimals, or as many as the time needs. Years outside 0 to 9999 have a sign and six digits, as in ECMAScript. */
export function formatTimestamp(timestampNs: bigint): string {
  const subMs = ((timestampNs % NS_PER_MS) + NS_PER_MS) % NS_PER_MS
  const text = new Date(Number((timestampNs - subMs) / NS_PER_MS)).toISOString()
  return subMs === 0n ? text : `${text.slice(0, -1)}${String(subMs).padStart(6, '0').replace(/0+$/, '')}Z`
}

/** The longest form that is understood has 35 characters. */
const MAX_TIMESTAMP_LENGTH = 40
const ISO_8601 = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?$/
/** Nineteen digits hold every ns count until the year 2286. */
const EPOCH = /^(-?)(\d{1,19})(?:\.(\d{1,30}))?$/
const EPOCH_UNITS = [
  { below: 10n ** 11n, decimals: 9 },
  { below: 10n ** 14n, decimals: 6 },
  { below: 10n ** 17n, decimals: 3 },
  { below: 10n ** 19n, decimals: 0 },
] as const

function dayStartMs(year: number, month: number, day: number): number | undefined {
  const date = new Date(0)
  // Unlike Date.UTC this takes the years 0 to 99 as they are.
  date.setUTCFullYear(year, month - 1, day)
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined
}

function zoneMinutes(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || 0)
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

import { NS_PER_DAY, NS_PER_MS, type EventKind } from '@millrace/event/event'
import { clampTime } from './fragment-index.ts'

/** The fragments whose documents share one index: those of one kind and one week. */
export interface IndexWindow {
  readonly kind: EventKind
  /** Start of the Monday that the week begins with. */
  readonly startNs: bigint
  /** Exclusive. */
  readonly endNs: bigint
}

/**
 * The window of a fragment. A week: expiry drops whole indices, so that its disk comes back at most a week late; a lost index costs a week's pruning;
 * a search over a day asks one or two; and a year of four kinds makes 212 indices, where days would make 1,500.
 */
export function windowOf(kind: EventKind, dayNs: bigint): IndexWindow {
  const day = floorDivide(clampTime(dayNs), NS_PER_DAY)
  const monday = day - floorModulo(day + DAYS_FROM_MONDAY, DAYS_PER_WEEK)
  return { kind, startNs: monday * NS_PER_DAY, endNs: (monday + DAYS_PER_WEEK) * NS_PER_DAY }
}

/** `log-2026.11.23`: the kind and the window's first day. */
export function windowName({ kind, startNs }: IndexWindow): string {
  return `${kind}-${new Date(Number(startNs / NS_PER_MS)).toISOString().slice(0, 10).replaceAll('-', '.')}`
}

/** The inverse of {@link windowName}; undefined for any other text. */
export function parseWindowName(name: string): IndexWindow | undefined {
  const [, kind, date] = WINDOW_NAME.exec(name) ?? []
  if (kind === undefined || date === undefined) return undefined
  const startMs = Date.parse(`${date.replaceAll('.', '-')}T00:00:00Z`)
  if (Number.isNaN(startMs)) return undefined
  const window = windowOf(kind as EventKind, BigInt(startMs) * NS_PER_MS)
  return windowName(window) === name ? window : undefined
}

const WINDOW_NAME = /^(log|metric|span|dead-letter)-(\d{4}\.\d\d\.\d\d)$/
const DAYS_PER_WEEK = 7n
/** 1970 began with a Thursday. */
const DAYS_FROM_MONDAY = 3n

function floorDivide(a: bigint, b: bigint): bigint {
  return (a - floorModulo(a, b)) / b
}

function floorModulo(a: bigint, b: bigint): bigint {
  return ((a % b) + b) % b
}

/**
 * Reads a duration of Prometheus or Go: `5m`, `1h30m`, `1.5s`, `-2d`. Undefined for anything else, a bare number included.
 *
 * @returns ns; fractions of one are dropped.
 */
export function parseDurationNs(text: string): bigint | undefined {
  const [, sign, parts = ''] = /^([+-]?)((?:\d+(?:\.\d+)?(?:ns|us|µs|μs|ms|[smhdwy]))+)$/.exec(text) ?? []
  if (sign === undefined || text.length > MAX_QUANTITY_LENGTH) return undefined
  let ns = 0n
  for (const [, whole = '', decimals = '', unit = ''] of parts.matchAll(/(\d+)(?:\.(\d+))?([a-zµμ]+)/g)) {
    const unitNs = DURATION_UNITS_NS[unit] ?? 0n
    ns += BigInt(whole) * unitNs + (decimals === '' ? 0n : (BigInt(decimals) * unitNs) / 10n ** BigInt(decimals.length))
  }
  return sign === '-' ? -ns : ns
}

/** Reads a size: `512`, `1.5KB`, `20MiB`. Undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(text) ?? []
  const factor = BYTE_UNITS[unit.toLowerCase()]
  return number === undefined || factor === undefined || text.length > MAX_QUANTITY_LENGTH ? undefined : Math.trunc(Number(number) * factor)
}

/** The shortest text with one unit that {@link parseDurationNs} reads. */
export function durationText(ns: bigint): string {
  if (ns === 0n) return '0s'
  const [unit, unitNs] = PRINTED_UNITS.find(([, size]) => ns % size === 0n) ?? ['ns', 1n]
  return `${ns / unitNs}${unit}`
}

/** Nobody writes a longer one. */
const MAX_QUANTITY_LENGTH = 64
const SECOND_NS = 1_000_000_000n
const DAY_NS = 86_400n * SECOND_NS
const DURATION_UNITS_NS: Readonly<Record<string, bigint>> = {
  ns: 1n, us: 1000n, 'µs': 1000n, 'μs': 1000n, ms: 1_000_000n, s: SECOND_NS, m: 60n * SECOND_NS, h: 3600n * SECOND_NS, d: DAY_NS, w: 7n * DAY_NS, y: 365n * DAY_NS,
}
const PRINTED_UNITS = (['d', 'h', 'm', 's', 'ms', 'us', 'ns'] as const).map((unit) => [unit, DURATION_UNITS_NS[unit] ?? 1n] as const)
const BYTE_UNITS: Readonly<Record<string, number>> = {
  '': 1, b: 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9, t: 1e12, tb: 1e12, p: 1e15, pb: 1e15,
  kib: 2 ** 10, ki: 2 ** 10, mib: 2 ** 20, mi: 2 ** 20, gib: 2 ** 30, gi: 2 ** 30, tib: 2 ** 40, ti: 2 ** 40, pib: 2 ** 50, pi: 2 ** 50,
}

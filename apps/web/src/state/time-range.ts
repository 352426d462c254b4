/** A range as the address and saved views hold it: `now-15m` to `now`, or two instants in ISO 8601. */
export interface TimeRange {
  readonly from: string
  readonly to: string
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-15m', to: 'now' }

/** Offered without typing. */
export const PRESETS: readonly { readonly label: string; readonly span: string }[] = [
  { label: '5 minutes', span: '5m' },
  { label: '15 minutes', span: '15m' },
  { label: '1 hour', span: '1h' },
  { label: '4 hours', span: '4h' },
  { label: '1 day', span: '1d' },
  { label: '2 days', span: '2d' },
  { label: '7 days', span: '7d' },
  { label: '30 days', span: '30d' },
]

/** Ms since 1970; undefined where the text is no time. Reads `now`, `now-15m`, ms, ISO 8601 and the local forms that {@link localText} writes. */
export function parseTime(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim()
  const [, count, unit] = /^now(?:-(\d{1,9})(s|m|h|d|w))?$/.exec(trimmed) ?? []
  if (trimmed.startsWith('now')) return trimmed === 'now' ? nowMs : count === undefined ? undefined : nowMs - Number(count) * (UNIT_MS[unit ?? ''] ?? 0)
  if (/^\d{10,16}$/.test(trimmed)) return Number(trimmed)
  if (!/^\d{4}-\d\d-\d\d/.test(trimmed)) return undefined
  const ms = Date.parse(trimmed.replace(/^(\S+) (\d)/, '$1T$2'))
  return Number.isNaN(ms) ? undefined : ms
}

/** The instants of a range; undefined where it is none or ends before it begins. */
export function resolveRange({ from, to }: TimeRange, nowMs: number): { readonly fromMs: number; readonly toMs: number } | undefined {
  const [fromMs, toMs] = [parseTime(from, nowMs), parseTime(to, nowMs)]
  return fromMs === undefined || toMs === undefined || fromMs >= toMs ? undefined : { fromMs, toMs }
}

/** `Past 15 minutes`, or both ends. */
export function rangeLabel({ from, to }: TimeRange): string {
  const preset = to === 'now' ? PRESETS.find(({ span }) => from === `now-${span}`) : undefined
  if (preset !== undefined) return `Past ${preset.label}`
  const label = (text: string): string => (text.startsWith('now') ? text : localText(parseTime(text, 0) ?? 0))
  return `${label(from)} – ${label(to)}`
}

/** `15m` for a range that moves with the clock, else both ends; a saved view keeps it. */
export function rangeText({ from, to }: TimeRange): string {
  return to === 'now' && from.startsWith('now-') ? from.slice('now-'.length) : `${from}/${to}`
}

export function rangeOfText(text: string): TimeRange {
  const [from = '', to] = text.split('/')
  return to === undefined ? { from: `now-${from}`, to: 'now' } : { from, to }
}

/** `2026-11-26 13:05:09`, in the reader's zone; it can be typed back in. */
export function localText(ms: number): string {
  const date = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `11-26 13:05:09.123`: the width of every line's time is the same. */
export function lineTime(timestamp: string): string {
  const ms = Date.parse(timestamp)
  return Number.isNaN(ms) ? timestamp : `${localText(ms).slice(5)}.${String(((ms % 1000) + 1000) % 1000).padStart(3, '0')}`
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

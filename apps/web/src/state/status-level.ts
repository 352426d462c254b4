/** How loud a status is: the colour of its line and of its bar. */
export type StatusLevel = 'error' | 'warn' | 'info' | 'debug' | 'ok' | 'other'

/** Bottom to top in the histogram: what matters stands on the ground, where heights compare. */
export const LEVELS: readonly StatusLevel[] = ['error', 'warn', 'info', 'ok', 'debug', 'other']

export function levelOf(status: string | undefined): StatusLevel {
  return LEVEL_OF.get((status ?? '').toLowerCase()) ?? 'other'
}

/** A map and no object: a status may be called `constructor`. */
const LEVEL_OF: ReadonlyMap<string, StatusLevel> = new Map([
  ...['emergency', 'emerg', 'alert', 'critical', 'crit', 'fatal', 'panic', 'error', 'err'].map((name) => [name, 'error'] as const),
  ...['warn', 'warning'].map((name) => [name, 'warn'] as const),
  ...['notice', 'info', 'informational'].map((name) => [name, 'info'] as const),
  ...['debug', 'trace', 'verbose'].map((name) => [name, 'debug'] as const),
  ...['ok', 'success'].map((name) => [name, 'ok'] as const),
])

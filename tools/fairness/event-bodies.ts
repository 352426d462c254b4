import { logLine, logSource, timeOfLog } from '../load/generate-log.ts'

/** NDJSON bodies of seeded logs, spread evenly over the time from `baseMs` on. */
export function eventBodies({ seed, bodies, eventsPerBody, baseMs, spanMs }: { readonly seed: number; readonly bodies: number; readonly eventsPerBody: number; readonly baseMs: number; readonly spanMs: number }): readonly Buffer[] {
  const source = logSource(seed)
  const count = bodies * eventsPerBody
  return Array.from({ length: bodies }, (_, body) => {
    const lines = Array.from({ length: eventsPerBody }, (_, row) => {
      const n = body * eventsPerBody + row
      return `${logLine(source(n), new Date(timeOfLog(seed, n, { baseMs, spanMs, count })).toISOString())}\n`
    })
    return Buffer.from(lines.join(''), 'latin1')
  })
}

import type { z } from 'zod'

/** What is wrong with the configuration, for the person who wrote it. */
export class BadConfigError extends Error {
  override readonly name = 'BadConfigError'
  readonly code = 'BAD_CONFIG'
  readonly retryable = false
}

/**
 * Reads an app's settings out of the environment: the setting `httpPort` is `MILLRACE_HTTP_PORT`. Values of secrets are never repeated in a message.
 *
 * @throws {BadConfigError} a value is wrong, or a variable begins with `MILLRACE_` and is none of ours; it names the nearest that is.
 */
export function readEnvironment<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, environment: Readonly<Record<string, string | undefined>>): z.infer<z.ZodObject<Shape>> {
  const names = new Map(Object.keys(schema.shape).map((setting) => [variableOf(setting), setting]))
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || value === undefined || value === '') continue
    const setting = names.get(name)
    if (setting === undefined) throw new BadConfigError(`${name} is not a setting; did you mean ${nearest(name, [...names.keys()])}?`)
    values[setting] = value
  }
  const result = schema.safeParse(values)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new BadConfigError(`${variableOf(String(issue?.path[0] ?? ''))}: ${issue?.message ?? 'is not valid'}`)
}

const PREFIX = 'MILLRACE_'

/** `httpPort` as `MILLRACE_HTTP_PORT`. */
export function variableOf(setting: string): string {
  return PREFIX + setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

function nearest(name: string, candidates: readonly string[]): string | undefined {
  return candidates.map((candidate) => ({ candidate, distance: editDistance(name, candidate) })).sort((a, b) => a.distance - b.distance)[0]?.candidate
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)))
    above = row
  }
  return above[b.length] ?? 0
}

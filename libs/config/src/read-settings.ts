import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { z } from 'zod'
import { nearestName } from './nearest-name.ts'

/** What is wrong with the configuration, for the person who wrote it. */
export class BadConfigError extends Error {
  override readonly name = 'BadConfigError'
  readonly code = 'BAD_CONFIG'
  readonly retryable = false
}

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads an app's settings: defaults, over them the YAML or JSON file that `MILLRACE_CONFIG_FILE` names, over that the environment, where the setting `httpPort` is
 * `MILLRACE_HTTP_PORT`, and `MILLRACE_HTTP_PORT_FILE` names a file that holds it (for secrets). Values are never repeated in a message.
 *
 * @throws {BadConfigError} a value is wrong, a file cannot be read, or a name is none of ours; it names the nearest that is.
 */
export function readSettings<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, environment: Environment): z.infer<z.ZodObject<Shape>> {
  const settings = Object.keys(schema.shape)
  const path = environment[FILE_VARIABLE]
  const values: Record<string, unknown> = path === undefined || path === '' ? {} : readConfigFile(path, settings)
  const origins = new Map(Object.keys(values).map((setting) => [setting, `${path}: ${setting}`]))

  const variables = new Map(settings.map((setting) => [variableOf(setting), setting]))
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || name === FILE_VARIABLE || value === undefined || value === '') continue
    const ofFile = name.endsWith(SECRET_SUFFIX) ? variables.get(name.slice(0, -SECRET_SUFFIX.length)) : undefined
    const setting = variables.get(name) ?? ofFile
    if (setting === undefined) throw new BadConfigError(`${name} is not a setting; did you mean ${nearestName(name, [...variables.keys(), FILE_VARIABLE])}?`)
    values[setting] = ofFile === undefined ? value : readText(value, name).trim()
    origins.set(setting, name)
  }
  const result = schema.safeParse(values)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const setting = String(issue?.path[0] ?? '')
  throw new BadConfigError(`${origins.get(setting) ?? variableOf(setting)}: ${issue?.message ?? 'is not valid'}`)
}

const PREFIX = 'MILLRACE_'
const FILE_VARIABLE = `${PREFIX}CONFIG_FILE`
/** As Docker's and Kubernetes' secrets are mounted. */
const SECRET_SUFFIX = '_FILE'

/** `httpPort` as `MILLRACE_HTTP_PORT`. */
export function variableOf(setting: string): string {
  return PREFIX + setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
}

/** The settings as rows of a table for the docs: variable, default, meaning. */
export function settingsTable<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>): string {
  return Object.entries(schema.shape)
    .map(([setting, type]) => {
      const zodType = type as z.ZodType
      const fallback = zodType.safeParse(undefined)
      const value = fallback.success && fallback.data !== undefined ? `\`${Array.isArray(fallback.data) ? fallback.data.join(',') : String(fallback.data)}\`` : ''
      return `| \`${variableOf(setting)}\` | ${value} | ${zodType.description ?? ''} |`
    })
    .join('\n')
}

function readConfigFile(path: string, settings: readonly string[]): Record<string, unknown> {
  let content: unknown
  try {
    content = parse(readText(path, FILE_VARIABLE))
  } catch (error) {
    if (error instanceof BadConfigError) throw error
    throw new BadConfigError(`${path} is neither YAML nor JSON`)
  }
  if (content === null) return {}
  if (typeof content !== 'object' || Array.isArray(content)) throw new BadConfigError(`${path} must hold settings, one name and value each`)
  for (const name of Object.keys(content)) if (!settings.includes(name)) throw new BadConfigError(`${path}: ${name} is not a setting; did you mean ${nearestName(name, settings)}?`)
  return { ...content }
}

function readText(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new BadConfigError(`${variable}: the file ${path} cannot be read`)
  }
}

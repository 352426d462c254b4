import { z } from 'zod'
import type { SecretPlace } from './secret-settings.ts'

/**
 * An app's settings as a JSON Schema of what people write: nothing is required, numbers are numbers, and a list may be a text with commas, as `--set` gives it.
 *
 * @param omit settings that the chart alone decides.
 * @param secrets refused by name, with a message that says where they belong: the only value they could have is that message.
 */
export function settingsJsonSchema<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, { omit, secrets }: { readonly omit: readonly string[]; readonly secrets: Readonly<Record<string, SecretPlace>> }): Readonly<Record<string, unknown>> {
  // Of the output: what coercion would take says nothing.
  const { properties = {} } = z.toJSONSchema(schema, { target: 'draft-7', io: 'output' })
  const written = Object.entries(properties)
    .filter(([setting]) => !omit.includes(setting))
    .map(([setting, property]) => [setting, secrets[setting] === undefined ? asWritten(property as SettingSchema) : refusal(secrets[setting])] as const)
  return { type: 'object', additionalProperties: false, properties: Object.fromEntries(written) }
}

function asWritten(property: SettingSchema): SettingSchema {
  return property.type === 'array' ? { ...property, type: ['array', 'string'], minLength: 1 } : property
}

function refusal({ secret, entry }: SecretPlace): SettingSchema {
  return { const: `(a secret: put it into a Secret as ${entry} and name that in existingSecrets.${secret})` }
}

interface SettingSchema {
  readonly type?: string | readonly string[]
  readonly [keyword: string]: unknown
}

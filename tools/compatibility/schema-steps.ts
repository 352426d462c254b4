import { createHash } from 'node:crypto'
import { catalogSteps } from '@millrace/catalog/schema-steps'
import { objectSteps } from '@millrace/fragment-store/schema-steps'

/** Every step of every schema, by its name, with the hash of what it does. */
export function schemaSteps(): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries({ ...objectSteps(), ...catalogSteps() }).map(([name, text]) => [name, createHash('sha256').update(text).digest('hex')]))
}

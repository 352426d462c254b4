import type { LogEvent } from '../api/types.ts'

/** One thing that an event says, under the name that a search finds it by. */
export interface EventField {
  /** `service`, `@http.status_code`, `env`. */
  readonly facet: string
  readonly value: string | number | boolean
}

/** Deeper ones are shown as JSON. */
const MAX_DEPTH = 16
/** An event with more is a dump of a program's memory; its JSON shows the rest. */
const MAX_FIELDS = 1000

/** Reserved attributes first, then tags, then its own attributes, in its order. The message is left out. */
export function fieldsOf({ attributes: event }: LogEvent): readonly EventField[] {
  const fields: EventField[] = []
  for (const name of RESERVED) {
    const value = event[name]
    if (value !== undefined && value !== '') fields.push({ facet: name, value })
  }
  for (const tag of event.tags ?? []) {
    const colon = tag.indexOf(':')
    fields.push(colon < 1 ? { facet: 'tags', value: tag } : { facet: tag.slice(0, colon), value: tag.slice(colon + 1) })
  }
  addNested(fields, '', event.attributes ?? {}, 0)
  return fields
}

const RESERVED = ['service', 'status', 'host', 'source', 'trace_id', 'span_id'] as const

/** The text of one facet, for a column; empty where the event has none. Several values have commas between. */
export function fieldText(event: LogEvent, facet: string): string {
  return fieldsOf(event).filter((field) => field.facet === facet).map(({ value }) => String(value)).join(', ')
}

function addNested(fields: EventField[], path: string, value: unknown, depth: number): void {
  if (fields.length >= MAX_FIELDS || value === null || value === undefined) return
  if (path === '' && depth > 0) return // no search finds an attribute without a name
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') fields.push({ facet: `@${path}`, value })
  else if (depth >= MAX_DEPTH) fields.push({ facet: `@${path}`, value: JSON.stringify(value) })
  else if (Array.isArray(value)) for (const each of value) addNested(fields, path, each, depth + 1)
  else for (const [key, each] of Object.entries(value)) addNested(fields, (path === '' ? '' : `${path}.`) + key.replace(/[\\.]/g, '\\$&'), each, depth + 1)
}

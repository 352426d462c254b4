/** A JSON Schema (2020-12), as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>

/** What the document says of one route; its scope and dialect are the route's own. */
export interface Operation {
  /** The heading that it stands under. */
  readonly tag: Tag
  /** One line. */
  readonly summary: string
  /** What else a client must know; plain text. */
  readonly description?: string
  /** Besides those of the path. */
  readonly parameters?: readonly Parameter[]
  readonly body?: Body
  /** What it answers where all goes well, by status. */
  readonly answers: Readonly<Record<number, Answer>>
  /** Errors that not every route has, by status: why. */
  readonly errors?: Readonly<Record<number, string>>
}

/** In the order of the page. */
export const TAGS = ['Search', 'Facets and patterns', 'Views', 'Tenant', 'Pipelines', 'Sending logs', 'Loki', 'Signing in', 'Elasticsearch handshake', 'Datadog agent', 'Operation'] as const

export type Tag = (typeof TAGS)[number]

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'header'
  readonly description: string
  readonly schema: Schema
  readonly required?: boolean
}

export interface Body {
  readonly description?: string
  readonly required: boolean
  /** By media type. */
  readonly content: Readonly<Record<string, Schema>>
}

export interface Answer {
  readonly description: string
  /** By media type; none for an answer without a body. That of NDJSON describes each line. */
  readonly content?: Readonly<Record<string, Schema>>
  readonly headers?: Readonly<Record<string, Schema & { readonly description: string }>>
}

export function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` }
}

/** An object of which all properties are required but those whose names end in `?`. */
export function object(properties: Readonly<Record<string, Schema>>, description?: string): Schema {
  const names = Object.keys(properties)
  const required = names.filter((name) => !name.endsWith('?'))
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties: Object.fromEntries(names.map((name) => [name.replace(/\?$/, ''), properties[name]])),
    ...(required.length === 0 ? {} : { required }),
  }
}

export function list(items: Schema, more: Schema = {}): Schema {
  return { type: 'array', items, ...more }
}

export function oneOf(values: readonly string[], more: Schema = {}): Schema {
  return { type: 'string', enum: values, ...more }
}

export const text: Schema = { type: 'string' }
export const count: Schema = { type: 'integer', minimum: 0 }
export const flag: Schema = { type: 'boolean' }
export const time: Schema = { type: 'string', format: 'date-time' }

export function json(schema: Schema): Readonly<Record<string, Schema>> {
  return { 'application/json': schema }
}

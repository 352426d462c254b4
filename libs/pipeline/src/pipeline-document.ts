import { z } from 'zod'
import { STANDARD_SECRETS } from './standard-secrets.ts'

// What a tenant says about its events, as JSON. Whoever reads it must know no code: names are the field's own, and every member is checked.

/** A tenant's pipelines: they run in order, each on the events that its filter finds by then. */
export type PipelineDocument = z.infer<typeof documentSchema>
export type PipelineSettings = PipelineDocument['pipelines'][number]
export type ProcessorSettings = PipelineSettings['processors'][number]
export type SettingsOf<T extends ProcessorSettings['type']> = Extract<ProcessorSettings, { type: T }>

/** A person reads them from top to bottom, and every event passes all of them. */
export const MAX_PIPELINES = 50
export const MAX_PROCESSORS = 50
/** Of names, filters and patterns: each is read again for every event. */
const MAX_NAME_LENGTH = 200
const MAX_QUERY_LENGTH = 2_000
export const MAX_PATTERN_LENGTH = 2_000
/** Alternatives of one kind: each may be tried on every event. */
const MAX_PATTERNS = 20
const MAX_NAMES = 50

const label = z.string().trim().min(1).max(MAX_NAME_LENGTH)
/** A reserved attribute by its name, or any other by `@` and its path; never what the pipeline itself adds. */
const attribute = z.string().min(1).max(MAX_NAME_LENGTH).regex(/^(?:@.+|message|status|service|host|source|tags|trace_id|span_id)$/, 'must be @ and the path of an attribute, or one of message, status, service, host, source, tags, trace_id, span_id')
const ownAttribute = z.string().min(2).max(MAX_NAME_LENGTH).regex(/^@.+$/, 'must be @ and the path of an attribute')
const names = z.array(attribute).min(1).max(MAX_NAMES)
const query = z.string().max(MAX_QUERY_LENGTH)

/** What every processor may say besides. */
const common = {
  /** A search: only events that match it by then are processed. */
  if: query.optional(),
}

const processorSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('parse-json'), from: attribute.default('message'), to: ownAttribute.optional(), overwrite: z.boolean().default(false), ...common }),
  z.strictObject({ type: z.literal('parse-logfmt'), from: attribute.default('message'), to: ownAttribute.optional(), overwrite: z.boolean().default(false), ...common }),
  z.strictObject({
    type: z.literal('parse-key-value'), from: attribute.default('message'), to: ownAttribute.optional(), overwrite: z.boolean().default(false),
    /** Between a key and its value, and between two pairs. */
    separator: z.string().min(1).max(10).default('='), delimiter: z.string().min(1).max(10).default(' '), ...common,
  }),
  z.strictObject({
    type: z.literal('grok'), from: attribute.default('message'), to: ownAttribute.optional(), overwrite: z.boolean().default(true),
    patterns: z.array(z.string().min(1).max(MAX_PATTERN_LENGTH)).min(1).max(MAX_PATTERNS),
    /** Patterns of one's own, by name. */
    definitions: z.record(z.string().regex(/^\w{1,50}$/), z.string().min(1).max(MAX_PATTERN_LENGTH)).optional(), ...common,
  }),
  z.strictObject({ type: z.literal('remap'), from: names, to: attribute, keep: z.boolean().default(false), overwrite: z.boolean().default(false), ...common }),
  z.strictObject({ type: z.literal('remove'), names, ...common }),
  z.strictObject({ type: z.literal('set'), to: attribute, value: z.union([z.string().max(MAX_QUERY_LENGTH), z.number(), z.boolean()]), overwrite: z.boolean().default(true), ...common }),
  z.strictObject({ type: z.literal('date'), from: names, formats: z.array(z.string().min(1).max(100)).min(1).max(MAX_PATTERNS).default(['iso8601']), offset: z.string().regex(/^[+-]\d\d:\d\d$/, 'must be like +02:00').default('+00:00'), keep: z.boolean().default(true), ...common }),
  z.strictObject({ type: z.literal('status'), from: names, keep: z.boolean().default(true), ...common }),
  z.strictObject({ type: z.literal('lookup'), from: attribute, to: attribute, table: label, otherwise: z.string().max(MAX_NAME_LENGTH).optional(), overwrite: z.boolean().default(true), ...common }),
  z.strictObject({ type: z.literal('user-agent'), from: attribute, to: ownAttribute.default('@user_agent'), ...common }),
  z.strictObject({
    type: z.literal('redact'),
    /** Everything, or some attributes. */
    in: z.union([z.literal('*'), names]).default('*'),
    secrets: z.array(z.enum(Object.keys(STANDARD_SECRETS) as [keyof typeof STANDARD_SECRETS])).max(MAX_PATTERNS).default([]),
    patterns: z.array(z.string().min(1).max(MAX_PATTERN_LENGTH)).max(MAX_PATTERNS).default([]),
    replacement: z.string().max(100).default('[REDACTED]'), ...common,
  }),
  z.strictObject({ type: z.literal('sample'), rate: z.number().min(0).max(1), by: attribute.optional(), ...common }),
  z.strictObject({ type: z.literal('drop'), ...common }),
  z.strictObject({ type: z.literal('retention'), days: z.number().int().min(1).max(3_650), ...common }),
])

const pipelineSchema = z.strictObject({
  name: label, enabled: z.boolean().default(true),
  /** A search; everything by default. */
  filter: query.default('*'),
  processors: z.array(processorSchema).max(MAX_PROCESSORS),
})

export const documentSchema = z.strictObject({
  /** Whether the pipelines for known sources run before the tenant's own. */
  defaults: z.boolean().default(true),
  pipelines: z.array(pipelineSchema).max(MAX_PIPELINES).default([]),
  /** Tables of `lookup`, by name: value found, value put. */
  tables: z.record(label, z.record(z.string().max(MAX_NAME_LENGTH), z.string().max(MAX_NAME_LENGTH))).default({}),
})

/** A document says something that cannot be done; the message names the place. */
export class BadPipelineError extends Error {
  override readonly name = 'BadPipelineError'
  readonly code = 'BAD_PIPELINE'
  readonly retryable = false
}

/** Checks the form and fills in what was left out; patterns and searches are checked where they are compiled. @throws {BadPipelineError} */
export function parsePipelineDocument(value: unknown): PipelineDocument {
  const parsed = documentSchema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new BadPipelineError(`${placeOf(issue?.path ?? [])}: ${issue?.message ?? 'is wrong'}`)
}

/** `pipelines[0].processors[2].from`. */
export function placeOf(path: readonly PropertyKey[]): string {
  const place = path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`), '')
  return place === '' ? 'the document' : place
}

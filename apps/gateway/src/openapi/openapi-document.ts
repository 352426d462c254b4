import type { Dialect, Route, RouteScope } from '@millrace/http/route'
import { GATEWAY_OPERATIONS } from './gateway-operations.ts'
import { HANDSHAKE_OPERATION, INTAKE_OPERATIONS } from './intake-operations.ts'
import { json, reference, TAGS, type Answer, type Operation, type Parameter, type Schema } from './operation.ts'
import { LOKI_OPERATIONS } from './loki-operations.ts'
import { PIPELINE_OPERATIONS } from './pipeline-operations.ts'
import { QUERY_OPERATIONS } from './query-operations.ts'
import { SCHEMAS } from './schemas.ts'

/** An OpenAPI 3.1 document, as far as we write one. */
export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly jsonSchemaDialect: string
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly tags: readonly { readonly name: string }[]
  /** By path, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>>; readonly securitySchemes: object }
}

export interface OpenApiOperation {
  readonly tags: readonly string[]
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly (Omit<Parameter, 'in'> & { readonly in: 'query' | 'header' | 'path' })[]
  readonly requestBody?: { readonly description?: string; readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, OpenApiResponse>>
}

export interface OpenApiResponse {
  readonly description: string
  readonly headers?: Readonly<Record<string, { readonly description: string; readonly schema: Schema }>>
  readonly content?: Content
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>

/** A route as tables of the gateway name it. */
export type DocumentedRoute = Pick<Route, 'method' | 'path' | 'scope' | 'dialect'>

/** What the document says, by method and path as routes have them. Handshakes of Elasticsearch's clients are not listed: one text serves them all. */
export const OPERATIONS: Readonly<Record<string, Operation>> = { ...QUERY_OPERATIONS, ...LOKI_OPERATIONS, ...PIPELINE_OPERATIONS, ...INTAKE_OPERATIONS, ...GATEWAY_OPERATIONS }

/** Makes the document of the routes that are served. One that nobody has described is left out, which a test does not let pass. */
export function openApiDocument(routes: readonly DocumentedRoute[]): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {}
  for (const route of routes) {
    const operation = OPERATIONS[`${route.method} ${route.path}`] ?? (route.dialect === 'elasticsearch' && route.scope === 'public' ? HANDSHAKE_OPERATION : undefined)
    if (operation === undefined) continue
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describe(route, operation) }
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: {
      title: 'Millrace', version: '1',
      description: 'The tenant is that of the key. Besides, logs are taken by OTLP over gRPC and by syslog over TCP and UDP, where their ports are set. A schema of NDJSON describes each line.',
    },
    tags: TAGS.map((name) => ({ name })),
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A key: Authorization: Bearer <key>.' },
        key: { type: 'apiKey', in: 'header', name: 'DD-API-KEY', description: 'The same key, as Datadog\'s clients send it.' },
      },
    },
  }
}

function describe({ method, path, scope, dialect }: DocumentedRoute, operation: Operation): OpenApiOperation {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const parameters = [...names.map((name) => ({ name, in: 'path' as const, description: PATH_PARAMETERS[name] ?? name, required: true, schema: { type: 'string' } })), ...(operation.parameters ?? [])]
  const { tag, summary, body } = operation
  const description = [operation.description, scope === 'public' ? 'Needs no key.' : `Needs a key with the scope ${scope}.`].filter((sentence) => sentence !== undefined).join(' ')
  return {
    tags: [tag],
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^a-z0-9]+/gi, '_')}`,
    summary, description,
    security: scope === 'public' ? [] : [{ bearer: [] }, { key: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { ...body, content: contentOf(body.content) } }),
    responses: { ...Object.fromEntries(Object.entries(operation.answers).map(([status, answer]) => [status, responseOf(answer, method)])), ...errorsOf(dialect, scope, operation) },
  }
}

const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  id: 'As lists and searches give it.', name: 'Of the facet, percent-encoded.', receipt: 'Of the header Millrace-Receipt.', index: 'Says nothing.', type: 'Says nothing.', tenantId: 'Of the tenant.', version: 'Of the document.', apiKey: 'The key, as older clients send it.',
}

function responseOf({ description, content, headers }: Answer, method: string): OpenApiResponse {
  return {
    description,
    ...(headers === undefined ? {} : { headers: Object.fromEntries(Object.entries(headers).map(([name, { description: about, ...schema }]) => [name, { description: about as string, schema }])) }),
    ...(content === undefined || method === 'HEAD' ? {} : { content: contentOf(content) }),
  }
}

function contentOf(content: Readonly<Record<string, Schema>>): Content {
  return Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]))
}

/** What may go wrong everywhere, in the words of the protocol. */
function errorsOf(dialect: Dialect, scope: RouteScope, { body, errors = {} }: Operation): Readonly<Record<string, OpenApiResponse>> {
  // What needs no key answers what it says itself.
  const reasons: Readonly<Record<string, string>> = scope === 'public' ? errors : {
    400: 'The request cannot be understood.', 401: 'A key is missing.', 403: 'The key is unknown or does not allow this.',
    ...(body === undefined ? {} : { 413: 'The body is too large.', 415: 'The body is written or compressed in a way that is not taken.' }),
    429: 'Too much of this tenant at the moment.', 500: 'A fault of the server.', 503: 'Something is away for the moment; sending it again is safe.', ...errors,
  }
  return Object.fromEntries(Object.entries(reasons).map(([status, description]) => [status, { description, ...(RETRIED.has(status) ? { headers: RETRY_AFTER } : {}), content: contentOf(ERROR_CONTENT[dialect]) }]))
}

const RETRIED: ReadonlySet<string> = new Set(['429', '503'])
const RETRY_AFTER = { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer', minimum: 1 } } }
const ERROR_CONTENT: Readonly<Record<Dialect, Readonly<Record<string, Schema>>>> = {
  millrace: { 'application/problem+json': reference('Problem') },
  datadog: json(reference('DatadogErrors')),
  elasticsearch: json(reference('ElasticsearchError')),
  loki: { 'text/plain; charset=utf-8': { type: 'string' } },
  otlp: { 'application/json': { type: 'object', additionalProperties: true }, 'application/x-protobuf': {} },
  splunk: json(reference('SplunkReply')),
}

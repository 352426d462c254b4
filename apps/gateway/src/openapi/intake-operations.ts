import { count, flag, json, list, object, reference, text, type Body, type Operation, type Schema } from './operation.ts'

const receipt = { 'Millrace-Receipt': { ...text, description: 'Ask `/v1/receipts/{receipt}` how far the events are.' } }
const anything: Schema = {}
const body = (...types: readonly string[]): Body => ({ required: true, description: 'Also compressed with gzip, zstd, deflate or br.', content: Object.fromEntries(types.map((type) => [type, anything])) })
const sending = (operation: Omit<Operation, 'tag'>): Operation => ({ tag: 'Sending logs', ...operation })
const each = (keys: readonly string[], operation: Operation): Readonly<Record<string, Operation>> => Object.fromEntries(keys.map((key) => [key, operation]))

const bulk = sending({
  summary: "Elasticsearch's bulk API", description: 'Actions `create` and `index`; the index becomes no part of the event.', body: body('application/x-ndjson', 'application/json'),
  answers: { 200: { description: 'An item for each action.', content: json(object({ took: count, errors: flag, items: list({ type: 'object', additionalProperties: true }) })), headers: receipt } },
})
const datadogLogs = sending({
  summary: "Datadog's logs intake", description: 'Parameters ddsource, ddtags, hostname and service fill what an entry lacks.', body: body('application/json', 'text/plain'),
  answers: { 202: { description: 'Durable.', content: json(object({})), headers: receipt } },
})
const otlp = sending({
  summary: 'OTLP logs over HTTP', body: body('application/x-protobuf', 'application/json'),
  answers: { 200: { description: 'An ExportLogsServiceResponse, with partial_success where records were refused.', content: { 'application/x-protobuf': anything, 'application/json': { type: 'object', additionalProperties: true } }, headers: receipt } },
})
const loki = sending({ summary: "Loki's push", body: body('application/json', 'application/x-protobuf'), answers: { 204: { description: 'Durable.', headers: receipt } } })
const splunk = sending({ summary: "Splunk's HTTP Event Collector", body: body('application/json', 'text/plain'), answers: { 200: { description: 'Durable.', content: json(reference('SplunkReply')), headers: receipt } } })

const agent: Operation = {
  tag: 'Datadog agent', summary: 'What an agent posts besides logs', description: 'Answered, counted and not kept, so that the agent stays healthy.', body: body('application/json', 'application/x-protobuf'),
  answers: { 202: { description: 'Nothing is kept.', content: json({ type: 'object', additionalProperties: true }) } },
}
const AGENT_PATHS = [
  '/api/v1/series', '/api/v2/series', '/api/beta/sketches', '/api/v1/distribution_points', '/api/v1/check_run', '/api/v2/service_checks', '/api/v2/events', '/intake', '/intake/', '/api/v1/metadata', '/api/v2/host_metadata',
  '/api/v2/agenthealth', '/api/v1/collector', '/api/v1/discovery', '/api/v1/container', '/api/v1/connections', '/api/v1/orchestrator', '/api/v2/proclcycle', '/api/v2/orch', '/api/v2/orchmanif',
]

/** What intake takes, in each protocol's own manner: docs/protocols.md tells more. */
export const INTAKE_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /v1/events': sending({
    summary: 'Send events', description: 'NDJSON, a JSON array, or one object. With an Idempotency-Key a request that is sent again is stored once.',
    parameters: [{ name: 'Idempotency-Key', in: 'header', description: 'Names the request.', schema: { ...text, minLength: 1, maxLength: 255 } }],
    body: body('application/x-ndjson', 'application/json'),
    answers: { 200: { description: 'Durable.', content: json(object({ accepted: count, rejected: list(object({ index: count, reason: text })), rejectedCount: count })), headers: receipt } },
  }),
  'POST /v1/syslog': sending({
    summary: 'Send syslog messages', description: 'RFC 5424 or 3164, framed as over TCP.', body: body('text/plain'),
    answers: { 200: { description: 'Durable.', content: json(object({ accepted: count, rejectedCount: count })), headers: receipt } },
  }),
  ...each(['POST /_bulk', 'PUT /_bulk', 'POST /:index/_bulk', 'PUT /:index/_bulk', 'POST /:index/:type/_bulk', 'PUT /:index/:type/_bulk'], bulk),
  ...each(['POST /api/v2/logs', 'POST /v1/input', 'POST /v1/input/:apiKey', 'POST /api/v1/input'], datadogLogs),
  ...each(AGENT_PATHS.map((path) => `POST ${path}`), agent),
  'HEAD /support/flare': { tag: 'Datadog agent', summary: 'Whether support can be reached', answers: { 200: { description: 'Yes.' } } },
  'GET /api/v1/validate': sending({ summary: 'Whether the key is known', answers: { 200: { description: 'It is.', content: json(object({ valid: flag })) } } }),
  ...each(['POST /v1/logs', 'POST /otlp/v1/logs'], otlp),
  ...each(['POST /loki/api/v1/push', 'POST /api/prom/push'], loki),
  'GET /ready': sending({ summary: 'What Loki\'s clients ask first', answers: { 200: { description: 'Ready.', content: { 'text/plain; charset=utf-8': text } } } }),
  ...each(['', '/event', '/event/1.0', '/raw', '/raw/1.0'].map((path) => `POST /services/collector${path}`), splunk),
  'POST /services/collector/ack': sending({ summary: 'Acknowledgement is off', description: 'As an answer of 200 already means durable, this one is always 400, with the code 14.', body: body('application/json'), answers: {} }),
  ...each(['GET /services/collector/health', 'GET /services/collector/health/1.0'], sending({ summary: "What Splunk's clients ask first", answers: { 200: { description: 'Healthy.', content: json(reference('SplunkReply')) } } })),
}

/** One for all of them: clients know what they ask. */
export const HANDSHAKE_OPERATION: Operation = {
  tag: 'Elasticsearch handshake', summary: "What Elasticsearch's clients ask before they write", description: 'Templates, policies and pipelines always exist and may always be set: columns need no mapping.',
  answers: { 200: { description: 'As Elasticsearch answers.', content: { 'application/json': {} } } },
}

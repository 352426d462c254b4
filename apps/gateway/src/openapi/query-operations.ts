import { count, flag, json, list, object, oneOf, reference, text, time, type Operation, type Parameter, type Schema } from './operation.ts'

const query: Parameter = { name: 'query', in: 'query', description: "Datadog's search syntax.", schema: { ...text, default: '*' } }
const from: Parameter = { name: 'from', in: 'query', description: 'Events from this time on.', schema: { ...reference('Time'), default: 'now-15m' } }
const to: Parameter = { name: 'to', in: 'query', description: 'Events up to this time.', schema: { ...reference('Time'), default: 'now' } }
const limit = (fallback: number, maximum: number): Parameter => ({ name: 'limit', in: 'query', description: 'How many at most.', schema: { type: 'integer', minimum: 1, maximum, default: fallback } })
const parameter = (name: string, description: string, schema: Schema, required = false): Parameter => ({ name, in: 'query', description, schema, ...(required ? { required } : {}) })
const ifMatch: Parameter = { name: 'If-Match', in: 'header', description: 'The version that was read, such as "3".', schema: { ...text, pattern: '^"\\d{1,9}"$' }, required: true }

const page = object({
  data: list(reference('Event')),
  'links?': object({ next: { ...text, format: 'uri', description: 'The next page.' } }),
  meta: object({
    elapsed: count, status: oneOf(['done', 'timeout']), complete: flag, 'complete_until?': time, 'warnings?': list(reference('Warning')),
    'page?': object({ after: { ...text, description: 'The next page: `page.cursor`.' } }),
  }),
})
const aggregation = oneOf(['count', 'cardinality', 'pc75', 'pc90', 'pc95', 'pc98', 'pc99', 'sum', 'min', 'max', 'avg', 'median'])
const streamBody = { required: false, content: json(object({ 'filter?': reference('Filter'), 'limit?': { type: 'integer', minimum: 0, maximum: 1000, default: 100 } })) }
const etag = { ETag: { ...text, description: 'The version, in quotes.' } }
const view = { description: 'The view.', content: json(reference('View')), headers: etag }
const noView = { 404: 'There is no such view.' }
const staleView = { ...noView, 412: 'It was changed since that version.', 428: 'If-Match is missing.' }

const usage: Operation = {
  tag: 'Tenant', summary: 'Stored events and bytes by day and service', description: 'Of every UTC day that the range touches. docs/query-api.md defines the figures.',
  parameters: [{ ...from, schema: { ...reference('Time'), default: 'now-30d' } }, to],
  answers: {
    200: {
      description: 'Days in ascending order.',
      content: json(object({
        days: list(object({ day: { ...text, format: 'date' }, events: count, bytes: count, services: list(object({ service: { ...text, description: 'Empty for events without one.' }, events: count, bytes: count })) })),
        meta: reference('Meta'),
      })),
    },
  },
}

const WAITING = {
  waitingRecords: { ...count, description: 'Records of the log that are acknowledged and not committed.' }, unsealedCommits: { ...count, description: 'Commits whose packs are not sealed.' }, deadLetters: count,
}

/** What query answers. */
export const QUERY_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /api/v2/logs/events/search': {
    tag: 'Search', summary: 'A page of events', description: "As Datadog's clients ask.",
    body: {
      required: false,
      content: json(object({ 'filter?': reference('Filter'), 'sort?': oneOf(['timestamp', '-timestamp'], { default: '-timestamp' }), 'page?': object({ 'limit?': { type: 'integer', minimum: 1, maximum: 1000, default: 10 }, 'cursor?': text }) })),
    },
    answers: { 200: { description: 'Events in order.', content: json(page) } },
  },
  'GET /api/v2/logs/events': {
    tag: 'Search', summary: 'A page of events', description: "As Datadog's clients ask.",
    parameters: [
      { ...query, name: 'filter[query]' }, { ...from, name: 'filter[from]' }, { ...to, name: 'filter[to]' },
      parameter('sort', 'The order of time.', oneOf(['timestamp', '-timestamp'], { default: '-timestamp' })), { ...limit(10, 1000), name: 'page[limit]' }, parameter('page[cursor]', 'Of the page before.', text),
    ],
    answers: { 200: { description: 'Events in order.', content: json(page) } },
  },
  'POST /api/v2/logs/analytics/aggregate': {
    tag: 'Search', summary: 'Counts, percentiles, time series, groups', description: "As Datadog's clients ask; also the histogram by time and status.",
    body: {
      required: false,
      content: json(object({
        'filter?': reference('Filter'),
        'compute?': list(object({ aggregation, 'metric?': { ...text, description: 'A facet; needed by all but `count`.' }, 'type?': oneOf(['total', 'timeseries'], { default: 'total' }), 'interval?': { ...text, description: 'Such as `5m`.' } }), { maxItems: 10 }),
        'group_by?': list(object({
          facet: text, 'limit?': { type: 'integer', minimum: 1, maximum: 10_000, default: 10 }, 'missing?': { oneOf: [text, { type: 'number' }] },
          'histogram?': object({ interval: { type: 'number' }, min: { type: 'number' }, max: { type: 'number' } }),
          'sort?': object({ 'type?': oneOf(['alphabetical', 'measure']), 'order?': oneOf(['asc', 'desc']), 'aggregation?': aggregation, 'metric?': text }),
        }), { maxItems: 4 }),
      })),
    },
    answers: {
      200: {
        description: 'A bucket for each group.',
        content: json(object({
          data: object({
            buckets: list(object({
              by: { type: 'object', additionalProperties: { oneOf: [text, { type: 'number' }] } },
              computes: { type: 'object', description: '`c0` for the first compute, and so on.', additionalProperties: { oneOf: [{ type: 'number' }, list(object({ time, value: { type: 'number' } }))] } },
            })),
          }),
          meta: reference('Meta'),
        })),
      },
    },
  },
  'POST /v1/search': {
    tag: 'Search', summary: 'Events and a histogram as they are found', description: 'The range is looked through in about ten slices, the newest first. When the client leaves, the search stops.',
    body: streamBody,
    answers: {
      200: {
        description: 'A line for each event and each slice, and an end.',
        content: {
          'application/x-ndjson': {
            oneOf: [
              object({ type: { const: 'event' }, event: reference('Event') }),
              object({ type: { const: 'progress' }, fraction: { type: 'number', minimum: 0, maximum: 1 }, matched: count, interval_ms: { type: 'integer', minimum: 1 }, histogram: list(object({ time, status: text, count })) }),
              reference('StreamEnd'),
            ],
          },
        },
      },
    },
  },
  'GET /v1/events/:id/context': {
    tag: 'Search', summary: 'What surrounds an event', description: 'Events of the same service and host just before and after it, in ascending order of time.',
    parameters: [parameter('timestamp', "The event's own, as searches give it.", time, true), limit(20, 500)],
    answers: {
      200: {
        description: 'The event and its neighbours.',
        content: json(object({
          before: list(reference('Event')), event: reference('Event'), after: list(reference('Event')),
          meta: object({ elapsed: count, status: oneOf(['done', 'timeout']), complete: flag, 'complete_until?': time, 'warnings?': list(reference('Warning')), has_more_before: flag, has_more_after: flag }),
        })),
      },
    },
    errors: { 404: 'There is no such event at this time.' },
  },
  'GET /v1/export': {
    tag: 'Search', summary: 'All matching events', description: 'Read page by page as the client takes them. The last line says how many there were and whether they are all.',
    parameters: [
      query, from, to, parameter('format', 'How it is written.', oneOf(['ndjson', 'csv'], { default: 'ndjson' })), parameter('order', 'The order of time.', oneOf(['asc', 'desc'], { default: 'asc' })),
      parameter('columns', 'Of CSV, between commas, at most 100.', { ...text, default: 'timestamp,status,service,host,message' }),
      parameter('formulas', 'Whether texts that a spreadsheet would run get an apostrophe in front.', oneOf(['escape', 'keep'], { default: 'escape' })),
    ],
    answers: { 200: { description: 'A line for each event, and an end.', content: { 'application/x-ndjson': { oneOf: [reference('Event'), reference('StreamEnd')] }, 'text/csv; charset=utf-8': text } } },
  },
  'GET /v1/tail': {
    tag: 'Search', summary: 'Events as they arrive', description: 'Server-Sent Events: `log` has an event as searches give it, `dropped` says how much was left out because it came too fast, `gap` that something unknown is missing. Ends when its key is revoked, and after 15 minutes; browsers come back.',
    parameters: [query],
    answers: { 200: { description: 'A stream.', content: { 'text/event-stream': text } } },
  },
  'GET /v1/facets': {
    tag: 'Facets and patterns', summary: 'Which facets there are', description: 'Reserved ones first, then by the number of events.',
    parameters: [query, from, to, limit(1000, 10_000)],
    answers: { 200: { description: 'Facets.', content: json(object({ facets: list(object({ name: text, type: oneOf(['string', 'number', 'boolean', 'array']), events: count })), has_more: flag, meta: reference('Meta') })) } },
  },
  'GET /v1/facets/:name/values': {
    tag: 'Facets and patterns', summary: 'Values of a facet', description: 'The most frequent first. The name is `service`, `@http.status_code` (percent-encoded) or, for a tag, `env`.',
    parameters: [query, from, to, parameter('prefix', 'Only values that begin with it; case counts.', { ...text, maxLength: 256 }), limit(20, 1000)],
    answers: { 200: { description: 'Values.', content: json(object({ facet: text, values: list(object({ value: { oneOf: [text, { type: 'number' }] }, count })), has_more: flag, meta: reference('Meta') })) } },
  },
  'POST /v1/patterns': {
    tag: 'Facets and patterns', summary: 'The kinds of messages', description: 'The most frequent first, each with its newest event. `*` stands for what varies.',
    body: { required: false, content: json(object({ 'filter?': reference('Filter'), 'limit?': { type: 'integer', minimum: 1, maximum: 1000, default: 100 } })) },
    answers: {
      200: {
        description: 'Patterns.',
        content: json(object({
          patterns: list(object({ pattern: text, events: { type: 'integer', minimum: 1 }, 'example?': reference('Event') })),
          other_events: { ...count, description: 'Matching events of other patterns, or without a message.' }, has_more: flag, meta: reference('Meta'),
        })),
      },
    },
  },
  'GET /v1/views': { tag: 'Views', summary: 'All saved views', answers: { 200: { description: 'Views, the oldest first.', content: json(object({ views: list(reference('View')) })) } } },
  'POST /v1/views': { tag: 'Views', summary: 'Save a view', body: { required: true, content: json(reference('NewView')) }, answers: { 201: view } },
  'GET /v1/views/:id': { tag: 'Views', summary: 'One view', answers: { 200: view }, errors: noView },
  'PUT /v1/views/:id': { tag: 'Views', summary: 'Change a view', parameters: [ifMatch], body: { required: true, content: json(reference('NewView')) }, answers: { 200: view }, errors: staleView },
  'DELETE /v1/views/:id': { tag: 'Views', summary: 'Remove a view', parameters: [ifMatch], answers: { 204: { description: 'It is gone.' } }, errors: staleView },
  'GET /v1/usage': usage,
  'GET /v1/tenants/:tenantId/usage': { ...usage, tag: 'Operation', summary: 'Stored events and bytes of a tenant', errors: { 404: 'There is no such tenant.' } },
  'GET /v1/receipts/:receipt': {
    tag: 'Sending logs', summary: "How far a request's events are", description: 'The receipt is the header `Millrace-Receipt` of what took them.',
    answers: {
      200: {
        description: 'As far as the last of its records.',
        content: json(object({ state: oneOf(['accepted', 'searchable', 'sealed']), records: list(object({ partition: count, offset: count, state: oneOf(['accepted', 'searchable', 'sealed']) })) })),
      },
    },
    errors: { 404: 'It is no receipt of this tenant.' },
  },
  'GET /v1/status': {
    tag: 'Operation', summary: 'How far the pipeline is', description: 'What is acknowledged and not yet committed, what is committed and not yet sealed, dead letters, and until when answers include everything.',
    answers: {
      200: {
        description: 'Sums, and each partition.',
        content: json(object({
          generation: text, 'completeUntil?': { ...time, description: 'Events acknowledged before it are found; absent when that is more than two minutes ago.' }, 'behindSeconds?': { type: 'number', minimum: 0 }, ...WAITING,
          partitions: list(object({ partition: count, commits: count, ...WAITING })),
        })),
      },
    },
  },
  'GET /v1/dead-letters': {
    tag: 'Operation', summary: 'Records that could not be stored',
    parameters: [parameter('order', 'By the time they were kept.', oneOf(['newest', 'oldest'], { default: 'newest' })), limit(20, 100), parameter('partition', 'Only of this one.', count), parameter('cursor', 'Of the page before.', text)],
    answers: { 200: { description: 'A page.', content: json(object({ deadLetters: list(reference('DeadLetter')), 'next?': { ...text, description: 'The next page: `cursor`.' } })) } },
  },
  'GET /v1/dead-letters/:id': {
    tag: 'Operation', summary: 'One dead letter', description: 'Its bytes as they are with `Accept: application/octet-stream`.',
    answers: {
      200: {
        description: 'The letter.',
        content: {
          'application/json': reference('DeadLetter'),
          'application/octet-stream': { description: 'The record.' },
        },
      },
    },
    errors: { 404: 'It was never kept, or was discarded.' },
  },
  'POST /v1/dead-letters/replay': {
    tag: 'Operation', summary: 'Try to store records again', body: { required: true, content: json(object({ ids: list(text, { minItems: 1, maxItems: 100 }) })) },
    answers: { 200: { description: 'What became of each.', content: json(object({ outcomes: list(object({ id: text, outcome: oneOf(['replayed', 'absent', 'refused', 'failed']), 'partition?': count, 'offset?': count, 'reason?': text })) })) } },
  },
  'DELETE /v1/dead-letters': {
    tag: 'Operation', summary: 'Discard a record and all before it in its partition', parameters: [parameter('through', 'The id of the last one.', text, true)],
    answers: { 200: { description: 'They are gone.', content: json(object({ discardedThrough: text })) } }, errors: { 404: 'There is no such record.' },
  },
}

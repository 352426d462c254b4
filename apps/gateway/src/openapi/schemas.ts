import { MAX_RETENTION_DAYS } from '@millrace/access/create-tenant'
import { count, flag, list, object, oneOf, reference, text, time, type Schema } from './operation.ts'

const KEY = {
  id: { ...text, pattern: '^[0-9a-f]{16}$', description: 'Beginning of the SHA-256 of its text; it opens nothing.' },
  name: { ...text, description: 'For people; may be empty.' },
  scopes: list(oneOf(['ingest', 'query', 'admin'])),
  'created?': { ...time, description: 'Absent for keys of an early version.' },
}

/** For how many days events are kept. */
export const days: Schema = { type: 'integer', minimum: 1, maximum: MAX_RETENTION_DAYS }

/** What several answers have in common: `components.schemas` of the document. */
export const SCHEMAS: Readonly<Record<string, Schema>> = {
  Event: object({
    id: { ...text, description: 'Stable: the same event has it in every answer.' },
    type: { const: 'log' },
    attributes: object({
      timestamp: { ...time, description: 'With up to nine decimals.' },
      'message?': text, 'status?': text, 'service?': text, 'host?': text, 'source?': text, 'trace_id?': text, 'span_id?': text,
      tags: list(text, { description: 'Such as `env:prod`.' }),
      attributes: { type: 'object', additionalProperties: true, description: 'All others, nested as they came. Numbers keep their digits.' },
    }),
  }, 'One log.'),
  Meta: object({
    elapsed: { ...count, description: 'Milliseconds.' },
    status: oneOf(['done', 'timeout'], { description: '`timeout` where the answer is incomplete.' }),
    complete: { ...flag, description: 'False when the answer lacks something; `warnings` says what.' },
    'complete_until?': { ...time, description: 'Events acknowledged before it are included.' },
    'warnings?': list(reference('Warning')),
  }, 'Whether the answer is complete, and what it includes.'),
  Warning: object({ code: reference('WarningCode'), title: text, detail: text }),
  StreamWarning: object({ code: reference('WarningCode'), detail: text }),
  WarningCode: oneOf(['time-budget', 'byte-budget', 'group-budget', 'unreadable', 'behind', 'interrupted']),
  StreamEnd: object({
    type: { const: 'end' }, events: count, complete: flag, 'complete_until?': time, 'warnings?': list(reference('StreamWarning')),
    'matched?': count, 'has_more?': flag,
  }, 'The last line. A stream without it was cut.'),
  Filter: object({
    'query?': { ...text, default: '*', description: "Datadog's search syntax." },
    'from?': reference('Time'),
    'to?': reference('Time'),
  }),
  Time: { description: '`now`, `now-15m` (ms, s, m, h, d, w, mo, y), ISO 8601, or milliseconds since 1970.', oneOf: [text, { type: 'integer' }] },
  View: object({ id: text, name: text, query: text, columns: list(text), range: text, version: { type: 'integer', minimum: 1 } }),
  NewView: object({
    name: { ...text, minLength: 1, maxLength: 100 },
    'query?': { ...text, maxLength: 4000, default: '*' },
    'columns?': list({ ...text, minLength: 1, maxLength: 200 }, { maxItems: 50 }),
    'range?': { ...text, pattern: '^\\d{1,9}(ms|s|m|h|d|w|mo|y)$', default: '15m' },
  }),
  DeadLetter: object({
    id: { ...text, pattern: '^\\d+-\\d+$' }, time, reason: text, topic: text, offset: { type: 'integer' }, partition: count, bytes: count, cutBytes: count,
    'tenantId?': text, 'receivedTime?': time, 'requests?': count, 'events?': count,
    'valueBase64?': { ...text, contentEncoding: 'base64', description: 'The record; only where one letter is asked for.' },
  }, 'A record that could not be stored. What its batch says is absent when it cannot be decoded.'),
  Tenant: object({ tenantId: text, name: text, retentionDays: days }),
  Key: object(KEY, 'What people know a key by.'),
  NewKey: object({ ...KEY, key: { ...text, description: 'Its text. It is shown here and never again.' } }),
  Problem: object({ type: { ...text, pattern: '^urn:millrace:problem:' }, title: text, status: { type: 'integer' }, detail: text }, 'RFC 9457.'),
  DatadogErrors: object({ errors: list(text, { minItems: 1 }) }),
  ElasticsearchError: object({ error: object({ root_cause: list({ type: 'object', additionalProperties: true }), type: text, reason: text }), status: { type: 'integer' } }),
  SplunkReply: object({ text, code: { type: 'integer' }, 'invalid-event-number?': count, 'rejected?': count }),
}

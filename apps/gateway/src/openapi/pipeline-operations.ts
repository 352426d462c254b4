import { count, flag, json, list, object, oneOf, reference, text, time, type Operation, type Schema } from './operation.ts'

const processors = list({ type: 'object', properties: { type: { ...text, description: 'Such as grok or redact; docs/pipelines.md tells what each takes besides.' }, if: { ...text, description: 'A search.' } }, required: ['type'], additionalProperties: true })
const anyObject: Schema = { type: 'object', additionalProperties: true }
const pipeline = object({ 'name': text, 'enabled?': { ...flag, default: true }, 'filter?': { ...text, default: '*' }, processors })
const document = { 'defaults?': { ...flag, default: true }, 'pipelines?': list(pipeline), 'tables?': { type: 'object', additionalProperties: { type: 'object', additionalProperties: text } } }
const stored = object({ 'version': count, 'changed_at?': time, ...document })
const etag = { ETag: { ...text, description: 'The version, in quotes.' } }
const noTenant = { 404: 'There is no such tenant.' }
const path = '/v1/tenants/:tenantId/pipelines'

/** What is done to a tenant's events before they are stored. */
export const PIPELINE_OPERATIONS: Readonly<Record<string, Operation>> = {
  [`GET ${path}`]: { tag: 'Pipelines', summary: "A tenant's pipelines", answers: { 200: { description: 'Version 0 where none were ever written.', content: json(stored), headers: etag } }, errors: noTenant },
  [`PUT ${path}`]: {
    tag: 'Pipelines', summary: "Replace a tenant's pipelines", description: 'Used within 5 seconds.',
    parameters: [{ name: 'If-Match', in: 'header', description: 'The version that was read, such as "3"; "0" for the first.', schema: { ...text, pattern: '^"\\d{1,9}"$' }, required: true }],
    body: { required: true, content: json(object(document)) },
    answers: { 200: { description: 'The new version.', content: json(stored), headers: etag } }, errors: { ...noTenant, 412: 'They were changed since that version.', 428: 'If-Match is missing.' },
  },
  [`GET ${path}/defaults`]: { tag: 'Pipelines', summary: "What runs before a tenant's own", answers: { 200: { description: 'A document.', content: json(object(document)) } }, errors: noTenant },
  [`GET ${path}/versions/:version`]: { tag: 'Pipelines', summary: 'An earlier version', answers: { 200: { description: 'The document of that version.', content: json(stored), headers: etag } }, errors: { 404: 'There is no such tenant, or no such version any more.' } },
  [`POST ${path}/dry-run`]: {
    tag: 'Pipelines', summary: 'What pipelines would make of events', description: 'Keeps nothing.',
    body: { required: true, content: json(object({ 'pipelines?': object(document), 'events?': list(anyObject, { minItems: 1, maxItems: 100 }), 'filter?': reference('Filter'), 'limit?': { type: 'integer', minimum: 1, maximum: 100, default: 20 } })) },
    answers: {
      200: {
        description: 'Each event before and after.',
        content: json(object({
          events: list(object({ before: anyObject, after: { oneOf: [anyObject, { type: 'null' }], description: 'Null where it would be gone.' }, steps: list(object({ pipeline: text, processor: count, type: text, outcome: oneOf(['changed', 'same', 'failed', 'dropped']) })) })),
        })),
      },
    },
    errors: noTenant,
  },
}

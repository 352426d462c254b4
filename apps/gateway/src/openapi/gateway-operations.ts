import { json, list, object, reference, text, oneOf, type Operation } from './operation.ts'

/** What the gateway answers itself. */
export const GATEWAY_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /v1/tenants': {
    tag: 'Operation', summary: 'Make a tenant', description: 'Answers the text of its first key, once.',
    body: { required: true, content: json(object({ name: { ...text, minLength: 1, maxLength: 100 }, 'retentionDays?': { type: 'integer', minimum: 1, maximum: 3650, default: 30 } })) },
    answers: { 201: { description: 'The tenant and its key.', content: json(object({ tenantId: text, name: text, retentionDays: { type: 'integer' }, apiKey: text })) } },
  },
  'GET /v1/tenants': { tag: 'Operation', summary: 'All tenants', answers: { 200: { description: 'Without their keys.', content: json(object({ tenants: list(reference('Tenant')) })) } } },
  'GET /livez': { tag: 'Operation', summary: 'Whether the process turns', answers: { 200: { description: 'It does.', content: json(object({ status: oneOf(['alive']) })) } } },
  'GET /readyz': {
    tag: 'Operation', summary: 'Whether it can serve', description: 'With `verbose` each check.', parameters: [{ name: 'verbose', in: 'query', description: 'Names each check.', schema: text }],
    answers: {
      200: { description: 'It can.', content: json(object({ status: oneOf(['ready', 'not ready']), 'checks?': { type: 'object', additionalProperties: text } })) },
      503: { description: 'Something it needs is away.', content: json(object({ status: oneOf(['ready', 'not ready']), 'checks?': { type: 'object', additionalProperties: text } })) },
    },
  },
  'GET /openapi.json': { tag: 'Operation', summary: 'This document', answers: { 200: { description: 'OpenAPI 3.1.', content: json({ type: 'object', additionalProperties: true }) } } },
  'GET /docs': { tag: 'Operation', summary: 'This document as a page', answers: { 200: { description: 'A page.', content: { 'text/html; charset=utf-8': text } } } },
}

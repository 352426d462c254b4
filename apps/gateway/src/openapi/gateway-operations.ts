import { json, list, object, oneOf, reference, text, time, type Answer, type Operation } from './operation.ts'

const problem = (description: string): Answer => ({ description, content: { 'application/problem+json': reference('Problem') } })

/** What the gateway answers itself. */
export const GATEWAY_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /v1/tenants': {
    tag: 'Operation', summary: 'Make a tenant', description: 'Answers the text of its first key, once.',
    body: { required: true, content: json(object({ name: { ...text, minLength: 1, maxLength: 100 }, 'retentionDays?': { type: 'integer', minimum: 1, maximum: 3650, default: 30 } })) },
    answers: { 201: { description: 'The tenant and its key.', content: json(object({ tenantId: text, name: text, retentionDays: { type: 'integer' }, apiKey: text })) } },
  },
  'GET /v1/tenants': { tag: 'Operation', summary: 'All tenants', answers: { 200: { description: 'Without their keys.', content: json(object({ tenants: list(reference('Tenant')) })) } } },
  'POST /v1/session': {
    tag: 'Signing in', summary: 'Open a session', description: 'By the token of a one-time link, or by a key that may query. The cookie is for browsers: HttpOnly, and only for requests of our own page.',
    body: { required: true, content: json(object({ 'link?': text, 'key?': text })) },
    answers: {
      201: { description: 'The session is in the cookie.', content: json(object({ tenant: text, expires: time })) }, 400: problem('The body has neither, or both.'), 401: problem('The link was used, or is too old.'), 403: problem('The key is not known or may not query, or the request is of another page.'),
    },
  },
  'GET /v1/session': {
    tag: 'Signing in', summary: 'Whose session, or key, it is',
    answers: { 200: { description: 'The tenant.', content: json(object({ 'tenant': text, 'name': text, 'retentionDays?': { type: 'integer' }, 'scopes?': list(text), 'expires?': time })) } },
  },
  'DELETE /v1/session': { tag: 'Signing in', summary: 'End a session', answers: { 204: { description: 'It has ended.' }, 403: problem('The request is of another page.') } },
  'POST /v1/sign-in-links': {
    tag: 'Signing in', summary: 'Make a one-time link', body: { required: true, content: json(object({ tenant: text })) },
    answers: { 201: { description: "Below the gateway's address.", content: json(object({ path: text, expires: time })) } },
  },
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

import { DEFAULT_RETENTION_DAYS } from '@millrace/access/create-tenant'
import { json, list, object, oneOf, reference, text, time, type Operation } from './operation.ts'
import { days } from './schemas.ts'

const PAGE_HEADER = { name: 'X-Millrace-Page', in: 'header', description: 'Any value: what another site’s page cannot send.', schema: text, required: true } as const

const noTenant = { 404: 'There is no such tenant.' }
const REVOKED = 'It opens nothing within 10 seconds, and neither do sessions that it opened; a live tail that is open ends 10 seconds later. A process that cannot reach the catalog may trust it for an hour.'

/** Operations on the keys at a path. @param errors of a path whose owner may be absent. */
function keyOperations(path: string, whose: string, scopes: readonly string[], errors: Readonly<Record<number, string>>): Readonly<Record<string, Operation>> {
  return {
    [`GET ${path}`]: { tag: 'Operation', summary: `Keys ${whose}`, answers: { 200: { description: 'Without their texts, which are kept nowhere; the oldest first.', content: json(object({ keys: list(reference('Key')) })) } }, errors },
    [`POST ${path}`]: {
      tag: 'Operation', summary: `Make a key ${whose}`, description: 'Answers its text, once.',
      body: { required: false, content: json(object({ 'name?': { ...text, maxLength: 100 }, 'scopes?': list(oneOf(scopes), { minItems: 1, description: 'All of them unless given.' }) })) },
      answers: { 201: { description: 'The key.', content: json({ ...reference('NewKey') }) } }, errors: { ...errors, 409: 'There are 1,000 keys already.' },
    },
    [`DELETE ${path}/:keyId`]: { tag: 'Operation', summary: `Revoke a key ${whose}`, description: REVOKED, answers: { 204: { description: 'It is revoked.' } }, errors: { 404: 'There is no such key.', 409: 'It is the key that asks.' } },
  }
}

/** What the gateway answers itself. */
export const GATEWAY_OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /v1/tenants': {
    tag: 'Operation', summary: 'Make a tenant', description: 'Answers the text of its first key, once.',
    body: { required: true, content: json(object({ name: { ...text, minLength: 1, maxLength: 100 }, 'retentionDays?': { ...days, default: DEFAULT_RETENTION_DAYS } })) },
    answers: { 201: { description: 'The tenant and its key.', content: json(object({ tenantId: text, name: text, retentionDays: { type: 'integer' }, apiKey: text })) } },
  },
  'GET /v1/tenants': { tag: 'Operation', summary: 'All tenants', answers: { 200: { description: 'Without their keys.', content: json(object({ tenants: list(reference('Tenant')) })) } } },
  'GET /v1/tenants/:tenantId': { tag: 'Operation', summary: 'A tenant', answers: { 200: { description: 'Without its keys.', content: json(reference('Tenant')) } }, errors: noTenant },
  'PATCH /v1/tenants/:tenantId': {
    tag: 'Operation', summary: "Change a tenant's retention", description: 'Works within 10 seconds. Days that fall out of a shorter one are hidden at once, and their events are removed for good some minutes later.',
    body: { required: true, content: json(object({ retentionDays: days })) },
    answers: { 200: { description: 'The tenant as it is now.', content: json(reference('Tenant')) } }, errors: noTenant,
  },
  ...keyOperations('/v1/tenants/:tenantId/keys', 'of a tenant', ['ingest', 'query'], noTenant),
  ...keyOperations('/v1/admin-keys', 'of admins', ['admin'], {}),
  'POST /v1/session': {
    tag: 'Signing in', summary: 'Sign in', description: 'Opens a session of the page by a one-time link or a key; its cookie serves our own page only.', parameters: [PAGE_HEADER],
    body: { required: true, description: 'Either of the two.', content: json(object({ 'link?': text, 'key?': text })) },
    answers: { 201: { description: 'Whose the session is; the cookie is in `Set-Cookie`.', content: json(object({ tenant: text, expires: time })) } },
    errors: { 400: 'The body has neither or both.', 401: 'The link was used, or is too old.', 403: 'The key is not known or may not ask, or the request is not our page’s.', 413: 'The body is too large.', 415: 'The body is compressed.', 503: 'The catalog is away for the moment.' },
  },
  'GET /v1/session': {
    tag: 'Signing in', summary: 'Whose session or key this is',
    answers: { 200: { description: '`scopes` and `expires` are a session’s.', content: json(object({ tenant: text, name: text, 'retentionDays?': { type: 'integer' }, 'scopes?': list(text), 'expires?': time })) } },
  },
  'DELETE /v1/session': { tag: 'Signing in', summary: 'Sign out', parameters: [PAGE_HEADER], answers: { 204: { description: 'The session has ended, if it had not before.' } }, errors: { 403: 'The request is not our page’s.', 503: 'The catalog is away for the moment.' } },
  'POST /v1/sign-in-links': {
    tag: 'Signing in', summary: 'Make a one-time link to the page', body: { required: true, content: json(object({ tenant: { ...text, description: 'The id of one.' } })) },
    answers: { 201: { description: 'Where it opens, below the gateway’s address.', content: json(object({ path: text, expires: time })) } },
  },
  'GET /livez': { tag: 'Operation', summary: 'Whether the process turns', answers: { 200: { description: 'It does.', content: json(object({ status: oneOf(['alive']) })) } } },
  'GET /readyz': {
    tag: 'Operation', summary: 'Whether it can serve', description: 'With `verbose` each check, and the version.', parameters: [{ name: 'verbose', in: 'query', description: 'Names each check.', schema: text }],
    answers: {
      200: { description: 'It can.', content: json(object({ status: oneOf(['ready', 'not ready']), 'version?': text, 'checks?': { type: 'object', additionalProperties: text } })) },
      503: { description: 'Something it needs is away.', content: json(object({ status: oneOf(['ready', 'not ready']), 'version?': text, 'checks?': { type: 'object', additionalProperties: text } })) },
    },
  },
  'GET /openapi.json': { tag: 'Operation', summary: 'This document', answers: { 200: { description: 'OpenAPI 3.1.', content: json({ type: 'object', additionalProperties: true }) } } },
  'GET /docs': { tag: 'Operation', summary: 'This document as a page', answers: { 200: { description: 'A page.', content: { 'text/html; charset=utf-8': text } } } },
}

import { handshakeAnswers } from '@millrace/wire/elasticsearch/handshake'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { INTAKE_ROUTES, QUERY_ROUTES } from '../forward-routes.ts'
import { docsPage } from './docs-page.ts'
import { openApiDocument, type DocumentedRoute } from './openapi-document.ts'

/** `GET /openapi.json` and the same as a page, `GET /docs`. Open without a key: they say nothing of any tenant. Made once. */
export function openApiRoutes(): readonly Route[] {
  const document = openApiDocument(publicRoutes())
  const [text, page] = [JSON.stringify(document), docsPage(document)]
  return [
    {
      method: 'GET', path: '/openapi.json', scope: 'public', dialect: 'millrace',
      handle: (_, response) => {
        response.setHeader('Cache-Control', 'no-cache')
        sendJson(response, 200, text)
        return Promise.resolve()
      },
    },
    {
      method: 'GET', path: '/docs', scope: 'public', dialect: 'millrace',
      handle: (_, response) => {
        response.setHeader('Content-Type', 'text/html; charset=utf-8')
        response.setHeader('Content-Security-Policy', page.policy)
        response.setHeader('Referrer-Policy', 'no-referrer')
        response.setHeader('Cache-Control', 'no-cache')
        response.end(page.html)
        return Promise.resolve()
      },
    },
  ]
}

/** Every route at the public address: those that are forwarded, and the gateway's own. */
export function publicRoutes(): readonly DocumentedRoute[] {
  const forwarded = [...QUERY_ROUTES, ...INTAKE_ROUTES].map(([method, path, scope, dialect]) => ({ method, path, scope, dialect }))
  const handshakes = handshakeAnswers.flatMap(({ methods, path }) => methods.map((method) => ({ method, path, scope: 'public', dialect: 'elasticsearch' }) as const))
  return [...forwarded, ...OWN_ROUTES, ...handshakes]
}

const OWN_ROUTES: readonly DocumentedRoute[] = [
  { method: 'POST', path: '/v1/tenants', scope: 'admin', dialect: 'millrace' },
  { method: 'GET', path: '/v1/tenants', scope: 'admin', dialect: 'millrace' },
  ...(['GET', 'PATCH'] as const).map((method): DocumentedRoute => ({ method, path: '/v1/tenants/:tenantId', scope: 'admin', dialect: 'millrace' })),
  ...['/v1/tenants/:tenantId/keys', '/v1/admin-keys'].flatMap((path): readonly DocumentedRoute[] => [
    { method: 'GET', path, scope: 'admin', dialect: 'millrace' },
    { method: 'POST', path, scope: 'admin', dialect: 'millrace' },
    { method: 'DELETE', path: `${path}/:keyId`, scope: 'admin', dialect: 'millrace' },
  ]),
  { method: 'POST', path: '/v1/session', scope: 'public', dialect: 'millrace' },
  { method: 'GET', path: '/v1/session', scope: 'query', dialect: 'millrace' },
  { method: 'DELETE', path: '/v1/session', scope: 'public', dialect: 'millrace' },
  { method: 'POST', path: '/v1/sign-in-links', scope: 'admin', dialect: 'millrace' },
  ...['/livez', '/readyz', '/openapi.json', '/docs'].map((path): DocumentedRoute => ({ method: 'GET', path, scope: 'public', dialect: 'millrace' })),
]

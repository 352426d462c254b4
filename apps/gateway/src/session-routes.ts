import type { IncomingMessage, ServerResponse } from 'node:http'
import { hashOfKey } from '@millrace/access/hash-of-key'
import { isFromOwnPage, PAGE_HEADER, sessionCookie, sessionOf } from '@millrace/access/session-cookie'
import { findSession, type NewToken, type Sessions } from '@millrace/access/sessions'
import type { Settings, Tenants } from '@millrace/catalog/catalog'
import { readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { Clock } from '@millrace/runtime/clock'

/**
 * How a person signs in to the page: `POST /v1/session` opens a session by a one-time link or a key and answers its cookie, `GET` tells whose it is, `DELETE` ends it.
 * `POST /v1/sign-in-links` makes a link, for admin keys only.
 */
export function sessionRoutes(catalog: Settings & Pick<Tenants, 'findKey' | 'findTenant'>, sessions: Sessions, clock: Clock): readonly Route[] {
  return [
    {
      method: 'POST', path: '/v1/session', scope: 'public', dialect: 'millrace',
      handle: async ({ raw }, response) => {
        if (refuseForeign(raw, response)) return
        const { link, key } = readFields(await readJsonBody(raw))
        if ((link === undefined) === (key === undefined)) {
          refuse('millrace', response, { status: 400, code: 'bad-request', detail: 'the body must have either link or key, a text' })
          return
        }
        const session = link === undefined ? await openByKey(key ?? '', response) : await openByLink(link, response)
        if (session === undefined) return
        response.setHeader('Set-Cookie', sessionCookie(raw.headers, session.token, Math.floor((session.expiresMs - clock.nowMs()) / 1000)))
        response.setHeader('Cache-Control', 'no-store')
        sendJson(response, 201, { tenant: session.tenantId, expires: new Date(session.expiresMs).toISOString() })
      },
    },
    {
      method: 'GET', path: '/v1/session', scope: 'query', dialect: 'millrace',
      handle: async ({ raw, tenantId }, response) => {
        const token = sessionOf(raw.headers)
        const session = token === undefined ? undefined : await findSession(catalog, token, clock.nowMs())
        const tenant = await catalog.findTenant(tenantId)
        response.setHeader('Cache-Control', 'no-store')
        sendJson(response, 200, {
          tenant: tenantId, name: tenant?.name ?? tenantId, retentionDays: tenant?.retentionDays,
          ...(session === undefined ? {} : { scopes: session.scopes, expires: new Date(session.expiresMs).toISOString() }),
        })
      },
    },
    {
      // Also for a session that has ended meanwhile: the cookie goes in any case.
      method: 'DELETE', path: '/v1/session', scope: 'public', dialect: 'millrace',
      handle: async ({ raw }, response) => {
        if (refuseForeign(raw, response)) return
        const token = sessionOf(raw.headers)
        if (token !== undefined) await sessions.end(token)
        response.setHeader('Set-Cookie', sessionCookie(raw.headers, undefined))
        response.writeHead(204).end()
      },
    },
    {
      method: 'POST', path: '/v1/sign-in-links', scope: 'admin', dialect: 'millrace',
      handle: async ({ raw }, response) => {
        const { tenant } = readFields(await readJsonBody(raw))
        if (tenant === undefined || (await catalog.findTenant(tenant)) === undefined) {
          refuse('millrace', response, { status: 400, code: 'bad-request', detail: 'tenant must be the id of one that exists' })
          return
        }
        const { token, expiresMs } = await sessions.createLink(tenant)
        response.setHeader('Cache-Control', 'no-store')
        sendJson(response, 201, { path: signInPath(token), expires: new Date(expiresMs).toISOString() })
      },
    },
  ]

  async function openByLink(link: string, response: ServerResponse): Promise<NewToken | undefined> {
    const session = await sessions.openByLink(link)
    if (session === undefined) refuse('millrace', response, { status: 401, code: 'no-session', detail: 'this link was used already, or is too old; have a new one printed, or sign in with a key' })
    return session
  }

  async function openByKey(text: string, response: ServerResponse): Promise<NewToken | undefined> {
    const key = await catalog.findKey(hashOfKey(text.trim()))
    const { tenantId } = key ?? {}
    if (key !== undefined && tenantId !== undefined && key.scopes.includes('query')) return await sessions.openByKey({ ...key, tenantId })
    if (key === undefined) refuse('millrace', response, { status: 403, code: 'bad-key', detail: 'this API key is not known' })
    else refuse('millrace', response, { status: 403, code: 'wrong-scope', detail: 'this API key does not allow query for a tenant' })
    return undefined
  }
}

/** Below the gateway's address. Behind `#`, so that it is in no request, no log and no `Referer`. */
export function signInPath(token: string): string {
  return `/#link=${token}`
}

/** Else another site could sign its visitor in as someone else, or out. */
function refuseForeign(raw: IncomingMessage, response: ServerResponse): boolean {
  if (isFromOwnPage(raw)) return false
  refuse('millrace', response, { status: 403, code: 'cross-site', detail: `only our own page signs in and out; it sends ${PAGE_HEADER}` })
  return true
}

function readFields(body: unknown): { readonly link?: string; readonly key?: string; readonly tenant?: string } {
  if (typeof body !== 'object' || body === null) return {}
  return Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string' && value !== '' && value.length <= MAX_TOKEN_CHARACTERS))
}

/** Keys given at a start may be longer than ours. */
const MAX_TOKEN_CHARACTERS = 1000

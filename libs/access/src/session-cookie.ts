import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

/** The session of the page that sent a request; undefined without one. */
export function sessionOf({ cookie }: IncomingHttpHeaders): string | undefined {
  for (const pair of cookie?.split(';') ?? []) {
    const [name, value] = pair.split('=', 2)
    if (name?.trim() === SESSION_COOKIE && value !== undefined && value !== '') return value.trim()
  }
  return undefined
}

/**
 * Text of `Set-Cookie`: no script reads it, no other site's page sends it along.
 * @param token undefined takes the cookie back.
 * @param lifetimeS how long the browser keeps it.
 */
export function sessionCookie({ origin }: IncomingHttpHeaders, token: string | undefined, lifetimeS = 0): string {
  // Only the browser knows whether it came by TLS, which a proxy may have ended: it says so in Origin.
  const secure = origin?.startsWith('https:') === true ? '; Secure' : ''
  return `${SESSION_COOKIE}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${token === undefined ? 0 : lifetimeS}${secure}`
}

/**
 * Whether a request that carries a session comes from our own page and not from another site's, beyond what SameSite keeps away. A change needs {@link PAGE_HEADER}, which another
 * origin's page cannot set without being allowed to; where the browser tells who asks (`Sec-Fetch-Site`, on TLS and on localhost; else `Origin`) it must be us.
 */
export function isFromOwnPage({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  const isRead = method === 'GET' || method === 'HEAD'
  if (!isRead && headers[PAGE_HEADER] === undefined) return false
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin' || (isRead && site === 'none')
  const { origin, host } = headers
  return origin === undefined ? true : URL.parse(origin)?.host === host
}

export const SESSION_COOKIE = 'millrace_session'
/** Sent by the page with every request. */
export const PAGE_HEADER = 'x-millrace-page'

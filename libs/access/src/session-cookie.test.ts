import { isFromOwnPage, sessionCookie, sessionOf } from './session-cookie.ts'

describe('a session’s cookie', () => {
  it('is found among others', () => {
    expect(sessionOf({ cookie: 'a=b; millrace_session=t.x; c' })).toBe('t.x')
    for (const cookie of [undefined, '', 'millrace_session=', 'xmillrace_session=t', 'millrace_session']) expect(sessionOf({ ...(cookie === undefined ? {} : { cookie }) })).toBeUndefined()
  })

  it('is hidden from scripts and other sites, and kept to TLS where the browser came by it', () => {
    expect(sessionCookie({}, 't.x', 60)).toBe('millrace_session=t.x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60')
    expect(sessionCookie({ origin: 'https://logs.example' }, undefined)).toBe('millrace_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure')
  })
})

describe('a request with a session', () => {
  const page = { 'x-millrace-page': '1', host: 'logs.example:8080' }
  it.each([
    ['a change by our page', 'POST', { ...page, 'sec-fetch-site': 'same-origin' }, true],
    ['a change by our page where the browser does not say whose', 'POST', { ...page, origin: 'http://logs.example:8080' }, true],
    ['a change behind a proxy that names itself', 'POST', { ...page, host: 'inside:1', origin: 'https://logs.example', 'sec-fetch-site': 'same-origin' }, true],
    ['a form of another site', 'POST', { host: page.host, 'sec-fetch-site': 'cross-site' }, false],
    ['a form of another port', 'POST', { ...page, origin: 'http://logs.example:9' }, false],
    ['a sandboxed frame', 'DELETE', { ...page, origin: 'null' }, false],
    ['a sibling domain', 'POST', { ...page, 'sec-fetch-site': 'same-site' }, false],
    ['a change without the header', 'PUT', { host: page.host, origin: 'http://logs.example:8080', 'sec-fetch-site': 'same-origin' }, false],
    ['a read by our page', 'GET', { host: page.host, 'sec-fetch-site': 'same-origin' }, true],
    ['an address that a person typed', 'GET', { host: page.host, 'sec-fetch-site': 'none' }, true],
    ['a read by another site', 'GET', { host: page.host, 'sec-fetch-site': 'cross-site' }, false],
  ])('of %s: %s', (_, method, headers, isOurs) => {
    expect(isFromOwnPage({ method, headers })).toBe(isOurs)
  })
})

import { createSignInLink } from '../client/millrace-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

const PAGE = { 'x-millrace-page': '1', 'content-type': 'application/json' }

describe('a session', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const open = async (body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> => await fetch(`${millrace.url}/v1/session`, { method: 'POST', headers: { ...PAGE, ...headers }, body: JSON.stringify(body) })
  const cookieOf = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const search = async (cookie: string, headers: Readonly<Record<string, string>> = PAGE): Promise<Response> => await fetch(`${millrace.url}/api/v2/logs/events/search`, { method: 'POST', headers: { ...headers, cookie }, body: '{}' })

  it('is opened by a key, asks as its tenant, outlives a restart, and ends when it is told to', async () => {
    await millrace.searchable(await millrace.send('{"message":"mine"}'))
    const opened = await open({ key: millrace.key })
    expect(opened.status).toBe(201)
    expect(opened.headers.get('set-cookie')).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=60\d{4}$/)
    const cookie = cookieOf(opened)
    expect(await (await search(cookie)).json()).toMatchObject({ data: [{ attributes: { message: 'mine' } }] })
    expect(await (await fetch(`${millrace.url}/v1/session`, { headers: { cookie } })).json()).toMatchObject({ tenant: 'tests', name: 'tests', scopes: ['query'] })
    await millrace.restart()
    expect((await search(cookie)).status).toBe(200)
    const ended = await fetch(`${millrace.url}/v1/session`, { method: 'DELETE', headers: { ...PAGE, cookie } })
    expect([ended.status, ended.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
    expect((await search(cookie)).status).toBe(401)
  }, START_TIMEOUT_MS)

  it('is opened once by a link', async () => {
    const link = new URLSearchParams((await createSignInLink(millrace.url, millrace.adminKey, 'tests')).hash.slice(1)).get('link') ?? ''
    const first = await open({ link })
    expect(first.status).toBe(201)
    expect((await search(cookieOf(first))).status).toBe(200)
    const second = await open({ link })
    expect([second.status, second.headers.get('set-cookie')]).toEqual([401, null])
    expect(second.headers.get('www-authenticate')).not.toContain('Basic') // a browser would ask for a password
  })

  it('serves the page only: no other site, no change without the header, no sending', async () => {
    const cookie = cookieOf(await open({ key: millrace.key }))
    expect((await search(cookie, {})).status).toBe(403)
    expect((await search(cookie, { ...PAGE, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await search(cookie, { ...PAGE, origin: 'http://elsewhere.example' })).status).toBe(403)
    expect((await fetch(`${millrace.url}/v1/events`, { method: 'POST', headers: { ...PAGE, cookie }, body: '{"message":"forged"}' })).status).toBe(403)
    expect((await fetch(`${millrace.url}/v1/tenants`, { headers: { cookie } })).status).toBe(403)
    expect((await open({ key: millrace.key }, { origin: 'http://elsewhere.example' })).status).toBe(403)
    expect((await fetch(`${millrace.url}/v1/session`, { method: 'DELETE', headers: { cookie } })).status).toBe(403)
    expect((await search(cookie)).status).toBe(200)
  })

  it('is not opened by anything else', async () => {
    expect((await open({})).status).toBe(400)
    expect((await open({ key: millrace.key, link: 'x' })).status).toBe(400)
    expect((await open({ key: 'no-such-key' })).status).toBe(403)
    expect((await open({ key: millrace.adminKey })).status).toBe(403) // it belongs to no tenant
    expect((await open({ link: `tests.${'a'.repeat(40)}` })).status).toBe(401)
    expect((await search(`millrace_session=tests.${'a'.repeat(40)}`)).status).toBe(401)
    const byTenant = await millrace.post('/v1/sign-in-links', '{"tenant":"tests"}')
    expect(byTenant.status).toBe(403)
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from '@millrace/catalog/catalog'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { hashOfKey } from './hash-of-key.ts'
import { createSessions, findSession, LINK_LIFETIME_MS, SESSION_LIFETIME_MS, type Sessions } from './sessions.ts'

describe('sessions', () => {
  let folder: string
  let catalog: Catalog
  let sessions: Sessions
  let nowMs: number
  const clock = { ...systemClock, nowMs: () => nowMs }
  const key = { hash: hashOfKey('k'), tenantId: 't', scopes: ['ingest', 'query'] } as const
  beforeEach(async () => {
    nowMs = 1_800_000_000_000
    folder = await mkdtemp(join(tmpdir(), 'sessions-'))
    catalog = await openCatalog({ kind: 'sqlite', root: folder, disk: systemDisk, clock, failpoints: noFailpoints })
    await catalog.putKey(key)
    sessions = createSessions(catalog, clock, systemRandom)
  })
  afterEach(async () => {
    await catalog[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const scopesOf = async (token: string): Promise<readonly string[] | undefined> => (await findSession(catalog, token, nowMs))?.scopes

  it('opens one session by a link, however many come at once', async () => {
    const { token } = await sessions.createLink('t')
    const other = createSessions(catalog, clock, systemRandom)
    const opened = (await Promise.all([sessions, other, sessions, other].map(async (each) => await each.openByLink(token)))).filter((each) => each !== undefined)
    expect(opened).toHaveLength(1)
    expect(await scopesOf(opened[0]?.token ?? '')).toEqual(['query'])
    expect(await sessions.openByLink(token)).toBeUndefined()
  })

  it('refuses a link that is too old, and a session that is', async () => {
    const late = await sessions.createLink('t')
    nowMs += LINK_LIFETIME_MS
    expect(await sessions.openByLink(late.token)).toBeUndefined()
    const { token } = await sessions.openByKey(key)
    nowMs += SESSION_LIFETIME_MS - 1
    expect(await scopesOf(token)).toEqual(['query'])
    nowMs += 1
    expect(await scopesOf(token)).toBeUndefined()
  })

  it('gives what the key allows now, without sending, and nothing once the key does not', async () => {
    const { token } = await sessions.openByKey(key)
    expect(await scopesOf(token)).toEqual(['query'])
    await catalog.putKey({ ...key, scopes: ['ingest', 'query', 'admin'] })
    expect(await scopesOf(token)).toEqual(['query', 'admin'])
    await catalog.putKey({ ...key, scopes: [] })
    expect(await scopesOf(token)).toEqual([])
    await catalog.putKey({ ...key, tenantId: 'another' })
    expect(await scopesOf(token)).toBeUndefined()
  })

  it('ends a session for everybody who looks, and only that one', async () => {
    const [one, two] = [await sessions.openByKey(key), await sessions.openByKey(key)]
    await sessions.end(one.token)
    await sessions.end(one.token)
    expect(await scopesOf(one.token)).toBeUndefined()
    expect(await scopesOf(two.token)).toEqual(['query'])
  })

  it('takes no link for a session, no session for a link, and no text that is neither', async () => {
    const link = await sessions.createLink('t')
    const session = await sessions.openByKey(key)
    expect(await scopesOf(link.token)).toBeUndefined()
    expect(await sessions.openByLink(session.token)).toBeUndefined()
    for (const text of ['', 't.', `../t.${'a'.repeat(40)}`, `u${link.token}`, link.token.toUpperCase(), `${'t'.repeat(41)}.${'a'.repeat(40)}`]) {
      expect(await scopesOf(text)).toBeUndefined()
      expect(await sessions.openByLink(text)).toBeUndefined()
      await sessions.end(text)
    }
  })

  it('forgets the oldest beyond its bound, so that a setting stays small', async () => {
    const first = await sessions.openByKey(key)
    let last = first
    for (let i = 0; i < 250; i++) last = await sessions.openByKey(key)
    expect(await scopesOf(first.token)).toBeUndefined()
    expect(await scopesOf(last.token)).toEqual(['query'])
  })

  it('keeps no text of a link or a session', async () => {
    const { token } = await sessions.openByKey(key)
    const { value = '' } = (await catalog.readSetting('t', 'sign-ins')) ?? {}
    expect(value).toContain(hashOfKey(token))
    expect(value).not.toContain(token.slice(2))
  })
})

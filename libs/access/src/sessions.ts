import { SettingConflictError, type ApiKey, type Scope, type Settings, type Tenants } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import { hashOfKey } from './hash-of-key.ts'

/**
 * Sessions of people who look at the page, and the one-time links that open them. Both are kept in the catalog as one setting of their tenant, by their hashes, so every replica
 * knows them and they outlive a restart. A link is taken back in the same conditional write that adds its session: it opens one, whoever comes first.
 *
 * Nothing is remembered in the process: a session that was ended is refused by the next request everywhere.
 * Every method may throw {@link CatalogUnavailableError}; those that write also OutcomeUnknownError.
 */
export interface Sessions {
  /** Makes a link that opens one session of this tenant, which may ask. */
  createLink(tenantId: TenantId): Promise<NewToken>
  /** Undefined where the link was used, has expired, or never was. */
  openByLink(token: string): Promise<NewToken | undefined>
  /** Makes a session that may what the key may, as long as the key does; sending events is left out. The key has a tenant. */
  openByKey(key: ApiKey & { readonly tenantId: TenantId }): Promise<NewToken>
  /** Forgets a session. One that is not known is no error. */
  end(token: string): Promise<void>
}

/** The text is shown once; the catalog has its hash. */
export interface NewToken {
  readonly tenantId: TenantId
  readonly token: string
  readonly expiresMs: number
}

/** Printed at a start and pasted soon after; whoever is late has another printed. */
export const LINK_LIFETIME_MS = 3_600_000
/** A working week without signing in again; a stolen laptop's session does not live on for months. */
export const SESSION_LIFETIME_MS = 7 * 86_400_000
/** With {@link MAX_SESSIONS} it keeps a setting below its 65,536 characters: an entry has at most 200. The oldest goes. */
const MAX_LINKS = 50
const MAX_SESSIONS = 250
/** Two who sign in at once meet; five times in a row nobody does. */
const MAX_ATTEMPTS = 5

export function createSessions(catalog: Settings, clock: Clock, random: Random): Sessions {
  /** Changes the tenant's setting; `change` answers undefined where there is nothing to change. True when it was written. */
  const update = async (tenantId: TenantId, change: (kept: SignIns) => SignIns | undefined): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      const setting = await catalog.readSetting(tenantId, SETTING)
      const next = change(alive(parseSignIns(setting?.value), clock.nowMs()))
      if (next === undefined) return false
      const bounded: SignIns = { links: next.links.slice(-MAX_LINKS), sessions: next.sessions.slice(-MAX_SESSIONS) }
      try {
        await catalog.writeSetting(tenantId, SETTING, JSON.stringify(bounded), setting?.version ?? 0)
        return true
      } catch (error) {
        if (!(error instanceof SettingConflictError) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }
  const newToken = (tenantId: TenantId, lifetimeMs: number): NewToken => ({ tenantId, token: `${tenantId}.${random.text(TOKEN_CHARACTERS)}`, expiresMs: clock.nowMs() + lifetimeMs })

  return {
    async createLink(tenantId) {
      const link = newToken(tenantId, LINK_LIFETIME_MS)
      await update(tenantId, ({ links, sessions }) => ({ links: [...links, { hash: hashOfKey(link.token), expiresMs: link.expiresMs }], sessions }))
      return link
    },
    async openByLink(token) {
      const tenantId = tenantOf(token)
      if (tenantId === undefined) return undefined
      const used = hashOfKey(token)
      const session = newToken(tenantId, SESSION_LIFETIME_MS)
      const isOpen = await update(tenantId, ({ links, sessions }) => links.some(({ hash }) => hash === used)
        ? { links: links.filter(({ hash }) => hash !== used), sessions: [...sessions, { hash: hashOfKey(session.token), expiresMs: session.expiresMs }] }
        : undefined)
      return isOpen ? session : undefined
    },
    async openByKey({ tenantId, hash: keyHash }) {
      const session = newToken(tenantId, SESSION_LIFETIME_MS)
      await update(tenantId, ({ links, sessions }) => ({ links, sessions: [...sessions, { hash: hashOfKey(session.token), expiresMs: session.expiresMs, keyHash }] }))
      return session
    },
    async end(token) {
      const tenantId = tenantOf(token)
      if (tenantId === undefined) return
      const ended = hashOfKey(token)
      await update(tenantId, ({ links, sessions }) => (sessions.some(({ hash }) => hash === ended) ? { links, sessions: sessions.filter(({ hash }) => hash !== ended) } : undefined))
    },
  }
}

/** What a session may, as a key that is checked like every other; undefined where it is none, has ended, or the key that opened it is gone. */
export async function findSession(catalog: Pick<Settings, 'readSetting'> & Pick<Tenants, 'findKey'>, token: string, nowMs: number): Promise<ApiKey & { readonly expiresMs: number } | undefined> {
  const tenantId = tenantOf(token)
  if (tenantId === undefined) return undefined
  const hash = hashOfKey(token)
  const session = alive(parseSignIns((await catalog.readSetting(tenantId, SETTING))?.value), nowMs).sessions.find((each) => each.hash === hash)
  if (session === undefined) return undefined
  const { keyHash, expiresMs } = session
  if (keyHash === undefined) return { hash, tenantId, scopes: ['query'], expiresMs }
  const key = await catalog.findKey(keyHash)
  return key?.tenantId === tenantId ? { hash, tenantId, scopes: key.scopes.filter((scope) => SESSION_SCOPES.includes(scope)), expiresMs } : undefined
}

const SETTING = 'sign-ins'
/** A page asks; it sends nothing. */
const SESSION_SCOPES: readonly Scope[] = ['query', 'admin']
/** Of 36 kinds: 206 random bits. */
const TOKEN_CHARACTERS = 40
const TOKEN = /^([a-z0-9-]{1,40})\.[a-z0-9]{40}$/

interface SignIns {
  /** In the order in which they were made. */
  readonly links: readonly { readonly hash: string; readonly expiresMs: number }[]
  readonly sessions: readonly { readonly hash: string; readonly expiresMs: number; /** Of the key that opened it; absent where a link did. */ readonly keyHash?: string }[]
}

/** Of a text that may be a token. */
function tenantOf(token: string): TenantId | undefined {
  return TOKEN.exec(token)?.[1]
}

/** Only {@link createSessions} writes the setting. */
function parseSignIns(value: string | undefined): SignIns {
  return value === undefined ? { links: [], sessions: [] } : (JSON.parse(value) as SignIns)
}

function alive({ links, sessions }: SignIns, nowMs: number): SignIns {
  const isAlive = ({ expiresMs }: { readonly expiresMs: number }): boolean => expiresMs > nowMs
  return { links: links.filter(isAlive), sessions: sessions.filter(isAlive) }
}

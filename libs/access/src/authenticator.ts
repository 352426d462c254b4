import type { IncomingHttpHeaders } from 'node:http'
import type { ApiKey, Settings, Tenants } from '@millrace/catalog/catalog'
import { createRememberedLookup } from '@millrace/catalog/remembered-lookup'
import type { Clock } from '@millrace/runtime/clock'
import { credentialsOf } from './credentials.ts'
import { hashOfKey } from './hash-of-key.ts'
import { sessionOf } from './session-cookie.ts'
import { findSession } from './sessions.ts'

/** Finds whose key a request carries. */
export interface Authenticator {
  /**
   * `missing`: the request has neither key nor session. `unknown`: it has a key that is none of ours. `ended`: it has no key, and a session that is none any more.
   * @throws CatalogUnavailableError: it could not be checked.
   */
  authenticate(headers: IncomingHttpHeaders, inUrl?: string): Promise<Caller | 'missing' | 'unknown' | 'ended'>
}

/** Who asks: by a key, or by a session, which browsers send along by themselves. */
export type Caller = ApiKey & { readonly isSession?: boolean }

/** Where keys are looked up; without settings there are no sessions. */
export type KeySource = Pick<Tenants, 'findKey'> & Partial<Pick<Settings, 'readSetting'>>

/** A checked key is trusted this long, so that a revoked one works for at most as long, and a busy client costs one look-up. */
const FRESH_MS = 10_000
/** An unknown key is asked for again after this: a new key must work at once, a broken client must not flood the catalog. */
const UNKNOWN_MS = 1_000
/** Some 200 bytes each; beyond it all are forgotten and looked up again. */
const MAX_CACHED_KEYS = 20_000

export function createAuthenticator(tenants: KeySource, clock: Clock): Authenticator {
  const find = createRememberedLookup<ApiKey | undefined>({
    clock, lookUp: async (hash) => await tenants.findKey(hash), freshMs: (key) => (key === undefined ? UNKNOWN_MS : FRESH_MS), mayServeStale: (key) => key !== undefined, maxEntries: MAX_CACHED_KEYS,
  })
  return {
    async authenticate(headers, inUrl) {
      const credentials = credentialsOf(headers, inUrl)
      for (const credential of credentials) {
        const key = await find(hashOfKey(credential))
        if (key !== undefined) return key
      }
      if (credentials.length > 0) return 'unknown'
      const session = sessionOf(headers)
      if (session === undefined) return 'missing'
      const readSetting = tenants.readSetting?.bind(tenants)
      const caller = readSetting === undefined ? undefined : await findSession({ readSetting, findKey: find }, session, clock.nowMs())
      return caller === undefined ? 'ended' : { ...caller, isSession: true }
    },
  }
}

import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ApiKey, Tenants } from '@millrace/catalog/catalog'
import { createRememberedLookup } from '@millrace/catalog/remembered-lookup'
import type { Clock } from '@millrace/runtime/clock'
import { credentialsOf } from './credentials.ts'

/** Finds whose key a request carries. */
export interface Authenticator {
  /** `missing`: the request has no key. `unknown`: it has one that is none of ours. @throws CatalogUnavailableError: the key could not be checked. */
  authenticate(headers: IncomingHttpHeaders, inUrl?: string): Promise<ApiKey | 'missing' | 'unknown'>
}

/** A checked key is trusted this long, so that a revoked one works for at most as long, and a busy client costs one look-up. */
const FRESH_MS = 10_000
/** An unknown key is asked for again after this: a new key must work at once, a broken client must not flood the catalog. */
const UNKNOWN_MS = 1_000
/** Some 200 bytes each; beyond it all are forgotten and looked up again. */
const MAX_CACHED_KEYS = 20_000

export function createAuthenticator(tenants: Pick<Tenants, 'findKey'>, clock: Clock): Authenticator {
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
      return credentials.length === 0 ? 'missing' : 'unknown'
    },
  }
}

/** What the catalog keeps of a key: SHA-256, hex. */
export function hashOfKey(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}

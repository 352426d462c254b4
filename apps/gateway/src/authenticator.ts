import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { CatalogUnavailableError, type ApiKey, type Tenants } from '@millrace/catalog/catalog'
import type { Clock } from '@millrace/runtime/clock'
import { credentialsOf } from './credentials.ts'

/** Finds whose key a request carries. */
export interface Authenticator {
  /** `missing`: the request has no key. `unknown`: it has one that is none of ours. @throws {CatalogUnavailableError} the key could not be checked. */
  authenticate(headers: IncomingHttpHeaders): Promise<ApiKey | 'missing' | 'unknown'>
}

/** A checked key is trusted this long, so that a revoked one works for at most as long, and a busy client costs one look-up. */
const FRESH_MS = 10_000
/** While the catalog is down, keys that were checked within an hour go on working: the log still takes what they send. */
const STALE_MS = 3_600_000
/** An unknown key is asked for again after this: a new key must work at once, a broken client must not flood the catalog. */
const UNKNOWN_MS = 1_000
/** Some 200 bytes each; beyond it all are forgotten and looked up again. */
const MAX_CACHED_KEYS = 20_000

export function createAuthenticator(tenants: Tenants, clock: Clock): Authenticator {
  const cache = new Map<string, { readonly key: ApiKey | undefined; readonly checkedMs: number }>()

  const find = async (hash: string): Promise<ApiKey | undefined> => {
    const now = clock.monotonicMs()
    const cached = cache.get(hash)
    if (cached !== undefined && now - cached.checkedMs < (cached.key === undefined ? UNKNOWN_MS : FRESH_MS)) return cached.key
    try {
      const key = await tenants.findKey(hash)
      if (cache.size >= MAX_CACHED_KEYS) cache.clear()
      cache.set(hash, { key, checkedMs: now })
      return key
    } catch (error) {
      if (error instanceof CatalogUnavailableError && cached?.key !== undefined && now - cached.checkedMs < STALE_MS) return cached.key
      throw error
    }
  }

  return {
    async authenticate(headers) {
      const credentials = credentialsOf(headers)
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

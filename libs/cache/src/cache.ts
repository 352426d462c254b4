import type { TenantId } from '@millrace/event/event'

/**
 * Bytes that may be forgotten at any time, and cost something to make anew. What is set under a key must be a pure function of the key: no entry is ever stale,
 * so none is ever taken back.
 *
 * A cache that is down, slow or full is an empty one: no method throws for it.
 */
export interface Cache extends AsyncDisposable {
  /** Answers what was set last under this tenant's key, or undefined. The caller owns the bytes. */
  get(tenantId: TenantId, key: string): Promise<Uint8Array | undefined>
  /**
   * Keeps `bytes` for at most `ttlMs`. More than {@link MAX_ENTRY_BYTES} are not kept. The cache may read them until the promise settles.
   *
   * @param key at most {@link MAX_KEY_CHARACTERS} characters: a hash of what the bytes were made from.
   * @param ttlMs at least 1, at most {@link MAX_TTL_MS}.
   */
  set(tenantId: TenantId, key: string, bytes: Uint8Array, ttlMs: number): Promise<void>
}

/** A page of a thousand long events takes about as much. Larger ones would push out a thousand small ones, and hold up the connection to Redis for the others. */
export const MAX_ENTRY_BYTES = 1024 * 1024
/** Room for a hash in hexadecimal and a few words about what it is. */
export const MAX_KEY_CHARACTERS = 128
/** A day: what was expired or deleted must not lie in caches for longer. */
export const MAX_TTL_MS = 86_400_000

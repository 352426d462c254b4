import assert from 'node:assert/strict'
import { MAX_KEY_CHARACTERS, MAX_TTL_MS } from './cache.ts'

/** Asserts what the port demands of a key and a time to live. */
export function checkEntry(key: string, ttlMs: number): void {
  assert(key.length > 0 && key.length <= MAX_KEY_CHARACTERS, 'a key has 1 to 128 characters')
  assert(ttlMs >= 1 && ttlMs <= MAX_TTL_MS, 'a time to live is from a millisecond to a day')
}

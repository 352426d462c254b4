import type { Clock } from '@millrace/runtime/clock'
import { MAX_ENTRY_BYTES, type Cache } from './cache.ts'
import { checkEntry } from './check-entry.ts'

export interface ProcessCacheOptions {
  readonly clock: Clock
  /** Default: {@link DEFAULT_MAX_BYTES}. */
  readonly maxBytes?: number
}

/** Keeps entries in this process's memory; the one that was used longest ago goes first. */
export function createProcessCache({ clock, maxBytes = DEFAULT_MAX_BYTES }: ProcessCacheOptions): Cache {
  /** In order of use, the oldest first. */
  const entries = new Map<string, Entry>()
  let totalBytes = 0
  const drop = (name: string): void => {
    totalBytes -= entries.get(name)?.costBytes ?? 0
    entries.delete(name)
  }
  return {
    async get(tenantId, key) {
      const name = `${tenantId}/${key}`
      const entry = entries.get(name)
      if (entry === undefined) return undefined
      entries.delete(name)
      if (entry.untilMs <= clock.monotonicMs()) {
        totalBytes -= entry.costBytes
        return undefined
      }
      entries.set(name, entry)
      return entry.bytes.slice()
    },
    async set(tenantId, key, bytes, ttlMs) {
      checkEntry(key, ttlMs)
      const name = `${tenantId}/${key}`
      drop(name)
      const costBytes = bytes.length + name.length * 2 + ENTRY_OVERHEAD_BYTES
      if (bytes.length > MAX_ENTRY_BYTES || costBytes > maxBytes) return
      // A plain copy: a slice of a Buffer would go on sharing its memory.
      entries.set(name, { bytes: Uint8Array.from(bytes), costBytes, untilMs: clock.monotonicMs() + ttlMs })
      totalBytes += costBytes
      for (const oldest of entries.keys()) {
        if (totalBytes <= maxBytes) break
        drop(oldest)
      }
    },
    async [Symbol.asyncDispose]() {
      entries.clear()
      totalBytes = 0
    },
  }
}

/** Thousands of dashboard answers; an eighth of what a small process has. */
export const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
/** About what an entry takes beside its bytes, so that many tiny ones are bounded too. */
const ENTRY_OVERHEAD_BYTES = 200

interface Entry {
  readonly bytes: Uint8Array
  readonly costBytes: number
  readonly untilMs: number
}

import type { Clock } from '@millrace/runtime/clock'
import { CatalogUnavailableError } from './catalog.ts'

export interface RememberedLookupOptions<V> {
  readonly clock: Clock
  readonly lookUp: (name: string) => Promise<V>
  /** How long an answer is used without asking again. */
  readonly freshMs: (value: V) => number
  /** Whether an old answer is better than none while the catalog is down. */
  readonly mayServeStale: (value: V) => boolean
  /** Beyond it all are forgotten. */
  readonly maxEntries: number
}

/**
 * Looks things up in the catalog at most once in a while. While the catalog is down, or slow, what was known within {@link STALE_MS} goes on being
 * answered, within {@link REFRESH_WAIT_MS}: what was checked before an outage goes on working through it.
 *
 * The answer throws {@link CatalogUnavailableError} when nothing is known.
 */
export function createRememberedLookup<V>({ clock, lookUp, freshMs, mayServeStale, maxEntries }: RememberedLookupOptions<V>): (name: string) => Promise<V> {
  const known = new Map<string, { readonly value: V; readonly checkedMs: number; readonly askAgainMs: number }>()
  const running = new Map<string, Promise<V>>()

  const refresh = (name: string): Promise<V> => {
    const begun = running.get(name)
    if (begun !== undefined) return begun
    const refreshing = lookUp(name).then(
      (value) => {
        if (known.size >= maxEntries) known.clear()
        const now = clock.monotonicMs()
        known.set(name, { value, checkedMs: now, askAgainMs: now + freshMs(value) })
        return value
      },
    ).finally(() => running.delete(name))
    running.set(name, refreshing)
    return refreshing
  }

  return async (name) => {
    const now = clock.monotonicMs()
    const entry = known.get(name)
    if (entry !== undefined && now < entry.askAgainMs) return entry.value
    const refreshing = refresh(name)
    if (entry === undefined || !mayServeStale(entry.value) || now - entry.checkedMs >= STALE_MS) return await refreshing
    const serveStale = (): V => {
      if (known.get(name) === entry) known.set(name, { ...entry, askAgainMs: clock.monotonicMs() + RETRY_MS })
      return entry.value
    }
    const waited = new AbortController()
    try {
      return await Promise.race([
        refreshing.catch((error: unknown) => {
          if (error instanceof CatalogUnavailableError) return serveStale()
          throw error
        }),
        clock.sleep(REFRESH_WAIT_MS, waited.signal).then(() => (waited.signal.aborted ? entry.value : serveStale())),
      ])
    } finally {
      waited.abort()
    }
  }
}

/** What was checked within an hour is trusted while the catalog is down: long enough to mend it, and a revoked key does not live on for days. */
export const STALE_MS = 3_600_000
/** A catalog that is well answers within it; one that hangs must not make every request wait for its time-out. */
export const REFRESH_WAIT_MS = 250
/** While it does not answer it is asked this often, and nobody else waits for it. */
const RETRY_MS = 1_000

import type { LiveFragment } from '@millrace/catalog/live-fragments'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import { openFragmentParts, type FragmentParts } from './fragment-parts.ts'

/** Decoded columns of the fragments that were asked about last. Half a gigabyte holds the hot columns of some ten million events. */
export const MAX_CACHE_BYTES = 512 * 1024 * 1024

/**
 * Keeps opened fragments and what was decoded of them, the least recently used going first. Objects are immutable, so nothing here is ever stale.
 * A fragment in use stays usable when it has to go.
 */
export class FragmentCache {
  readonly #store: FragmentStore
  readonly #maxBytes: number
  readonly #blockBytes: number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  constructor(store: FragmentStore, maxBytes: number, blockBytes = 0) {
    this.#store = store
    this.#maxBytes = maxBytes
    this.#blockBytes = blockBytes
  }

  async open(live: LiveFragment): Promise<FragmentParts> {
    const key = `${live.tenantId} ${live.object} ${live.start}`
    const known = this.#entries.get(key)
    if (known !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, known)
      return await known.parts
    }
    const entry: Entry = { bytes: 0, parts: openFragmentParts(this.#store, live, this.#blockBytes, (bytes) => { this.#grow(key, entry, bytes) }) }
    this.#entries.set(key, entry)
    try {
      return await entry.parts
    } catch (cause) {
      this.#drop(key, entry)
      throw cause
    }
  }

  /** Begins to open fragments that will be asked for soon, where a read is a trip through the network; only there are they asked for. What goes wrong is told to the one who opens it. */
  openAhead(fragments: () => readonly LiveFragment[]): void {
    if (this.#blockBytes === 0) return
    for (const live of fragments()) this.open(live).catch(() => undefined)
  }

  #grow(key: string, entry: Entry, bytes: number): void {
    if (this.#entries.get(key) !== entry) return
    entry.bytes += bytes
    this.#bytes += bytes
    for (const [oldKey, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return
      this.#drop(oldKey, old)
    }
  }

  #drop(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return
    this.#entries.delete(key)
    this.#bytes -= entry.bytes
  }
}

interface Entry {
  bytes: number
  readonly parts: Promise<FragmentParts>
}

// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Strings } from './table.ts'

/** Numbers distinct byte strings from 0 in the order of first appearance, without making an object for each. */
export class StringTable {
  /** Open addressing: number of the string + 1, 0 = free. A power of two, at most half full. */
  #slots = new Int32Array(MIN_SLOTS)
  #hashes = new Int32Array(MIN_SLOTS / 2)
  #offsets = new Uint32Array(MIN_SLOTS / 2 + 1)
  #bytes = new Uint8Array(1024)
  #count = 0

  get count(): number {
    return this.#count
  }

  /**
   * The number of `bytes[start, end)`; a new one equals the former {@link count}.
   *
   * @param hash of these bytes, always by the same function: {@link hashOf} unless the caller has one at hand.
   */
  intern(bytes: Uint8Array, start: number, end: number, hash = hashOf(bytes, start, end)): number {
    const id = this.find(bytes, start, end, hash)
    return id >= 0 ? id : this.#add(~id, bytes, start, end, hash)
  }

  /** The number of `bytes[start, end)`; negative when they are not here. */
  find(bytes: Uint8Array, start: number, end: number, hash = hashOf(bytes, start, end)): number {
    const mask = this.#slots.length - 1
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const id = this.#slots[slot]! - 1
      if (id < 0) return ~slot
      if (this.#hashes[id] === hash && this.#equals(id, bytes, start, end)) return id
      slot = (slot + 1) & mask
    }
  }

  /** All strings by number: views that later calls do not change. */
  strings(): Strings {
    return { offsets: this.#offsets.slice(0, this.#count + 1), bytes: this.#bytes.subarray(0, this.#offsets[this.#count]) }
  }

  #equals(id: number, bytes: Uint8Array, start: number, end: number): boolean {
    const own = this.#bytes
    let at = this.#offsets[id]!
    if (this.#offsets[id + 1]! - at !== end - start) return false
    for (let i = start; i < end; i++) if (own[at++] !== bytes[i]) return false
    return true
  }

  #add(slot: number, bytes: Uint8Array, start: number, end: number, hash: number): number {
    const id = this.#count++
    const length = this.#offsets[id]!
    const needed = length + end - start
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, length))
      this.#bytes = grown
    }
    for (let i = start; i < end; i++) this.#bytes[length + i - start] = bytes[i]!
    this.#offsets[id + 1] = needed
    this.#hashes[id] = hash
    this.#slots[slot] = id + 1
    if (this.#count * 2 >= this.#slots.length) this.#grow()
    return id
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 4)
    const hashes = new Int32Array(slots.length / 2)
    hashes.set(this.#hashes.subarray(0, this.#count))
    const offsets = new Uint32Array(slots.length / 2 + 1)
    offsets.set(this.#offsets.subarray(0, this.#count + 1))
    for (let id = 0; id < this.#count; id++) {
      const hash = hashes[id]!
      let slot = (hash ^ (hash >>> 15)) & (slots.length - 1)
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
      slots[slot] = id + 1
    }
    this.#slots = slots
    this.#hashes = hashes
    this.#offsets = offsets
  }
}

/** FNV-1a; whoever hashes while it scans does the same steps. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_BASIS
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME)
  return hash
}

export const FNV_BASIS = 0x811c9dc5 | 0
export const FNV_PRIME = 0x01000193
const MIN_SLOTS = 64

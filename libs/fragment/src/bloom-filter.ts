// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { FNV_BASIS, FNV_PRIME, hashOf } from './string-table.ts'
import { utf8Text } from './strings.ts'
import type { Strings } from './table.ts'

/**
 * A Bloom filter over 32-bit hashes: {@link BITS_PER_HASH} bits for each, of which it sets {@link PROBES}.
 * Answers "certainly not" or "maybe"; about 2 % false.
 */
export function buildBloomFilter(hashes: HashSet): Uint8Array {
  const filter = new Uint8Array(Math.max(8, Math.ceil((hashes.count * BITS_PER_HASH) / 8)))
  const bits = filter.length * 8
  for (const hash of hashes.toArray()) {
    let probe = hash
    const step = stepOf(hash)
    for (let i = 0; i < PROBES; i++) {
      const bit = ((probe * bits) / 4294967296) >>> 0
      filter[bit >>> 3]! |= 1 << (bit & 7)
      probe = (probe + step) >>> 0
    }
  }
  return filter
}

export function mightContain(filter: Uint8Array, hash: number): boolean {
  const bits = filter.length * 8
  let probe = hash
  const step = stepOf(hash)
  for (let i = 0; i < PROBES; i++) {
    const bit = ((probe * bits) / 4294967296) >>> 0
    if (((filter[bit >>> 3]! >>> (bit & 7)) & 1) === 0) return false
    probe = (probe + step) >>> 0
  }
  return true
}

/** What a filter of words holds of some texts. */
export interface WordHashes {
  readonly hashes: HashSet
  /** Every text has a word that the filter holds, or is empty. */
  readonly areCovered: boolean
}

/** Of all entries. Undefined when there are more than a filter may hold. */
export function wordHashes({ offsets, bytes }: Strings): WordHashes | undefined {
  const hashes = new HashSet()
  let areCovered = true
  for (let entry = 0; entry + 1 < offsets.length; entry++) {
    const start = offsets[entry]!
    const end = offsets[entry + 1]!
    if (addWords(hashes, bytes, start, end) === 0 && end > start) areCovered = false
    if (hashes.count > MAX_FILTER_HASHES) return undefined
  }
  return { hashes, areCovered }
}

/**
 * Adds the words of `bytes[start, end)` that a filter holds: ASCII, in lower case, and no number of fewer than
 * {@link MIN_FILTERED_DIGITS} digits, as every fragment has most of these. A caller that asks for another word gets "maybe".
 *
 * @returns how many there are.
 */
export function addWords(hashes: HashSet, bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_BASIS
  let first = start
  let kinds = 0
  let words = 0
  for (let i = start; i <= end; i++) {
    const folded = i < end ? FOLDED[bytes[i]!]! : 0
    if (folded !== 0) {
      hash = Math.imul(hash ^ folded, FNV_PRIME)
      kinds |= KINDS[folded]!
    } else {
      if ((kinds & BEYOND_ASCII) !== 0) words += addKelvinWords(hashes, bytes, first, i)
      else if (kinds !== 0 && (kinds !== DIGIT || i - first >= MIN_FILTERED_DIGITS)) {
        hashes.add(mix(hash))
        words++
      }
      hash = FNV_BASIS
      kinds = 0
      first = i + 1
    }
  }
  return words
}

/** The Kelvin sign is the one character beyond ASCII whose lower case, k, is not: with it a word may become ASCII. */
function addKelvinWords(hashes: HashSet, bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i + 2 < end; i++) {
    if (bytes[i] !== 0xe2 || bytes[i + 1] !== 0x84 || bytes[i + 2] !== 0xaa) continue
    const folded = Buffer.from(utf8Text(bytes, start, end).replaceAll('\u212a', 'k'), 'utf8')
    return addWords(hashes, folded, 0, folded.length)
  }
  return 0
}

/** Hashes of all entries as they are; undefined when there are more distinct ones than a filter may hold. */
export function valueHashes({ offsets, bytes }: Strings): HashSet | undefined {
  const hashes = new HashSet()
  for (let entry = 0; entry + 1 < offsets.length; entry++) {
    if (offsets[entry + 1]! > offsets[entry]!) hashes.add(mix(hashOf(bytes, offsets[entry]!, offsets[entry + 1]!)))
    if (hashes.count > MAX_FILTER_HASHES) return undefined
  }
  return hashes
}

/** A set of 32-bit numbers without an object for each. */
export class HashSet {
  /** Open addressing, at most half full; 0 = free, so that 0 itself is told apart. */
  #slots = new Uint32Array(1024)
  #hasZero = false
  #others = 0

  get count(): number {
    return this.#others + (this.#hasZero ? 1 : 0)
  }

  add(hash: number): void {
    if (hash === 0) {
      this.#hasZero = true
      return
    }
    const slots = this.#slots
    const mask = slots.length - 1
    let slot = hash & mask
    for (;;) {
      const found = slots[slot]!
      if (found === hash) return
      if (found === 0) break
      slot = (slot + 1) & mask
    }
    slots[slot] = hash
    if (++this.#others * 2 > slots.length) this.#grow()
  }

  toArray(): Uint32Array {
    const hashes = new Uint32Array(this.count)
    let count = this.#hasZero ? 1 : 0
    for (const hash of this.#slots) if (hash !== 0) hashes[count++] = hash
    return hashes
  }

  every(test: (hash: number) => boolean): boolean {
    return (!this.#hasZero || test(0)) && this.#slots.every((hash) => hash === 0 || test(hash))
  }

  #grow(): void {
    const former = this.#slots
    this.#slots = new Uint32Array(former.length * 4)
    this.#others = 0
    for (const hash of former) if (hash !== 0) this.add(hash)
  }
}

/** Makes low and high bits depend on all. */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 15)
  mixed = Math.imul(mixed, 0x2c1b3c6d)
  mixed ^= mixed >>> 12
  mixed = Math.imul(mixed, 0x297a2d39)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

function stepOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 0) | 1
}

/** Per byte: its lower-case form inside a word, 0 where it ends one. */
export const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 65 && byte <= 90) return byte + 32
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122) || byte >= 128 ? byte : 0
})
const DIGIT = 1
const LETTER = 2
const BEYOND_ASCII = 4
const KINDS = FOLDED.map((folded, byte) => (folded === 0 ? 0 : byte >= 128 ? BEYOND_ASCII : byte <= 57 ? DIGIT : LETTER))
const PROBES = 5
const BITS_PER_HASH = 8
/** A million numbers may be in every fragment. */
export const MIN_FILTERED_DIGITS = 7
/** Two per row of the largest fragment: an id and a user. Beyond it a filter costs more than reading the column. */
export const MAX_FILTER_HASHES = 131_072

import type { Strings } from './table.ts'

/**
 * A Bloom filter over 32-bit hashes. Size is a power of two bits; each hash sets {@link PROBES} of them.
 * Answers "certainly not" or "maybe"; about 1 % false at {@link BITS_PER_HASH} bits.
 */
export function buildBloomFilter(hashes: ReadonlySet<number>): Uint8Array {
  let bits = 64
  while (bits < hashes.size * BITS_PER_HASH) bits *= 2
  const filter = new Uint8Array(bits / 8)
  for (const hash of hashes) {
    let probe = hash
    const step = (Math.imul(hash, 0x9e3779b1) >>> 0) | 1
    for (let i = 0; i < PROBES; i++) {
      const bit = probe & (bits - 1)
      filter[bit >>> 3]! |= 1 << (bit & 7)
      probe = (probe + step) >>> 0
    }
  }
  return filter
}

export function mightContain(filter: Uint8Array, hash: number): boolean {
  const bits = filter.length * 8
  let probe = hash
  const step = (Math.imul(hash, 0x9e3779b1) >>> 0) | 1
  for (let i = 0; i < PROBES; i++) {
    const bit = probe & (bits - 1)
    if (((filter[bit >>> 3]! >>> (bit & 7)) & 1) === 0) return false
    probe = (probe + step) >>> 0
  }
  return true
}

/** FNV-1a over bytes, finished by a mix so that low bits depend on all. */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = FNV_BASIS
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME)
  return mix(hash)
}

/** Hashes of all entries; undefined when there are more distinct ones than a filter may hold. */
export function valueHashes(strings: Strings): Set<number> | undefined {
  const hashes = new Set<number>()
  for (let i = 0; i + 1 < strings.offsets.length; i++) {
    const start = strings.offsets[i]!
    const end = strings.offsets[i + 1]!
    if (end > start) hashes.add(hashBytes(strings.bytes, start, end))
    if (hashes.size > MAX_FILTER_HASHES) return undefined
  }
  return hashes
}

/**
 * Hashes of the ASCII words of all entries, lower case. Words with other characters are left out: folding their case needs
 * text, and a caller that asks for one gets "maybe".
 */
export function wordHashes(strings: Strings): Set<number> | undefined {
  const { offsets, bytes } = strings
  const hashes = new Set<number>()
  for (let entry = 0; entry + 1 < offsets.length; entry++) {
    const end = offsets[entry + 1]!
    let hash = FNV_BASIS
    let isAscii = true
    let length = 0
    for (let i = offsets[entry]!; i <= end; i++) {
      const byte = i < end ? bytes[i]! : 0
      const folded = FOLDED[byte]!
      if (folded !== 0) {
        hash = Math.imul(hash ^ folded, FNV_PRIME)
        if (byte >= 128) isAscii = false
        length++
      } else if (length > 0) {
        if (isAscii) hashes.add(mix(hash))
        hash = FNV_BASIS
        isAscii = true
        length = 0
      }
    }
    if (hashes.size > MAX_FILTER_HASHES) return undefined
  }
  return hashes
}

function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 15)
  mixed = Math.imul(mixed, 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

/** Per byte: its lower-case form inside a word, 0 where it ends one. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 65 && byte <= 90) return byte + 32
  return (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122) || byte >= 128 ? byte : 0
})
const FNV_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193
const PROBES = 5
const BITS_PER_HASH = 10
/** One hash per row of the largest fragment; beyond it a filter costs more than reading the column. */
const MAX_FILTER_HASHES = 65_536

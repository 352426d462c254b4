/**
 * Repeatable pseudo-random numbers (xoshiro128**): equal (seed, stream) give equal numbers, and restarting costs a few multiplications, so that
 * every event can have a stream of its own and be made again from its number alone.
 */
export class SeededNumbers {
  #a = 0
  #b = 0
  #c = 0
  #d = 0

  constructor(seed: number, stream = 0) {
    this.restart(seed, stream)
  }

  restart(seed: number, stream: number): void {
    const low = mix(stream >>> 0)
    const high = mix((stream / 4294967296) >>> 0 ^ 0x6a09e667)
    this.#a = mix(seed ^ low)
    this.#b = mix(this.#a ^ high ^ 0x9e3779b9)
    this.#c = mix(this.#b ^ low ^ 0x243f6a88)
    this.#d = mix(this.#c ^ 0xb7e15162) | 1 // never all zero
  }

  /** 32 bits. */
  u32(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5) >>> 0, 7), 9) >>> 0
    const shifted = (this.#b << 9) >>> 0
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotate(this.#d >>> 0, 11)
    this.#a >>>= 0
    return result
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.u32() / 4294967296
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T // the index is below the length
  }

  /** Normal, mean 0, deviation 1. */
  gauss(): number {
    return Math.sqrt(-2 * Math.log(1 - this.fraction())) * Math.cos(2 * Math.PI * this.fraction())
  }

  /** 8 hex digits. */
  hex(): string {
    return this.u32().toString(16).padStart(8, '0')
  }
}

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0
}

function mix(value: number): number {
  let mixed = (value + 0x9e3779b9) >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
  return (mixed ^ (mixed >>> 15)) >>> 0
}

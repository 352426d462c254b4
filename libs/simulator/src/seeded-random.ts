import type { Random } from '@millrace/runtime/random'

/** The same sequence for the same seed, on every machine. */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0
  /** Mulberry32: passes the usual tests and fits into a line. */
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    text: (length) => Array.from({ length }, () => LETTERS[next() % LETTERS.length] ?? '').join(''),
    fraction: () => next() / 2 ** 32,
  }
}

/** A whole number from 0 to `below` - 1. */
export function integerBelow(random: Random, below: number): number {
  return Math.floor(random.fraction() * below)
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

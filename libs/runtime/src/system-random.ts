import { randomBytes } from 'node:crypto'
import type { Random } from './random.ts'

/** The machine's cryptographic randomness. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  text(length) {
    let text = ''
    // 252 is the largest multiple of 36 in a byte: dropping what lies above keeps the letters equally likely.
    while (text.length < length) for (const byte of randomBytes(length * 2)) if (byte < 252 && text.length < length) text += LETTERS[byte % 36]
    return text
  },
  fraction: () => Math.random(),
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

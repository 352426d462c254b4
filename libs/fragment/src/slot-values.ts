// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Tokens } from './tokens.ts'

/** How the spans of one slot are written. Never renumber: old files hold them. */
export const SLOT_KINDS = { integer: 1, decimal: 2, address: 3, hex: 4, uuid: 5, text: 6 } as const

/** What all spans of one slot have in common; the first kind that gives every one of them back exactly. */
export type SlotValues =
  /** Digits, filled with zeroes up to `pad`. */
  | { readonly kind: typeof SLOT_KINDS.integer; readonly values: Float64Array; readonly pad: number }
  /** Digits with a point before the last `scales[i]` (0: no point). */
  | { readonly kind: typeof SLOT_KINDS.decimal; readonly values: Float64Array; readonly scales: Float64Array }
  /** IPv4 as one number. */
  | { readonly kind: typeof SLOT_KINDS.address; readonly values: Float64Array }
  /** `digits` hex digits of one case, two per byte; an odd one has a zero before it. */
  | { readonly kind: typeof SLOT_KINDS.hex; readonly digits: number; readonly isUpper: boolean; readonly bytes: Uint8Array }
  /** Lower case, 16 bytes each. */
  | { readonly kind: typeof SLOT_KINDS.uuid; readonly bytes: Uint8Array }
  | { readonly kind: typeof SLOT_KINDS.text }

/**
 * Reads the spans of one slot.
 *
 * @param spans numbers of the spans in `tokens`, at least one.
 */
export function readSlot(bytes: Uint8Array, tokens: Tokens, spans: Uint32Array): SlotValues {
  return integers(bytes, tokens, spans) ?? decimals(bytes, tokens, spans) ?? addresses(bytes, tokens, spans) ?? hexes(bytes, tokens, spans) ?? uuids(bytes, tokens, spans) ?? { kind: SLOT_KINDS.text }
}

function integers(bytes: Uint8Array, { starts, ends }: Tokens, spans: Uint32Array): SlotValues | undefined {
  const values = new Float64Array(spans.length)
  // The shortest span has the width that leading zeroes fill up to.
  let pad = MAX_DIGITS
  let longestPadded = 0
  for (let i = 0; i < spans.length; i++) {
    const start = starts[spans[i]!]!
    const end = ends[spans[i]!]!
    const length = end - start
    if (length === 0 || length > MAX_DIGITS) return undefined
    let value = 0
    for (let at = start; at < end; at++) {
      const digit = bytes[at]! - ZERO
      if (digit < 0 || digit > 9) return undefined
      value = value * 10 + digit
    }
    if (length < pad) pad = length
    if (bytes[start] === ZERO && length > longestPadded) longestPadded = length
    values[i] = value
  }
  return longestPadded <= pad ? { kind: SLOT_KINDS.integer, values, pad } : undefined
}

function decimals(bytes: Uint8Array, { starts, ends }: Tokens, spans: Uint32Array): SlotValues | undefined {
  const values = new Float64Array(spans.length)
  const scales = new Float64Array(spans.length)
  for (let i = 0; i < spans.length; i++) {
    const start = starts[spans[i]!]!
    const end = ends[spans[i]!]!
    let value = 0
    let point = end
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte === POINT && point === end && at > start && at + 1 < end) {
        point = at
        continue
      }
      const digit = byte - ZERO
      if (digit < 0 || digit > 9) return undefined
      value = value * 10 + digit
    }
    if (end === start || end - start > MAX_DIGITS || (bytes[start] === ZERO && point - start > 1)) return undefined
    values[i] = value
    scales[i] = point === end ? 0 : end - point - 1
  }
  return { kind: SLOT_KINDS.decimal, values, scales }
}

function addresses(bytes: Uint8Array, { starts, ends }: Tokens, spans: Uint32Array): SlotValues | undefined {
  const values = new Float64Array(spans.length)
  for (let i = 0; i < spans.length; i++) {
    const end = ends[spans[i]!]!
    let at = starts[spans[i]!]!
    let value = 0
    for (let part = 0; part < 4; part++) {
      const start = at
      let number = 0
      for (; at < end && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9; at++) number = number * 10 + bytes[at]! - ZERO
      if (at === start || number > 255 || (bytes[start] === ZERO && at - start > 1)) return undefined
      value = value * 256 + number
      if (part < 3 && bytes[at++] !== POINT) return undefined
    }
    if (at !== end) return undefined
    values[i] = value
  }
  return { kind: SLOT_KINDS.address, values }
}

function hexes(bytes: Uint8Array, { starts, ends }: Tokens, spans: Uint32Array): SlotValues | undefined {
  const first = spans[0]!
  const digits = ends[first]! - starts[first]!
  if (digits === 0 || digits > MAX_HEX_DIGITS) return undefined
  const width = (digits + 1) >> 1
  const packed = new Uint8Array(spans.length * width)
  let cases = 0
  for (let i = 0; i < spans.length; i++) {
    let at = starts[spans[i]!]!
    if (ends[spans[i]!]! - at !== digits) return undefined
    let target = i * width
    if ((digits & 1) === 1) {
      const low = HEX_VALUES[bytes[at++]!]!
      cases |= low
      packed[target++] = low & 15
    }
    for (; target < (i + 1) * width; at += 2) {
      const high = HEX_VALUES[bytes[at]!]!
      const low = HEX_VALUES[bytes[at + 1]!]!
      cases |= high | low
      packed[target++] = ((high & 15) << 4) | (low & 15)
    }
    if (cases >= NOT_HEX || (cases & (LOWER | UPPER)) === (LOWER | UPPER)) return undefined
  }
  return { kind: SLOT_KINDS.hex, digits, isUpper: (cases & UPPER) !== 0, bytes: packed }
}

function uuids(bytes: Uint8Array, { starts, ends }: Tokens, spans: Uint32Array): SlotValues | undefined {
  const packed = new Uint8Array(spans.length * 16)
  for (let i = 0; i < spans.length; i++) {
    let at = starts[spans[i]!]!
    if (ends[spans[i]!]! - at !== 36) return undefined
    let cases = 0
    for (let byte = 0; byte < 16; byte++) {
      if (UUID_DASHES[byte] === 1 && bytes[at++] !== DASH) return undefined
      const high = HEX_VALUES[bytes[at++]!]!
      const low = HEX_VALUES[bytes[at++]!]!
      cases |= high | low
      packed[i * 16 + byte] = ((high & 15) << 4) | (low & 15)
    }
    if (cases >= UPPER) return undefined
  }
  return { kind: SLOT_KINDS.uuid, bytes: packed }
}

/** 1 where a dash stands before the byte. */
export const UUID_DASHES = Uint8Array.from({ length: 16 }, (_, byte) => (byte === 4 || byte === 6 || byte === 8 || byte === 10 ? 1 : 0))
/** Every integer of so many digits is exact in a double. */
const MAX_DIGITS = 15
/** SHA-512. The number of digits is stored as one byte. */
const MAX_HEX_DIGITS = 128
const ZERO = 48
const POINT = 46
const DASH = 45
const LOWER = 16
const UPPER = 32
const NOT_HEX = 64
/** Per byte: its value as a hex digit, with the case of a letter. */
const HEX_VALUES = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 48 && byte <= 57) return byte - 48
  if (byte >= 97 && byte <= 102) return (byte - 87) | LOWER
  return byte >= 65 && byte <= 70 ? (byte - 55) | UPPER : NOT_HEX
})

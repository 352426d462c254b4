// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { ByteReader, ByteWriter, copyOf } from './bytes.ts'
import { FragmentCorruptError } from './fragment.ts'

/**
 * Packs numbers so that zstd finds what they have in common.
 *
 * ```
 * form u8: 0 = doubles as they are, 1 = scaled integers
 * form 1:  scale u8 (value = integer / 10^scale)  isDelta u8  divisor f64  base f64  width u8  planes: width x n bytes
 * ```
 * An integer is base + divisor * u, u in little-endian planes (all lowest bytes first); with isDelta each u adds to the one before.
 */
export function packNumbers(values: Float64Array): Uint8Array {
  const count = values.length
  const scale = smallestScale(values)
  if (scale === undefined || count === 0) {
    const writer = new ByteWriter(count * 8 + 1)
    writer.u8(0)
    writer.raw(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    return writer.finish()
  }
  const factor = 10 ** scale
  const integers = new Float64Array(count)
  let min = Infinity
  let max = -Infinity
  let isAscending = true
  for (let i = 0; i < count; i++) {
    const integer = Math.round(values[i]! * factor)
    integers[i] = integer
    if (integer < min) min = integer
    if (integer > max) max = integer
    if (i > 0 && integer < integers[i - 1]!) isAscending = false
  }
  const isDelta = isAscending && count > 2
  const divisor = commonDivisor(integers, min)
  for (let i = count - 1; i >= 0; i--) integers[i] = isDelta ? (i === 0 ? 0 : (integers[i]! - integers[i - 1]!) / divisor) : (integers[i]! - min) / divisor
  let largest = 0
  for (const value of integers) if (value > largest) largest = value
  const width = bytesFor(largest)
  const planes = new Uint8Array(width * count)
  for (let i = 0; i < count; i++) {
    const integer = integers[i]!
    let low = integer
    if (width > 4) {
      const high = Math.floor(integer / 4294967296)
      low = integer - high * 4294967296
      for (let plane = 4; plane < width; plane++) planes[plane * count + i] = high >>> (8 * (plane - 4))
    }
    for (let plane = 0; plane < width && plane < 4; plane++) planes[plane * count + i] = low >>> (8 * plane)
  }
  const writer = new ByteWriter(planes.length + 20)
  writer.u8(1)
  writer.u8(scale)
  writer.u8(isDelta ? 1 : 0)
  writer.f64(divisor)
  writer.f64(min)
  writer.u8(width)
  writer.raw(planes)
  return writer.finish()
}

/** @throws FragmentCorruptError */
export function unpackNumbers(bytes: Uint8Array, count: number): Float64Array {
  const reader = new ByteReader(bytes)
  const form = reader.u8()
  if (form === 0) return new Float64Array(copyOf(reader.raw(count * 8)))
  if (form !== 1) throw new FragmentCorruptError(`unknown form ${form} of numbers`)
  const scale = reader.u8()
  const isDelta = reader.u8() === 1
  const divisor = reader.f64()
  const base = reader.f64()
  const width = reader.u8()
  const planes = reader.raw(width * count)
  const factor = 10 ** scale
  const values = new Float64Array(count)
  let sum = base
  for (let i = 0; i < count; i++) {
    let low = 0
    let high = 0
    for (let plane = 0; plane < width; plane++) {
      if (plane < 4) low |= planes[plane * count + i]! << (8 * plane)
      else high |= planes[plane * count + i]! << (8 * (plane - 4))
    }
    const integer = (high * 4294967296 + (low >>> 0)) * divisor
    if (isDelta) sum += integer
    else sum = base + integer
    values[i] = factor === 1 ? sum : sum / factor
  }
  return values
}

/** Fewest decimals that give every value back exactly, or undefined when there is none up to {@link MAX_SCALE}. */
function smallestScale(values: Float64Array): number | undefined {
  let scale = 0
  let factor = 1
  for (const value of values) {
    for (;;) {
      const integer = Math.round(value * factor)
      // Below 2^51, so that the difference of two stays exact. -0 has no integer.
      if (!(Math.abs(integer) < 2251799813685248) || Object.is(value, -0)) return undefined
      if (integer / factor === value) break
      if (++scale > MAX_SCALE) return undefined
      factor = 10 ** scale
    }
  }
  // A larger scale, found late, must also hold for the values before it.
  for (const value of values) if (Math.round(value * factor) / factor !== value || !(Math.abs(value * factor) < 2251799813685248)) return undefined
  return scale
}

/** 10^k that divides every distance from `base`, so that milliseconds in nanoseconds lose their zeros. */
function commonDivisor(integers: Float64Array, base: number): number {
  let divisor = 1_000_000_000
  for (const integer of integers) while (divisor > 1 && (integer - base) % divisor !== 0) divisor /= 10
  return divisor
}

function bytesFor(largest: number): number {
  let width = 0
  for (let rest = largest; rest >= 1; rest /= 256) width++
  return width
}

/** Beyond four decimals real measurements are rarely decimal, and doubles pack as well. */
const MAX_SCALE = 4

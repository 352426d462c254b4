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
  const integers = new Float64Array(count)
  const scale = scaleTo(integers, values)
  if (scale === undefined || count === 0) {
    const writer = new ByteWriter(count * 8 + 1)
    writer.u8(0)
    writer.raw(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    return writer.finish()
  }
  let min = Infinity
  let isAscending = true
  let former = -Infinity
  for (let i = 0; i < count; i++) {
    const integer = integers[i]!
    if (integer < min) min = integer
    if (integer < former) isAscending = false
    former = integer
  }
  const isDelta = isAscending && count > 2
  const divisor = commonDivisor(integers, min)
  let largest = 0
  for (let i = count - 1; i >= 0; i--) {
    const distance = integers[i]! - (isDelta ? (i === 0 ? integers[0]! : integers[i - 1]!) : min)
    const integer = divisor === 1 ? distance : distance / divisor
    integers[i] = integer
    if (integer > largest) largest = integer
  }
  const width = bytesFor(largest)
  const planes = new Uint8Array(width * count)
  // Plane by plane, so that each loop does one thing.
  for (let plane = 0; plane < width; plane++) {
    const start = plane * count
    const shift = 8 * (plane & 3)
    if (plane < 4) for (let i = 0; i < count; i++) planes[start + i] = integers[i]! >>> shift
    else for (let i = 0; i < count; i++) planes[start + i] = (integers[i]! / 4294967296) >>> shift
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

/**
 * Fewest decimals that give every value back exactly, with `integers` filled accordingly; undefined when there are none up to {@link MAX_SCALE}.
 * Where a value needs more decimals than those before, all begin anew.
 */
function scaleTo(integers: Float64Array, values: Float64Array): number | undefined {
  for (let scale = 0; scale <= MAX_SCALE; scale++) {
    const factor = 10 ** scale
    let i = 0
    for (; i < values.length; i++) {
      const value = values[i]!
      const integer = Math.round(value * factor)
      // Below 2^51, so that the difference of two stays exact. -0 has no integer.
      if (!(integer > -MAX_SCALED && integer < MAX_SCALED) || (integer === 0 && Object.is(value, -0))) return undefined
      if (integer / factor !== value) break
      integers[i] = integer
    }
    if (i === values.length) return scale
  }
  return undefined
}

/** 10^k that divides every distance from `base`, so that milliseconds in nanoseconds lose their zeros. */
function commonDivisor(integers: Float64Array, base: number): number {
  let divisor = 1_000_000_000
  for (let i = 0; i < integers.length && divisor > 1; i++) {
    // A quotient below 2^52 / divisor is rounded by less than 1 / divisor, so that it is whole only if it is exact; a remainder takes far longer.
    for (const distance = integers[i]! - base; divisor > 1; divisor /= 10) {
      const quotient = distance / divisor
      if (quotient === Math.floor(quotient)) break
    }
  }
  return divisor
}

function bytesFor(largest: number): number {
  let width = 0
  for (let rest = largest; rest >= 1; rest /= 256) width++
  return width
}

const MAX_SCALED = 2251799813685248
/** Beyond four decimals real measurements are rarely decimal, and doubles pack as well. */
const MAX_SCALE = 4

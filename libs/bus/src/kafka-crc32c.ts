/**
 * CRC-32C of Kafka's record batches, eight bytes a step. kafkajs' own goes byte by byte and is half of what an append costs.
 *
 * @returns an unsigned 32-bit number.
 */
export function crc32c(bytes: Uint8Array): number {
  const length = bytes.length
  const wholeEnd = length - (length % STEP)
  let crc = -1
  let i = 0
  // Indexes stay inside the bytes and the tables: the assertions cost nothing at run time.
  for (; i < wholeEnd; i += STEP) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      T7[crc & 0xff]! ^ T6[(crc >>> 8) & 0xff]! ^ T5[(crc >>> 16) & 0xff]! ^ T4[crc >>> 24]! ^
      T3[bytes[i + 4]!]! ^ T2[bytes[i + 5]!]! ^ T1[bytes[i + 6]!]! ^ T0[bytes[i + 7]!]!
  }
  for (; i < length; i++) crc = T0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

const STEP = 8
/** Castagnoli's polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78

const T0 = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0)
  return crc
})
/** The table of a byte that has one more byte behind it. */
const behind = (table: Int32Array): Int32Array => table.map((crc) => T0[crc & 0xff]! ^ (crc >>> 8))
const T1 = behind(T0)
const T2 = behind(T1)
const T3 = behind(T2)
const T4 = behind(T3)
const T5 = behind(T4)
const T6 = behind(T5)
const T7 = behind(T6)

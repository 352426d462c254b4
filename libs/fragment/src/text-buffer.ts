// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
/** Grows while texts are written into it byte by byte. */
export class TextBuffer {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  copy(source: Uint8Array): void {
    const bytes = this.#reserve(source.length)
    const start = this.#length
    // Pieces are short: a native call costs more than the loop.
    for (let i = 0; i < source.length; i++) bytes[start + i] = source[i]!
    this.#length = start + source.length
  }

  copyRange(source: Uint8Array, start: number, end: number): void {
    const bytes = this.#reserve(end - start)
    if (end - start > 64) bytes.set(source.subarray(start, end), this.#length)
    else for (let i = start; i < end; i++) bytes[this.#length + i - start] = source[i]!
    this.#length += end - start
  }

  /** Decimal digits of an integer from 0, filled up to `pad` with zeroes. @param scale digits after a point; 0: no point. */
  decimal(value: number, pad: number, scale: number): void {
    let digits = 1
    for (let limit = 10; value >= limit; limit *= 10) digits++
    if (digits < pad) digits = pad
    if (digits <= scale) digits = scale + 1
    const size = digits + (scale > 0 ? 1 : 0)
    const bytes = this.#reserve(size)
    let at = this.#length + size
    const point = scale > 0 ? at - scale - 1 : -1
    let rest = value
    while (at > this.#length) {
      if (--at === point) bytes[at] = POINT
      else {
        const tenth = Math.floor(rest / 10)
        bytes[at] = ZERO + rest - tenth * 10
        rest = tenth
      }
    }
    this.#length += size
  }

  hex(source: Uint8Array, start: number, digits: number, isUpper: boolean): void {
    const bytes = this.#reserve(digits)
    const table = isUpper ? UPPER : LOWER
    let at = this.#length
    let from = start
    const end = at + digits
    if ((digits & 1) === 1) bytes[at++] = table[source[from++]! & 15]!
    while (at < end) {
      const byte = source[from++]!
      bytes[at++] = table[byte >>> 4]!
      bytes[at++] = table[byte & 15]!
    }
    this.#length = end
  }

  byte(value: number): void {
    this.#reserve(1)[this.#length++] = value
  }

  clear(): void {
    this.#length = 0
  }

  /** Compares all that was written. */
  equals(other: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.#length) return false
    for (let i = 0; i < this.#length; i++) if (this.#bytes[i] !== other[start + i]) return false
    return true
  }

  /** A view; the buffer is not used after. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(count: number): Uint8Array {
    const needed = this.#length + count
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    return this.#bytes
  }
}

const ZERO = 48
const POINT = 46
const LOWER = Buffer.from('0123456789abcdef', 'latin1')
const UPPER = Buffer.from('0123456789ABCDEF', 'latin1')

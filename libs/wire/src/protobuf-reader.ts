/**
 * Reads the wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding). Positions are the caller's: each method takes one and leaves the next in {@link at}.
 * Nothing is made per field.
 */
export class ProtobufReader {
  bytes: Uint8Array = new Uint8Array(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Where the next field begins. */
  at = 0
  /** Number and wire type of the field that {@link next} read. */
  field = 0
  wireType = 0
  /** Of a length-delimited field: its content is `[at, valueEnd)`. */
  valueEnd = 0

  load(body: Uint8Array): void {
    this.bytes = body
    this.view = new DataView(body.buffer, body.byteOffset, body.length)
    this.at = 0
  }

  /**
   * Reads the tag of the next field of a message that ends at `end`, and the length of one that has a length. False at the end.
   *
   * @throws {ProtobufError}
   */
  next(end: number): boolean {
    if (this.at >= end) return false
    const tag = this.varint(end)
    this.field = Math.floor(tag / 8)
    this.wireType = tag % 8
    if (this.field === 0 || this.field > MAX_FIELD) throw new ProtobufError('a field has no valid number')
    if (this.wireType !== BYTES) return true
    const length = this.varint(end)
    if (length > end - this.at) throw new ProtobufError('a field is longer than what holds it')
    this.valueEnd = this.at + length
    return true
  }

  /** Skips the value of the field that was read. @throws {ProtobufError} */
  skip(end: number): void {
    switch (this.wireType) {
      case VARINT:
        this.varint64(end)
        return
      case FIXED64:
        this.#take(8, end)
        return
      case BYTES:
        this.at = this.valueEnd
        return
      case FIXED32:
        this.#take(4, end)
        return
      default:
        throw new ProtobufError('groups are not supported')
    }
  }

  /** An unsigned varint that a double holds. @throws {ProtobufError} */
  varint(end: number): number {
    let value = 0
    let scale = 1
    for (let size = 0; size < MAX_VARINT_BYTES; size++) {
      if (this.at >= end) throw new ProtobufError('a number is cut off')
      const byte = this.bytes[this.at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw new ProtobufError('a length or tag is too large')
        return value
      }
      scale *= 128
    }
    throw new ProtobufError('a number has too many bytes')
  }

  /** A varint as a signed number of 64 bits. @throws {ProtobufError} */
  varint64(end: number): bigint {
    const start = this.at
    let value = 0n
    for (let size = 0; size < MAX_VARINT_BYTES; size++) {
      if (this.at >= end) throw new ProtobufError('a number is cut off')
      const byte = this.bytes[this.at++] ?? 0
      value |= BigInt(byte & 0x7f) << BigInt(7 * (this.at - 1 - start))
      if (byte < 0x80) return BigInt.asIntN(64, value)
    }
    throw new ProtobufError('a number has too many bytes')
  }

  /** @throws {ProtobufError} */
  fixed64(end: number): bigint {
    const start = this.#take(8, end)
    return this.view.getBigUint64(start, true)
  }

  /** @throws {ProtobufError} */
  double(end: number): number {
    const start = this.#take(8, end)
    return this.view.getFloat64(start, true)
  }

  #take(size: number, end: number): number {
    const start = this.at
    if (size > end - start) throw new ProtobufError('a number is cut off')
    this.at = start + size
    return start
  }
}

/** `[start, end)` of a body. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * The contents of all fields of a number in a message, where they have a length; undefined between them, now and then, so that the caller may do something else. The reader may be used
 * between two of them.
 *
 * @throws {ProtobufError}
 */
export function* fieldsOf(reader: ProtobufReader, message: Span, field: number): Generator<Span | undefined, void> {
  let at = message.start
  for (let fields = 1; ; fields++) {
    reader.at = at
    if (!reader.next(message.end)) return
    const span = reader.field === field && reader.wireType === BYTES ? { start: reader.at, end: reader.valueEnd } : undefined
    reader.skip(message.end)
    at = reader.at
    if (span !== undefined) yield span
    if (fields % FIELDS_OF_A_STEP === 0) yield undefined
  }
}

/** Some tenths of a millisecond. */
const FIELDS_OF_A_STEP = 1024

/** The bytes are no message of the wire format. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
  readonly code = 'PROTOBUF'
  readonly retryable = false
}

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5
/** 64 bits in groups of seven. */
const MAX_VARINT_BYTES = 10
const MAX_FIELD = 536_870_911

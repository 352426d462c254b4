import { uncompress } from 'snappy'

/** The body is no block of snappy, or a larger one than is taken. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError'
  readonly code = 'SNAPPY'
  readonly retryable = false
  readonly isTooLarge: boolean

  constructor(message: string, isTooLarge = false) {
    super(message)
    this.isTooLarge = isTooLarge
  }
}

/**
 * Undoes a block of snappy (without framing), off this thread. Its length stands in front and is looked at first, so that a bomb is never unpacked.
 *
 * @throws {SnappyError}
 */
export async function undoSnappy(body: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  if (declaredLength(body) > maxBytes) throw new SnappyError(`the body is larger than ${maxBytes} bytes when decompressed`, true)
  try {
    return (await uncompress(Buffer.from(body.buffer, body.byteOffset, body.length), { asBuffer: true })) as Buffer
  } catch {
    throw new SnappyError('the body is not compressed with snappy, or damaged')
  }
}

/** A varint of at most 32 bits. */
function declaredLength(body: Uint8Array): number {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = body[i]
    if (byte === undefined) break
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return length
  }
  throw new SnappyError('the body is not compressed with snappy')
}

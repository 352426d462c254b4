import type { Readable } from 'node:stream'
import { GRPC, type GrpcStatus } from './grpc-status.ts'

/** The one message of a unary call while it arrives. */
export interface IncomingMessage {
  /** Whether it is packed by the call's `grpc-encoding`. */
  readonly isCompressed: boolean
  /** Of it, as it travels. */
  readonly length: number
  /** Its bytes. The last ones come only once the call has ended right behind them: what is longer or shorter than it says is never complete. @throws {MessageRefusedError} */
  readonly chunks: AsyncIterable<Uint8Array>
}

/** The bytes of a call are no message, or one that is not taken. */
export class MessageRefusedError extends Error {
  override readonly name = 'MessageRefusedError'
  readonly code = 'MESSAGE_REFUSED'
  readonly retryable = false
  readonly status: GrpcStatus

  constructor(code: number, message: string) {
    super(message)
    this.status = { code, message }
  }
}

/**
 * Reads the head of a message, `[compressed: u8] [length: u32, big endian]`, and holds nothing of what follows but the last chunk.
 *
 * @throws {MessageRefusedError} the head is wrong, or the message longer than `maxBytes`.
 */
export async function readMessage(call: Readable, maxBytes: number): Promise<IncomingMessage> {
  const source = call[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let head: Buffer = Buffer.alloc(0)
  while (head.length < HEAD_BYTES) {
    const { done, value } = await source.next()
    if (done === true) throw new MessageRefusedError(GRPC.internal, 'the call ended without a message')
    head = Buffer.concat([head, value])
  }
  const [flag] = head
  if (flag !== 0 && flag !== 1) throw new MessageRefusedError(GRPC.internal, 'a message begins with 0 or 1')
  const length = head.readUInt32BE(1)
  if (length > maxBytes) throw new MessageRefusedError(GRPC.resourceExhausted, `the message is larger than ${maxBytes} bytes`)
  return { isCompressed: flag === 1, length, chunks: restOf(source, head.subarray(HEAD_BYTES), length) }
}

const HEAD_BYTES = 5

async function* restOf(source: AsyncIterator<Buffer>, first: Buffer, length: number): AsyncGenerator<Uint8Array, void> {
  let left = length
  let held = first
  for (;;) {
    left -= held.length
    // More than one message is no unary call: "request cardinality violation" of gRPC's status codes.
    if (left < 0) throw new MessageRefusedError(GRPC.unimplemented, 'more follows the message than its length says')
    const { done, value } = await source.next()
    if (done === true) break
    if (held.length > 0) yield held
    held = value
  }
  if (left > 0) throw new MessageRefusedError(GRPC.internal, 'the call ended before its message did')
  if (held.length > 0) yield held
}

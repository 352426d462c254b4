import type { TailFragment } from './tail.ts'

/** One message of a channel: fragments of the tenant that its publisher dropped before, then perhaps a fragment. */
export interface TailMessage {
  readonly dropped: number
  readonly fragment: TailFragment | undefined
}

/**
 * `dropped u32 · [stream length u8 · stream · offset f64 · fragment]`, little-endian.
 */
export function encodeTailMessage({ dropped, fragment }: TailMessage): Buffer {
  if (fragment === undefined) {
    const message = Buffer.alloc(DROPPED_BYTES)
    message.writeUInt32LE(dropped)
    return message
  }
  const stream = Buffer.from(fragment.stream)
  const head = Buffer.alloc(DROPPED_BYTES + 1 + stream.length + 8)
  head.writeUInt32LE(dropped)
  head.writeUInt8(stream.length, DROPPED_BYTES)
  stream.copy(head, DROPPED_BYTES + 1)
  head.writeDoubleLE(fragment.offset, head.length - 8)
  return Buffer.concat([head, fragment.bytes])
}

/** Undefined when it is none of ours. */
export function decodeTailMessage(message: Buffer): TailMessage | undefined {
  if (message.length < DROPPED_BYTES) return undefined
  const dropped = message.readUInt32LE()
  if (message.length === DROPPED_BYTES) return { dropped, fragment: undefined }
  const streamEnd = DROPPED_BYTES + 1 + message.readUInt8(DROPPED_BYTES)
  if (message.length < streamEnd + 8) return undefined
  const bytes = message.subarray(streamEnd + 8)
  return { dropped, fragment: { stream: message.toString('utf8', DROPPED_BYTES + 1, streamEnd), offset: message.readDoubleLE(streamEnd), bytes } }
}

const DROPPED_BYTES = 4

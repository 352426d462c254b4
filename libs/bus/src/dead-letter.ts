import { MAX_BUS_RECORD_BYTES } from './bus.ts'

/** Why a record could not be routed and where it came from. */
export interface DeadLetterHead {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly reason: string
}

/**
 * A record of the topic `dead-letters`:
 *
 * ```
 * headBytes u32 little-endian | head, JSON in UTF-8 | the record as it was
 * ```
 * A record of the largest size loses its last bytes to the head; `head.cutBytes` says how many.
 */
export function encodeDeadLetter(head: DeadLetterHead, value: Uint8Array): Uint8Array {
  const reason = head.reason.slice(0, MAX_REASON_LENGTH)
  const room = MAX_BUS_RECORD_BYTES - MAX_HEAD_BYTES
  const json = Buffer.from(JSON.stringify({ ...head, reason, cutBytes: Math.max(0, value.length - room) }), 'utf8')
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json, value.subarray(0, room)])
}

/** The value is a view on `bytes`. @throws {RangeError} the bytes are no dead letter. */
export function decodeDeadLetter(bytes: Uint8Array): { readonly head: DeadLetterHead & { readonly cutBytes: number }; readonly value: Uint8Array } {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const end = 4 + buffer.readUInt32LE(0)
  if (end > buffer.length) throw new RangeError('the head of a dead letter is cut off')
  return { head: headOf(buffer.toString('utf8', 4, end)), value: buffer.subarray(end) }
}

function headOf(json: string): DeadLetterHead & { readonly cutBytes: number } {
  let head: unknown
  try {
    head = JSON.parse(json)
  } catch (cause) {
    throw new RangeError('the head of a dead letter is not JSON', { cause })
  }
  const { topic, partition, offset, reason, cutBytes } = (typeof head === 'object' && head !== null ? head : {}) as Readonly<Record<string, unknown>>
  if (typeof topic !== 'string' || typeof partition !== 'number' || typeof offset !== 'number' || typeof reason !== 'string' || typeof cutBytes !== 'number') throw new RangeError('the head of a dead letter lacks a field')
  return { topic, partition, offset, reason, cutBytes }
}

/** Reasons are sentences of ours; a longer one would be a bug. */
const MAX_REASON_LENGTH = 500
/** Room for the topic's name and a reason whose every character is escaped. */
const MAX_HEAD_BYTES = 4096

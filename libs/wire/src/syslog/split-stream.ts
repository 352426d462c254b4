/**
 * Splits what a connection brings into messages, by octet counting (`17 <34>1 …`) or by newlines or zero bytes; each message shows which (RFC 6587). Holds no more than the message
 * that has not ended; of longer ones the beginning is a message and the rest is dropped.
 */
export class SyslogStream {
  #held: Buffer = Buffer.alloc(0)
  /** Of a message that was cut: bytes still to drop; `Infinity` for up to its end mark. */
  #dropping = 0

  /** What has not ended when the connection does: a message by newlines may lack its last one. */
  end(): Uint8Array | undefined {
    const rest = this.#held
    this.#held = Buffer.alloc(0)
    return this.#dropping > 0 || rest.length === 0 || countedLength(rest) !== undefined ? undefined : withoutReturn(rest)
  }

  /** The messages that end within these bytes. Their bytes are copies. */
  *push(chunk: Uint8Array): Generator<Uint8Array, void> {
    let rest: Buffer = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk])
    this.#held = Buffer.alloc(0)
    for (;;) {
      rest = this.#drop(rest)
      if (rest.length === 0) return
      const counted = countedLength(rest)
      if (counted === 'unknown') break
      if (counted === undefined) {
        const end = markIndex(rest)
        if (end < 0 && rest.length <= MAX_SYSLOG_BYTES) break
        const message = rest.subarray(0, Math.min(end < 0 ? Infinity : end, MAX_SYSLOG_BYTES))
        if (end < 0) this.#dropping = Infinity
        if (message.length > 0) yield Buffer.from(withoutReturn(message))
        rest = rest.subarray(end < 0 ? rest.length : end + 1)
        continue
      }
      const { start, length } = counted
      const kept = Math.min(length, MAX_SYSLOG_BYTES)
      if (rest.length < start + kept) break
      if (kept > 0) yield Buffer.from(rest.subarray(start, start + kept))
      this.#dropping = length - kept
      rest = rest.subarray(start + kept)
    }
    this.#held = Buffer.from(rest)
  }

  #drop(bytes: Buffer): Buffer {
    if (this.#dropping === 0) return bytes
    if (this.#dropping === Infinity) {
      const end = markIndex(bytes)
      if (end < 0) return Buffer.alloc(0)
      this.#dropping = 0
      return bytes.subarray(end + 1)
    }
    const dropped = Math.min(this.#dropping, bytes.length)
    this.#dropping -= dropped
    return bytes.subarray(dropped)
  }
}

/** RFC 5424 asks for 2 KiB; what applications log with stack traces is more. */
export const MAX_SYSLOG_BYTES = 64 * 1024
/** Of a length in front: up to 9,999,999. */
const MAX_LENGTH_DIGITS = 7

/** The length in front of a message, and where it begins; undefined where there is none; `unknown` while more bytes must tell. */
function countedLength(bytes: Buffer): { readonly start: number; readonly length: number } | 'unknown' | undefined {
  let length = 0
  for (let at = 0; at <= MAX_LENGTH_DIGITS; at++) {
    const byte = bytes[at]
    if (byte === undefined) return 'unknown'
    if (byte === 0x20 && at > 0) return { start: at + 1, length }
    if (byte < 0x30 || byte > 0x39 || (at === 0 && byte === 0x30)) return undefined
    length = length * 10 + byte - 0x30
  }
  return undefined
}

/** Of the first newline or zero byte. */
function markIndex(bytes: Buffer): number {
  const newline = bytes.indexOf(0x0a)
  const zero = bytes.subarray(0, newline < 0 ? bytes.length : newline).indexOf(0)
  return zero < 0 ? newline : zero
}

function withoutReturn(message: Buffer): Buffer {
  return message.at(-1) === 0x0d ? message.subarray(0, -1) : message
}

/** How a call ended, as trailers say it (gRPC over HTTP/2, "Responses"). */
export interface GrpcStatus {
  /** One of {@link GRPC}. */
  readonly code: number
  /** One sentence for people. */
  readonly message: string
  /** Seconds until it is worth trying again. Exporters repeat RESOURCE_EXHAUSTED only where it is said. */
  readonly retryAfterS?: number
}

/** Those codes of gRPC that are answered here. */
export const GRPC = { ok: 0, unknown: 2, deadlineExceeded: 4, resourceExhausted: 8, unimplemented: 12, internal: 13, unavailable: 14, unauthenticated: 16 } as const

/** The trailers that say it. */
export function trailersOf({ code, message, retryAfterS }: GrpcStatus): Record<string, string> {
  const trailers: Record<string, string> = { 'grpc-status': String(code) }
  if (message !== '') trailers['grpc-message'] = percentEncoded(message)
  if (retryAfterS !== undefined) trailers['grpc-status-details-bin'] = statusDetails(code, message, retryAfterS).toString('base64')
  return trailers
}

/** Everything but printable ASCII, and `%` itself, as `%XX` of its UTF-8. */
function percentEncoded(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text, 'utf8')) encoded += byte < 0x20 || byte > 0x7e || byte === 0x25 ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}` : String.fromCharCode(byte)
  return encoded
}

/** A `google.rpc.Status` (code 1, message 2, details 3) with a `google.rpc.RetryInfo`, whose delay (1) is a `Duration` of seconds (1). */
function statusDetails(code: number, message: string, retryAfterS: number): Buffer {
  const delay = field(1, Buffer.from([0x08, Math.min(MAX_FIELD_BYTES, Math.max(1, Math.ceil(retryAfterS)))]))
  const detail = Buffer.concat([field(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')), field(2, delay)])
  return Buffer.concat([Buffer.from([0x08, code]), field(2, Buffer.from(message, 'utf8').subarray(0, MAX_FIELD_BYTES)), field(3, detail)])
}

/** Lengths and seconds are one byte then. */
const MAX_FIELD_BYTES = 127

function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content])
}

/** The message of a `google.rpc.Status` as intake writes it: the second field, below 128 bytes. */
export function messageOfStatus(body: Uint8Array): string {
  return body[2] === 0x12 ? Buffer.from(body).subarray(4, 4 + (body[3] ?? 0)).toString('utf8') : 'refused'
}

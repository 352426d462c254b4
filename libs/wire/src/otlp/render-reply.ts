/** An `ExportLogsServiceResponse`. Nothing is said of records where all were taken. */
export interface ExportReply {
  readonly rejected: number
  readonly message: string
}

export function exportReplyJson({ rejected, message }: ExportReply): string {
  return rejected === 0 ? '{}' : JSON.stringify({ partialSuccess: { rejectedLogRecords: String(rejected), errorMessage: message } })
}

/** The message in Protocol Buffers: `partial_success` (1) of `rejected_log_records` (1) and `error_message` (2). */
export function exportReplyProtobuf({ rejected, message }: ExportReply): Uint8Array {
  if (rejected === 0) return new Uint8Array(0)
  const text = Buffer.from(message, 'utf8')
  const partial = Buffer.concat([Buffer.from([0x08]), varint(rejected), Buffer.from([0x12]), varint(text.length), text])
  return Buffer.concat([Buffer.from([0x0a]), varint(partial.length), partial])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let left = value
  while (left >= 128) {
    bytes.push((left % 128) + 128)
    left = Math.floor(left / 128)
  }
  bytes.push(left)
  return Uint8Array.from(bytes)
}

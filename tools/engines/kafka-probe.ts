import { askSocket } from './ask-socket.ts'

/**
 * True when the broker is in its own metadata, which is when it can create topics, and coordinates groups, for which it makes the topic of their offsets on first demand:
 * a client that comes before is told GROUP_COORDINATOR_NOT_AVAILABLE.
 */
export async function answersKafka(port: number): Promise<boolean> {
  const replies = await askSocket(port, [METADATA_REQUEST, FIND_COORDINATOR_REQUEST], lengthOf)
  const [metadata, coordinator] = replies ?? []
  if (metadata === undefined || coordinator === undefined) return false
  // size, correlation id; then metadata: count of brokers; coordinator: throttle time, error code.
  return metadata.readInt32BE(8) > 0 && coordinator.readInt16BE(12) === 0
}

/** Metadata version 1, of no topics; see the Kafka protocol guide. */
const METADATA_REQUEST = request(3, 1, Buffer.from([0, 0, 0, 0]))
/** FindCoordinator version 1, of a group (0). */
const FIND_COORDINATOR_REQUEST = request(10, 1, Buffer.concat([string('ready'), Buffer.from([0])]))

/** Size, API key, version, correlation id, client id, body. */
function request(apiKey: number, version: number, body: Buffer): Buffer {
  const head = Buffer.alloc(12)
  const client = string('millrace-engines')
  head.writeInt32BE(8 + client.length + body.length, 0)
  head.writeInt16BE(apiKey, 4)
  head.writeInt16BE(version, 6)
  return Buffer.concat([head, client, body])
}

function string(text: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeInt16BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}

function lengthOf(reply: Buffer): number | undefined {
  return reply.length < 4 ? undefined : 4 + reply.readInt32BE(0)
}

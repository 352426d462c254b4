import { askSocket } from './ask-socket.ts'

/** True when the node answers a CQL query, which it does only after it has joined its ring: an open port is not enough. */
export async function answersCassandra(port: number): Promise<boolean> {
  const replies = await askSocket(port, [STARTUP_FRAME, QUERY_FRAME], lengthOf)
  return replies?.[0]?.[4] === OPCODE.ready && replies[1]?.[4] === OPCODE.result
}

/** Of the native protocol, version 4. */
const OPCODE = { startup: 0x01, ready: 0x02, query: 0x07, result: 0x08 }

const STARTUP_FRAME = frame(OPCODE.startup, Buffer.concat([short(1), string('CQL_VERSION'), string('3.0.0')]))
const QUERY = 'SELECT release_version FROM system.local'
/** Long string, consistency ONE, no flags. */
const QUERY_FRAME = frame(OPCODE.query, Buffer.concat([Buffer.from([0, 0, 0, QUERY.length]), Buffer.from(QUERY), short(1), Buffer.from([0])]))

/** Version, flags, stream id (2), opcode, length (4), body. */
function frame(opcode: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x04, 0, 0, 0, opcode, 0, 0]), short(body.length), body])
}

function string(text: string): Buffer {
  return Buffer.concat([short(text.length), Buffer.from(text)])
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}

function lengthOf(reply: Buffer): number | undefined {
  return reply.length < 9 ? undefined : 9 + reply.readInt32BE(5)
}

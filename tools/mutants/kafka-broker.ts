import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { askSocket } from '../engines/ask-socket.ts'

/** What a run does to a broker behind the bus's back. The broker is on this machine and the only one of its cluster, so it coordinates every group. */
export interface KafkaBroker {
  /** Moves the position that Kafka keeps for a group. Waits for its members to have left: only then may a stranger move it. */
  setGroupOffset(position: { readonly groupId: string; readonly topic: string; readonly partition: number; readonly offset: number }): Promise<void>
  deleteTopics(topics: readonly string[]): Promise<void>
}

/** @param address `127.0.0.1:port` */
export function reachKafkaBroker(address: string): KafkaBroker {
  const port = Number(address.slice(address.lastIndexOf(':') + 1))
  return {
    async setGroupOffset({ groupId, topic, partition, offset }) {
      // Generation -1 and no member: a commit by nobody of the group. Retention -1: the broker's own.
      const body = Buffer.concat([string(groupId), int32(-1), string(''), int64(-1), int32(1), string(topic), int32(1), int32(partition), int64(offset), string('')])
      let code: number | undefined
      for (let attempt = 0; attempt < MAX_ATTEMPTS && code !== 0; attempt++) {
        if (attempt > 0) await sleep(ATTEMPT_PAUSE_MS)
        const reply = await ask(port, request(OFFSET_COMMIT, 2, body))
        code = reply?.readInt16BE(reply.length - 2) // of the one partition of the one topic
      }
      if (code !== 0) throw new Error(`the broker at ${address} did not move the position of ${groupId}: ${code === undefined ? 'no answer' : `error ${code}`}`)
    },
    async deleteTopics(topics) {
      await ask(port, request(DELETE_TOPICS, 1, Buffer.concat([int32(topics.length), ...topics.map(string), int32(DELETE_TIMEOUT_MS)])))
    },
  }
}

/** A member whose leaving was lost is missed after its session, 8 s. */
const MAX_ATTEMPTS = 50
const ATTEMPT_PAUSE_MS = 250
const DELETE_TIMEOUT_MS = 2000
/** Keys of requests in the Kafka protocol guide. */
const OFFSET_COMMIT = 8
const DELETE_TOPICS = 20

async function ask(port: number, message: Buffer): Promise<Buffer | undefined> {
  return (await askSocket(port, [message], (reply) => (reply.length < 4 ? undefined : 4 + reply.readInt32BE(0))))?.[0]
}

/** Size, API key, version, correlation id, client id, body. */
function request(apiKey: number, version: number, body: Buffer): Buffer {
  const rest = Buffer.concat([int16(apiKey), int16(version), int32(0), string('millrace-mutants'), body])
  return Buffer.concat([int32(rest.length), rest])
}

function string(text: string): Buffer {
  assert(/^[ -~]*$/.test(text), 'names are ASCII')
  return Buffer.concat([int16(text.length), Buffer.from(text)])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

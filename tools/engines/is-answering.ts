import type { EngineName } from '@millrace/simulator/describe-on'
import { askSocket } from './ask-socket.ts'
import { answersCassandra } from './cassandra-probe.ts'
import { answersKafka } from './kafka-probe.ts'

/** True when the engine at this port of 127.0.0.1 does its work for a client, and not merely listens. Never throws: a closed port is an answer. */
export async function isAnswering(name: EngineName, port: number): Promise<boolean> {
  return await PROBES[name](port)
}

const PROBES: Readonly<Record<EngineName, (port: number) => Promise<boolean>>> = {
  kafka: answersKafka,
  cassandra: answersCassandra,
  elasticsearch: answersElasticsearch,
  redis: answersRedis,
}

/** Asks for the health of the cluster: an Elasticsearch of the integration tests' distribution knows no `GET /`. */
async function answersElasticsearch(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/_cluster/health?wait_for_status=yellow&timeout=2s`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS), headers: { connection: 'close' } })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false // nobody listens yet
  }
}

/** Longer than the server itself waits for the status. */
const HEALTH_TIMEOUT_MS = 4000

async function answersRedis(port: number): Promise<boolean> {
  const replies = await askSocket(port, [Buffer.from('PING\r\n')], (reply) => (reply.includes('\r\n') ? reply.length : undefined))
  return replies?.[0]?.toString().startsWith('+PONG') ?? false
}

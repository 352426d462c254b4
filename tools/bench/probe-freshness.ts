import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '../client/millrace-client.ts'
import { sendRequest } from '../client/send-request.ts'

/** Sends one event now and then until `signal` aborts, and measures how long after its acknowledgement it is searchable, ms. */
export async function probeFreshness(url: string, apiKey: string, signal: AbortSignal): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true })
  const client = createClient(url, apiKey, agent)
  const delaysMs: number[] = []
  for (let probe = 0; !signal.aborted; probe++) {
    const attempt = await sendRequest({
      method: 'POST', url: `${url}/v1/events`, headers: { 'dd-api-key': apiKey, 'content-type': 'application/json', 'idempotency-key': `probe-${probe}` }, agent,
      body: Buffer.from(JSON.stringify({ message: `probe ${probe}`, service: 'probe' })),
    })
    if (attempt.outcome !== 'replied' || attempt.status !== 200) throw new Error(`a probe was not taken: ${attempt.outcome === 'replied' ? attempt.status : attempt.reason}`)
    const ackedMs = performance.now()
    while ((await client.receiptState(String(attempt.headers['millrace-receipt']))) === 'accepted') await sleep(POLL_MS)
    delaysMs.push(performance.now() - ackedMs)
    await sleep(PAUSE_MS)
  }
  agent.destroy()
  return delaysMs
}

/** The error of a measured delay. */
const POLL_MS = 20
const PAUSE_MS = 250

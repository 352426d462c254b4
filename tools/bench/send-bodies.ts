import { Agent } from 'node:http'
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendRequest } from '../client/send-request.ts'
import type { Bodies } from './build-bodies.ts'

export interface SendingResult {
  readonly seconds: number
  readonly ackMs: readonly number[]
  /** One of each body, in the order of the replies. */
  readonly receipts: readonly string[]
  readonly busyReplies: number
}

export interface SendingOptions {
  readonly url: string
  readonly apiKey: string
  readonly connections: number
  /** Hears the number of events acknowledged so far. */
  readonly onSent: (events: number) => void
}

/** Sends all bodies over some connections, each as fast as its replies come. */
export async function sendBodies(bodies: Pick<Bodies, 'path' | 'places'>, { url, apiKey, connections, onSent }: SendingOptions): Promise<SendingResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const ackMs: number[] = []
  const receipts: string[] = []
  let busyReplies = 0
  let next = 0
  let sent = 0
  await using file = await open(bodies.path, 'r')
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: connections }, async () => {
    for (;;) {
      const place = bodies.places[next++]
      if (place === undefined) return
      const body = Buffer.alloc(place.bytes)
      await file.read(body, 0, place.bytes, place.position)
      const sentMs = performance.now()
      for (;;) {
        const attempt = await sendRequest({ method: 'POST', url: `${url}/_bulk`, headers: { 'dd-api-key': apiKey, 'content-type': 'application/x-ndjson' }, body, agent })
        if (attempt.outcome === 'replied' && attempt.status === 200 && attempt.body.includes('"errors":false')) {
          receipts.push(String(attempt.headers['millrace-receipt']))
          break
        }
        if (attempt.outcome !== 'replied' || (attempt.status !== 429 && attempt.status !== 503)) throw new Error(attempt.outcome === 'replied' ? `_bulk answered ${attempt.status}: ${attempt.body.toString().slice(0, 300)}` : `_bulk: ${attempt.reason}`)
        busyReplies += 1
        await sleep(Number(attempt.headers['retry-after'] ?? 1) * 1000)
      }
      ackMs.push(performance.now() - sentMs)
      sent += place.events
      onSent(sent)
    }
  }))
  agent.destroy()
  return { seconds: (performance.now() - startedMs) / 1000, ackMs, receipts, busyReplies }
}

import { once } from 'node:events'
import { serveHttp } from '@millrace/http/serve-http'
import { openQueryEngine } from '@millrace/query-engine/open-query-engine'
import { MemoryPorts, TENANT } from '@millrace/query-engine/memory-ports'
import { systemClock } from '@millrace/runtime/system-clock'
import { openTail } from '@millrace/tail/open-tail'
import { TailUnavailableError, type Tail } from '@millrace/tail/tail'
import { createLog } from '@millrace/telemetry/log'
import { WebSocket } from 'ws'
import { createAdmission } from '../admission.ts'
import { createFrontier } from '../frontier.ts'
import type { QueryContext } from '../query-context.ts'
import { lokiTailRoute } from './tail-route.ts'

/** The route without what stands before it, as if a session had let the request through. */
async function serve(tail: Tail): Promise<{ listen(headers: Readonly<Record<string, string>>): WebSocket } & AsyncDisposable> {
  const { catalog, store, index } = new MemoryPorts()
  const context = {
    tail, clock: systemClock, log: createLog('silent'), engine: openQueryEngine({ catalog, store, index, clock: systemClock }), admission: createAdmission(systemClock), frontier: createFrontier(),
    topics: { generation: 'g1', partitions: 1, batches: 'b', routed: 'r', commits: 'c', deadLetters: 'd' }, retentionOf: () => Promise.resolve(30), metrics: { answered: () => undefined },
  } as unknown as QueryContext
  const route = lokiTailRoute(context)
  const server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (raw, response) => {
    const gone = new AbortController()
    response.once('close', () => { gone.abort() })
    void route.handle({ raw, url: new URL(raw.url ?? '/', 'http://query'), params: {}, tenantId: TENANT, keyHash: '', receivedMs: 0, signal: gone.signal, isStillAllowed: () => Promise.resolve(true) }, response)
  })
  return {
    listen: (headers) => new WebSocket(`ws://127.0.0.1:${server.port}/loki/api/v1/tail?query=${encodeURIComponent('{app="a"}')}`, { headers }),
    async [Symbol.asyncDispose]() {
      await tail[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function statusOf(socket: WebSocket): Promise<number | undefined> {
  socket.on('error', () => undefined)
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { readonly statusCode?: number }]
  socket.terminate()
  return answer.statusCode
}

describe("Loki's tail", () => {
  it('is not for the pages of other sites, to which a browser lends the session of its reader', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    expect(await statusOf(served.listen({ origin: 'https://evil.example', cookie: 'session=x' }))).toBe(403)
    expect(await statusOf(served.listen({ origin: 'null', cookie: 'session=x' }))).toBe(403)
    for (const headers of [{ 'origin': 'http://millrace.example', 'host': 'millrace.example', 'cookie': 'session=x' }, { 'origin': 'https://grafana.example', 'dd-api-key': 'k' }]) {
      const socket = served.listen(headers)
      await once(socket, 'open')
      socket.terminate()
    }
  })

  it('tells of fragments that were missed and of gaps, and ends with the tail', async () => {
    const items = [{ fragment: undefined, droppedBefore: 3, hasGapBefore: false }, { fragment: { stream: 'g1/0', offset: 0, bytes: new Uint8Array([1, 2, 3]) }, droppedBefore: 0, hasGapBefore: true }]
    const tail = { subscribe: () => Promise.resolve((async function* () { yield* items; await Promise.resolve() })()), [Symbol.asyncDispose]: () => Promise.resolve() } as unknown as Tail
    await using served = await serve(tail)
    const socket = served.listen({ 'dd-api-key': 'k' })
    const labels: unknown[] = []
    socket.on('message', (data: Buffer) => labels.push((JSON.parse(data.toString('utf8')) as { dropped_entries: { labels: unknown }[] }).dropped_entries[0]?.labels))
    const [code] = (await once(socket, 'close')) as [number]
    expect(code).toBe(1001)
    expect(labels).toEqual([{ app: 'a', __dropped_fragments__: '3' }, { app: 'a', __dropped_fragments__: '1', __gap__: 'true' }])
  })

  it('is 503 while nothing can be heard', async () => {
    const tail = { subscribe: () => Promise.reject(new TailUnavailableError('no Redis')), [Symbol.asyncDispose]: () => Promise.resolve() } as unknown as Tail
    await using served = await serve(tail)
    expect(await statusOf(served.listen({ 'dd-api-key': 'k' }))).toBe(503)
  })
})

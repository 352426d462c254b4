import { once } from 'node:events'
import { createServer, request as httpRequest, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { createHttpMetrics } from '@millrace/access/http-metrics'
import { createGuard } from '@millrace/access/guard'
import type { Route, RouteRequest } from '@millrace/http/route'
import { QueryCancelledError, type RenderedEvent } from '@millrace/query-engine/query-engine'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { createRegistry } from '@millrace/telemetry/metrics'
import { exportRoute } from './export-route.ts'
import type { QueryContext } from './query-context.ts'
import { streamRoute } from './stream-route.ts'

describe('a client that leaves', () => {
  it.each([
    ['an export', exportRoute, 'GET', undefined],
    ['a streamed search', streamRoute, 'POST', '{"limit":10}'],
  ] as const)('stops the engine that works for %s, and nothing is asked of it any more', async (_, routeOf, method, body) => {
    // The first question is answered, the next one is being worked on when the client leaves.
    const engine = hangingAfter(method === 'GET' ? 1 : 2)
    await using served = await serve(routeOf(contextOf(engine.ask)))
    const client = httpRequest({ port: served.port, host: '127.0.0.1', method, agent: false })
    client.on('error', () => undefined) // it is the test that cuts it
    client.end(body)
    const [answer] = (await once(client, 'response')) as [NodeJS.ReadableStream]
    await once(answer, 'data')
    await engine.hangs
    client.destroy()
    await engine.stopped
    await served.handled
    expect(engine.questions()).toBe(method === 'GET' ? 2 : 3)
  })

  it('stops an export that waits for it to read on', async () => {
    let questions = 0
    await using served = await serve(exportRoute(contextOf(() => {
      questions++
      return Promise.resolve({ ...pageOf('x'.repeat(1_000_000)), hasMore: questions < 1000 })
    })))
    const client = httpRequest({ port: served.port, host: '127.0.0.1', agent: false })
    client.on('error', () => undefined)
    client.end()
    const [answer] = (await once(client, 'response')) as [NodeJS.ReadableStream]
    answer.pause()
    client.destroy()
    await served.handled
    expect(questions).toBeLessThan(100) // what is under way between the two
  })
})

describe('an export', () => {
  it.each(['ndjson', 'csv'])('holds one page at most, however many there are and however slowly the client takes them: %s', async (format) => {
    const PAGES = 100
    const message = 'x'.repeat(200_000) // more than a response takes without being asked to wait
    const response = new HeldResponse()
    const atQuestion: number[] = []
    const context = contextOf(() => {
      atQuestion.push(response.writableLength)
      return Promise.resolve({ ...pageOf(message), hasMore: atQuestion.length < PAGES })
    })
    const request = { tenantId: 'acme', url: new URL(`http://query/v1/export?format=${format}&columns=message`), signal: new AbortController().signal }
    const handled = exportRoute(context).handle(request as unknown as RouteRequest, response as unknown as ServerResponse)
    const held: number[] = []
    for (let taken = 0; !response.writableFinished; taken++) {
      await turns()
      held.push(response.writableLength)
      // While the client takes nothing, no further page is asked for.
      expect(atQuestion.length).toBeLessThanOrEqual(taken + 1)
      response.take()
    }
    await handled
    expect(atQuestion).toHaveLength(PAGES)
    expect(Math.max(...atQuestion)).toBeLessThan(1000) // the head of a CSV at most
    expect(Math.max(...held)).toBeLessThan(message.length + 1000)
    expect(response.bytes).toBeGreaterThan(PAGES * message.length)
  })
})

/** A response whose client takes something only when told to. */
class HeldResponse extends Writable {
  headersSent = false
  bytes = 0
  #taken: (() => void) | undefined

  writeHead(): this {
    this.headersSent = true
    return this
  }

  /** The client takes all that is under way. */
  take(): void {
    const taken = this.#taken
    this.#taken = undefined
    taken?.()
  }

  override _writev(chunks: readonly { readonly chunk: unknown }[], done: () => void): void {
    for (const { chunk } of chunks) this.bytes += (chunk as Buffer).length
    this.#taken = done
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.bytes += chunk.length
    this.#taken = done
  }
}

/** Lets everything run that waits for nothing but its turn. */
async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => { setImmediate(resolve) })
}

interface HangingEngine {
  /** Answers some questions; then works on one until it is stopped. */
  readonly ask: (signal: AbortSignal) => Promise<object>
  readonly questions: () => number
  readonly hangs: Promise<void>
  readonly stopped: Promise<void>
}

function hangingAfter(answers: number): HangingEngine {
  let questions = 0
  const hangs = Promise.withResolvers<undefined>()
  const stopped = Promise.withResolvers<undefined>()
  return {
    questions: () => questions, hangs: hangs.promise, stopped: stopped.promise,
    ask: async (signal) => {
      if (++questions <= answers) return pageOf('one')
      hangs.resolve(undefined)
      await once(signal, 'abort')
      stopped.resolve(undefined)
      throw new QueryCancelledError('the query was cancelled')
    },
  }
}

/** What any question is answered with: an event, a bucket with a point, and more to come. */
function pageOf(message: string): object {
  const event = { id: { generation: 'g', partition: 0, offset: 1, row: 0 }, timestampNs: 1n, message, tags: [], attributesJson: '{}' } as unknown as RenderedEvent
  return { complete: true, missing: [], positions: new Map(), scanMs: 0, events: [event], hasMore: true, buckets: [{ by: { status: 'info' }, computes: [[{ timeMs: NOW_MS, value: 1 }]] }] }
}

/** Only what the two routes touch. */
function contextOf(ask: (signal: AbortSignal) => Promise<object>): QueryContext {
  const context = {
    clock: systemClock, retentionOf: () => Promise.resolve(30), topics: { generation: 'g', partitions: 1 }, frontier: { completeUntilMs: () => NOW_MS },
    metrics: { answered: () => undefined }, log: createLog('silent'),
    admission: { run: async (_tenant: string, _signal: AbortSignal, query: () => Promise<unknown>) => await query() },
    engine: { list: async (_: unknown, signal: AbortSignal) => await ask(signal), aggregate: async (_: unknown, signal: AbortSignal) => await ask(signal) },
  }
  return context as unknown as QueryContext
}

const NOW_MS = systemClock.nowMs()

/** The route behind the guard, which tells it that its client has left. */
async function serve(route: Route): Promise<{ readonly port: number; readonly handled: Promise<void> } & AsyncDisposable> {
  const handled = Promise.withResolvers<undefined>()
  const guard = createGuard({
    authenticator: { authenticate: () => Promise.resolve({ hash: 'h', tenantId: 'acme', scopes: ['query'] }) }, quotas: undefined, clock: systemClock, log: createLog('silent'), metrics: createHttpMetrics(createRegistry('query')),
  })
  const server = createServer((raw, response) => {
    void guard({ route, params: {} }, raw, response).finally(() => { handled.resolve(undefined) })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port, handled: handled.promise,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

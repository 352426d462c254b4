import { once } from 'node:events'
import { createHttpMetrics } from '@millrace/access/http-metrics'
import { createGuard } from '@millrace/access/guard'
import { createListener } from '@millrace/access/create-listener'
import { createForwarder } from '@millrace/gateway/forward'
import { forwardRoutes } from '@millrace/gateway/forward-routes'
import { serveHttp } from '@millrace/http/serve-http'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemHostNames } from '@millrace/runtime/system-host-names'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { WebSocket } from 'ws'
import { waitFor } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

const log = createLog('silent')

/** A gateway in front of the system, as a service of its own is. */
async function openGateway(url: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const resources = new AsyncDisposableStack()
  const forwarder = resources.use(createForwarder({ name: 'millrace', urls: [url], hostNames: systemHostNames, clock: systemClock, log }))
  const authenticator = { authenticate: () => Promise.resolve({ hash: 'h', tenantId: 'known-to-the-gateway', scopes: ['ingest', 'query'] as const }) }
  const guard = createGuard({ authenticator, quotas: undefined, clock: systemClock, log, metrics: createHttpMetrics(new Registry()) })
  const server = resources.use(await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, createListener({ guard, registry: new Registry(), ...forwardRoutes({ intake: forwarder, query: forwarder }) })))
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.asyncDispose]: async () => await resources.disposeAsync() }
}

describe("Loki's tail through the gateway", () => {
  let millrace: TestSystem
  let gateway: Awaited<ReturnType<typeof openGateway>>
  beforeAll(async () => {
    millrace = await openTestSystem({ kind: 'standalone' })
    gateway = await openGateway(millrace.url)
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const tail = (query: string, headers: Readonly<Record<string, string>> = { 'dd-api-key': millrace.key }): WebSocket => new WebSocket(`${gateway.url.replace('http', 'ws')}/loki/api/v1/tail?query=${encodeURIComponent(query)}`, { headers })
  const push = async (streams: readonly { readonly stream: Readonly<Record<string, string>>; readonly lines: readonly string[] }[]): Promise<void> => {
    const now = BigInt(Date.now()) * 1_000_000n
    const answer = await millrace.post('/loki/api/v1/push', JSON.stringify({ streams: streams.map(({ stream, lines }) => ({ stream, values: lines.map((line, i) => [String(now + BigInt(i)), line]) })) }), { 'content-type': 'application/json' })
    expect(answer.status).toBe(204)
  }
  interface Frame { readonly streams: readonly { readonly stream: object; readonly values: readonly (readonly [string, string])[] }[]; readonly dropped_entries?: readonly { readonly timestamp: string; readonly labels: Readonly<Record<string, string>> }[] }
  const framesOf = (socket: WebSocket): Frame[] => {
    const frames: Frame[] = []
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString('utf8')) as Frame))
    return frames
  }
  const linesOf = (frames: readonly Frame[]): readonly string[] => frames.flatMap(({ streams }) => streams.flatMap(({ values }) => values.map(([, line]) => line)))

  it('brings each line once, through stages, to whom it may concern', async () => {
    const socket = tail('{app="a"} | json | n > 1 | line_format "{{.n}}"')
    const frames = framesOf(socket)
    await once(socket, 'open')
    await push([{ stream: { app: 'a' }, lines: ['{"n":1}', '{"n":2}', '{"n":3}'] }, { stream: { app: 'b' }, lines: ['{"n":9}'] }])
    await waitFor(() => Promise.resolve(linesOf(frames).length >= 2))
    await push([{ stream: { app: 'a' }, lines: ['{"n":4}'] }])
    await waitFor(() => Promise.resolve(linesOf(frames).length >= 3))
    expect(linesOf(frames)).toEqual(['2', '3', '4'])
    expect(frames.every((frame) => frame.dropped_entries === undefined)).toBe(true)
    socket.close()
    await once(socket, 'close')
  })

  it('says how much of a flood it left out', async () => {
    const socket = tail('{app="flood"}')
    const frames = framesOf(socket)
    await once(socket, 'open')
    await push([{ stream: { app: 'flood' }, lines: Array.from({ length: 1000 }, (_, i) => `line ${i}`) }])
    const dropped = (): number => frames.flatMap(({ dropped_entries: entries = [] }) => entries).reduce((sum, { labels }) => sum + Number(labels['__dropped_lines__'] ?? 0), 0)
    await waitFor(() => Promise.resolve(linesOf(frames).length + dropped() >= 1000))
    expect(linesOf(frames).length + dropped()).toBe(1000)
    expect(dropped()).toBeGreaterThan(0)
    expect(frames.flatMap(({ dropped_entries: entries = [] }) => entries)[0]).toMatchObject({ timestamp: expect.stringMatching(/^\d{19}$/) as string, labels: { app: 'flood' } })
    socket.terminate()
  })

  it('ends for a client that says too much, and gives its place back', async () => {
    for (let i = 0; i < 25; i++) {
      const socket = tail('{app="none"}')
      socket.on('error', () => undefined)
      await once(socket, 'open')
      socket.send('x'.repeat(2000))
      const [code] = (await once(socket, 'close')) as [number]
      expect(code).toBe(1009)
    }
  })

  it('bounds the tails of a tenant', async () => {
    const open: WebSocket[] = []
    for (let i = 0; i < 20; i++) {
      const socket = tail('{app="none"}')
      open.push(socket)
      await once(socket, 'open')
    }
    const refused = tail('{app="none"}')
    refused.on('error', () => undefined)
    const [, answer] = (await once(refused, 'unexpected-response')) as [unknown, { readonly statusCode: number; readonly headers: Readonly<Record<string, string>> }]
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '5'])
    for (const socket of [...open, refused]) socket.terminate()
  })
})

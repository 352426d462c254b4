import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import type { ExitCode } from './exit-code.ts'
import { runCli } from './run-cli.ts'

describe('millrace check', () => {
  let server: Server
  let url: string
  let answer: (path: string, body: string) => { readonly status?: number; readonly body: object; readonly headers?: Readonly<Record<string, string>> }
  let seen: { readonly path: string; readonly body: string; readonly idempotencyKey: string | undefined }[]
  beforeEach(async () => {
    seen = []
    server = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => (body += text)).on('end', () => {
        const path = request.url ?? ''
        seen.push({ path, body, idempotencyKey: request.headers['idempotency-key']?.toString() })
        const { status = 200, body: content, headers = {} } = answer(path, body)
        response.writeHead(status, headers).end(JSON.stringify(content))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => {
    server.close()
    server.closeAllConnections()
  })

  async function run(line = 'check --timeout 1'): Promise<{ readonly code: ExitCode; readonly about: string }> {
    const about: string[] = []
    const code = await runCli(line.split(' '), {
      environment: { MILLRACE_URL: url, MILLRACE_API_KEY: 'k' }, clock: systemClock, random: systemRandom, signal: new AbortController().signal, print: () => undefined, remark: (text) => about.push(text),
    })
    return { code, about: about.join('\n') }
  }
  const ACCEPTED = { body: { accepted: 1 }, headers: { 'millrace-receipt': 'r1' } }
  const found = (events: number, complete: boolean): { readonly body: object } => ({ body: { data: Array.from({ length: events }, () => ({})), meta: { complete } } })

  it('waits for a gateway that cannot take the event yet, and sends it under one key', async () => {
    let refusals = 2
    answer = (path) => (path !== '/v1/events' ? found(1, true) : refusals-- > 0 ? { status: 503, body: { detail: 'Kafka is away' } } : ACCEPTED)
    expect((await run('check --timeout 10')).code).toBe('ok')
    const sent = seen.filter(({ path }) => path === '/v1/events')
    expect([sent.length, new Set(sent.map(({ idempotencyKey }) => idempotencyKey)).size, new Set(sent.map(({ body }) => body)).size]).toEqual([3, 1, 1])
  })

  it('does not take an answer that lacks something for an answer, and says how far the event came when time is up', async () => {
    answer = (path) => (path === '/v1/events' ? ACCEPTED : path === '/v1/receipts/r1' ? { body: { state: 'accepted' } } : found(0, true))
    expect(await run()).toEqual({ code: 'unavailable', about: 'millrace: not found within 1 s: it was acknowledged, and no search has found it; its receipt says accepted' })
    answer = (path) => (path === '/v1/events' ? ACCEPTED : found(1, false))
    expect(await run()).toMatchObject({ code: 'unavailable', about: expect.stringContaining('not complete') as unknown })
    answer = () => ({ status: 503, body: { detail: 'Kafka is away' } })
    expect(await run()).toMatchObject({ code: 'unavailable', about: expect.stringContaining('Kafka is away') as unknown })
  })

  it('fails at once where waiting will not help', async () => {
    answer = (path) => (path === '/v1/events' ? ACCEPTED : found(2, true))
    expect(await run('check --timeout 60')).toEqual({ code: 'error', about: 'millrace: the event was sent once and is found 2 times' })
    answer = () => ({ status: 403, body: { detail: 'this API key is not known' } })
    expect(await run('check --timeout 60')).toMatchObject({ code: 'auth' })
    expect(await run('check --timeout 0')).toMatchObject({ code: 'usage' })
  })
})

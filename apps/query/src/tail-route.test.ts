import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf } from '@millrace/fragment/plain-rows'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { openTail } from '@millrace/tail/open-tail'
import { MAX_BUFFERED_FRAGMENTS, TailUnavailableError, type Tail } from '@millrace/tail/tail'
import { HEARTBEAT_MS, MAX_STREAM_MS, tailRoute } from './tail-route.ts'

interface Served extends AsyncDisposable {
  readonly tail: Tail
  readonly clock: ManualClock
  /** From now on. */
  revokeKey(): void
  /** Opens a stream for tenant `t`; `next` gives the next event or comment. */
  listen(query: string): Promise<{ readonly response: Response; next(): Promise<string | undefined>; leave(): void }>
}

async function serve(tail: Tail): Promise<Served> {
  const clock = new ManualClock()
  const route = tailRoute({ tail, clock })
  let isAllowed = true
  const server = createServer((raw, response) => {
    const gone = new AbortController()
    response.once('close', () => { gone.abort() })
    const url = new URL(raw.url ?? '/', 'http://query')
    route.handle({ raw, url, params: {}, tenantId: 't', keyHash: '', receivedMs: 0, signal: gone.signal, isStillAllowed: () => Promise.resolve(isAllowed) }, response).catch((error: unknown) => {
      response.writeHead(400).end(String(error))
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    tail, clock,
    revokeKey() {
      isAllowed = false
    },
    async listen(query) {
      const client = new AbortController()
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/tail?query=${encodeURIComponent(query)}`, { signal: client.signal })
      const texts = !response.ok ? undefined : response.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
      let text = ''
      const next = async (): Promise<string | undefined> => {
        for (;;) {
          const end = text.indexOf('\n\n')
          if (end >= 0) {
            const event = text.slice(0, end)
            text = text.slice(end + 2)
            return event
          }
          const more = await texts?.next()
          if (more === undefined || more.done === true) return undefined
          text += more.value as string
        }
      }
      if (response.ok) expect(await next()).toBe(': listening')
      return { response, next, leave: () => { client.abort() } }
    },
    async [Symbol.asyncDispose]() {
      await tail[Symbol.asyncDispose]()
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

function publish(tail: Tail, offset: number, ...messages: string[]): void {
  const rows = messages.map((message, row) => ({ timeOffset: row, values: new Map<string, string | number>([['message', message], ['service', 'web'], ['@n', row], ['_row', row]]) }))
  tail.publish('t', { stream: 'g1/3', offset, bytes: encodeFragment(tableOf(rows, { dayNs: 0n }), { purpose: 'fresh' }) })
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come about within 10 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe('GET /v1/tail', () => {
  it('streams the events that match as they arrive, like searches answer them', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    const stream = await served.listen('service:web disk')
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream')
    publish(served.tail, 5, 'all well', 'disk full', 'disk\nempty')
    const [head, data = ''] = ((await stream.next()) ?? '').split('\ndata: ')
    expect(head).toBe('event: log')
    expect(JSON.parse(data)).toMatchObject({ id: expect.stringMatching(/./), type: 'log', attributes: { message: 'disk full', service: 'web', timestamp: '1970-01-01T00:00:00.000000001Z', attributes: { n: 1 } } })
    expect(await stream.next()).toContain('disk\\nempty')
  })

  it('ends with its client, and says now and then that it is still there', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    const stream = await served.listen('*')
    await served.clock.advance(HEARTBEAT_MS)
    expect(await stream.next()).toBe(': still here')
    expect(served.tail.hasSubscribers('t')).toBe(true)
    stream.leave()
    await until(() => !served.tail.hasSubscribers('t') && served.clock.sleeping === 0)
  })

  it('ends when its key is revoked', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    const stream = await served.listen('*')
    await served.clock.advance(HEARTBEAT_MS)
    expect(await stream.next()).toBe(': still here')
    served.revokeKey()
    await served.clock.advance(HEARTBEAT_MS)
    expect(await stream.next()).toBeUndefined()
    await until(() => !served.tail.hasSubscribers('t') && served.clock.sleeping === 0)
  })

  it('ends by itself after a while, and is asked for again', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    const stream = await served.listen('*')
    await served.clock.advance(MAX_STREAM_MS)
    let last = await stream.next()
    while (last === ': still here') last = await stream.next()
    expect(last).toBeUndefined()
  })

  it('says how much it left out', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    const stream = await served.listen('disk')
    // At once, so that nobody takes any of them: the buffer is full before the stream gets its turn.
    for (let offset = 0; offset < MAX_BUFFERED_FRAGMENTS + 3; offset++) publish(served.tail, offset, 'nothing')
    // The stream itself may have had the first in hand already.
    expect(await stream.next()).toMatch(/^event: dropped\ndata: \{"fragments":[34],"events":0\}$/)
    publish(served.tail, 1000, ...Array.from({ length: 250 }, () => 'disk full'))
    for (let i = 0; i < 200; i++) expect(await stream.next()).toContain('event: log')
    expect(await stream.next()).toBe('event: dropped\ndata: {"fragments":0,"events":50}')
    served.tail.publish('t', { stream: 'g1/3', offset: 1001, bytes: new Uint8Array(50) })
    expect(await stream.next()).toBe('event: dropped\ndata: {"fragments":1,"events":0}')
  })

  it('tells gaps', async () => {
    const gap: Tail = {
      hasSubscribers: () => true, publish: () => undefined, [Symbol.asyncDispose]: () => Promise.resolve(),
      subscribe: async () => (async function* () { yield { fragment: undefined, droppedBefore: 0, hasGapBefore: true } })(),
    }
    await using served = await serve(gap)
    const stream = await served.listen('*')
    expect(await stream.next()).toContain('event: gap')
    expect(await stream.next()).toBeUndefined()
  })

  it('refuses a wrong search, more streams than a tenant may have, and to listen when it cannot', async () => {
    await using served = await serve(await openTail({ kind: 'process' }))
    expect((await served.listen('service:(')).response.status).toBe(400)
    expect((await served.listen('message:~"("')).response.status).toBe(400)
    const streams = await Promise.all(Array.from({ length: 20 }, async () => await served.listen('*')))
    const refused = (await served.listen('*')).response
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5'])
    streams[0]?.leave()
    await until(async () => (await served.listen('*')).response.ok)
    const down: Tail = { ...served.tail, subscribe: () => Promise.reject(new TailUnavailableError('down')), [Symbol.asyncDispose]: () => Promise.resolve() }
    await using unheard = await serve(down)
    const { response } = await unheard.listen('*')
    expect([response.status, response.headers.get('retry-after'), await response.json()]).toMatchObject([503, '5', { detail: expect.stringContaining('searches work') }])
  })
})

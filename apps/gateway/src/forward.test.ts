import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { serveHttp, type HttpServer } from '@millrace/http/serve-http'
import { takeConnection } from '@millrace/http/upgrades'
import type { RouteRequest } from '@millrace/http/route'
import type { HostNames } from '@millrace/runtime/host-names'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemHostNames } from '@millrace/runtime/system-host-names'
import { createLog } from '@millrace/telemetry/log'
import { createForwarder, type Forwarder } from './forward.ts'

describe('forwarding', () => {
  it('tells the service when the client leaves in the middle of an answer', async () => {
    const begun = Promise.withResolvers<ServerResponse>()
    await using service = await serve((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
      response.write('{"first":"line"}\n')
      begun.resolve(response)
    })
    await using gateway = await serveForwarder([`http://127.0.0.1:${service.port}`])
    const client = httpRequest({ port: gateway.port, host: '127.0.0.1', agent: false })
    client.on('error', () => undefined) // it is the test that cuts it
    client.end()
    const [answer] = (await once(client, 'response')) as [IncomingMessage]
    await once(answer, 'data')
    const upstream = await begun.promise
    const left = once(upstream, 'close')
    client.destroy()
    await left
    expect(upstream.writableFinished).toBe(false)
  })

  it('passes conditions on to the service, and versions back', async () => {
    await using service = await serve((request, response) => {
      response.writeHead(412, { ETag: '"7"' }).end(String(request.headers['if-match']))
    })
    await using gateway = await serveForwarder([`http://127.0.0.1:${service.port}`])
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/views/x`, { method: 'PUT', headers: { 'if-match': '"6"' }, body: '{}' })
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([412, '"7"', '"6"'])
  })

  it('ends streams of events as whole answers end, and tells the service', async () => {
    const left = Promise.withResolvers<void>()
    await using service = await serve((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write(': listening\n\n')
      response.once('close', () => { left.resolve() })
    })
    await using gateway = await serveForwarder([`http://127.0.0.1:${service.port}`])
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/tail`)
    const text = answer.text()
    gateway.forwarder.endStreams()
    expect(await text).toBe(': listening\n\n')
    await left.promise
  })
})

describe('a name that stands for several replicas', () => {
  it('is asked at each of its addresses in turn, under the name that the client used', async () => {
    await using system = await replicasAt('127.0.0.1', '127.0.0.2', '127.0.0.3')
    const names = fakeNames('127.0.0.1', '127.0.0.2', '127.0.0.3')
    await using gateway = await serveForwarder([`http://intake.test:${system.port}`], names)
    const answers = await Promise.all(Array.from({ length: 30 }, async () => await gateway.ask('GET')))
    expect(counted(answers.map(({ text }) => text))).toEqual({ '127.0.0.1': 10, '127.0.0.2': 10, '127.0.0.3': 10 })
    expect(system.hosts).toEqual(new Set([`127.0.0.1:${gateway.port}`]))
  })

  it('gives what has come its share, and forgets what has gone: nothing is sent there, and idle connections are closed', async () => {
    await using system = await replicasAt('127.0.0.1', '127.0.0.2')
    const names = fakeNames('127.0.0.1')
    await using gateway = await serveForwarder([`http://intake.test:${system.port}`], names)
    expect((await gateway.ask('GET')).text).toBe('127.0.0.1')
    names.addresses = ['127.0.0.1', '127.0.0.2']
    await names.asked()
    expect(new Set([(await gateway.ask('GET')).text, (await gateway.ask('GET')).text])).toEqual(new Set(['127.0.0.1', '127.0.0.2']))
    const closed = once(system.lastSocketOf('127.0.0.1'), 'close')
    names.addresses = ['127.0.0.2']
    await closed
    expect(counted((await Promise.all(Array.from({ length: 6 }, async () => await gateway.ask('GET')))).map(({ text }) => text))).toEqual({ '127.0.0.2': 6 })
  })

  it('lets a request end that is under way at an address that has gone', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    await using slow = await serve((_, response) => { asked.resolve(response) })
    const names = fakeNames('127.0.0.1')
    await using gateway = await serveForwarder([`http://query.test:${slow.port}`], names)
    const answer = gateway.ask('GET')
    const response = await asked.promise
    names.addresses = []
    await names.asked()
    response.end('late')
    expect(await answer).toMatchObject({ status: 200, text: 'late' })
  })

  it('keeps its addresses while nobody can be asked for them, and has none once there is no such name', async () => {
    await using system = await replicasAt('127.0.0.1')
    const names = fakeNames('127.0.0.1')
    await using gateway = await serveForwarder([`http://intake.test:${system.port}`], names)
    await gateway.ask('GET')
    names.fails = true
    await names.asked()
    expect((await gateway.ask('GET')).status).toBe(200)
    names.fails = false
    names.addresses = []
    await names.asked()
    expect(await gateway.ask('POST', 'x')).toMatchObject({ status: 503, text: expect.stringContaining('does not answer at the moment') as string })
  })

  it('is looked up at once when a connection fails: what has moved is found by the same request', async () => {
    await using system = await replicasAt('127.0.0.2')
    const names = fakeNames('127.0.0.1') // nobody listens there
    await using gateway = await serveForwarder([`http://intake.test:${system.port}`], names, HOURS)
    expect((await gateway.ask('POST', 'early')).status).toBe(503)
    names.addresses = ['127.0.0.2']
    await systemClock.sleep(300) // a look-up is not repeated sooner
    expect(await gateway.ask('POST', 'whole')).toMatchObject({ status: 200, text: '127.0.0.2' })
    expect(system.bodies).toEqual(['whole'])
  })
})

describe('a replica that cannot be reached', () => {
  it('costs no request: each goes to the next with all of its body, up to all of them', async () => {
    await using system = await replicasAt('127.0.0.4')
    const urls = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'].map((address) => `http://${address}:${system.port}`)
    await using gateway = await serveForwarder(urls)
    const body = 'x'.repeat(300_000)
    for (let i = 0; i < 8; i++) expect(await gateway.ask('POST', body)).toMatchObject({ status: 200, text: '127.0.0.4' })
    expect(system.bodies).toEqual(Array.from({ length: 8 }, () => body))
  })

  it('is answered for with 503 when there is no other', async () => {
    await using system = await replicasAt('127.0.0.4')
    await using gateway = await serveForwarder([`http://127.0.0.1:${system.port}`, `http://127.0.0.2:${system.port}`])
    expect(await gateway.ask('POST', 'x')).toMatchObject({ status: 503, retryAfter: '2' })
  })

  it('is passed over by a conversation over WebSocket as well', async () => {
    await using service = await serveHttp({ host: '127.0.0.2', port: 0, clock: systemClock }, (_, response) => {
      takeConnection(response)?.socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello')
    })
    await using gateway = await serveForwarder([`http://127.0.0.1:${service.port}`, `http://127.0.0.2:${service.port}`])
    for (let i = 0; i < 2; i++) {
      const socket = connect(gateway.port, '127.0.0.1')
      socket.write('GET /tail HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      let heard = ''
      while (!heard.includes('hello')) heard += String((await once(socket, 'data'))[0])
      socket.destroy()
    }
  })

  it('that goes away after it took a request is never asked in vain twice: the outcome is unknown, and the sender repeats', async () => {
    let taken = 0
    const cut: RequestListener = (request) => {
      taken++
      request.once('end', () => { request.socket.destroy() }).resume()
    }
    await using first = await serve(cut, '127.0.0.1')
    await using second = await serve(cut, '127.0.0.2', first.port)
    await using gateway = await serveForwarder([`http://127.0.0.1:${second.port}`, `http://127.0.0.2:${second.port}`])
    expect((await gateway.ask('POST', 'x')).status).toBe(503)
    expect((await gateway.ask('GET')).status).toBe(503) // on a new connection: it may be the question that ends processes
    expect(taken).toBe(2)
  })

  it('and whose kept connection breaks in the moment of its use costs no question', async () => {
    // Answers the first request of each connection, and cuts the connection when another one comes.
    const cutter = createTcpServer((socket) => {
      let requests = 0
      socket.on('error', () => undefined)
      socket.on('data', () => { if (requests++ === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst'); else socket.destroy() })
    }).listen(0, '127.0.0.1')
    await once(cutter, 'listening')
    const { port } = cutter.address() as AddressInfo
    await using gateway = await serveForwarder([`http://127.0.0.1:${port}`])
    await using system = await replicasAt('127.0.0.2')
    await using both = await serveForwarder([`http://127.0.0.1:${port}`, `http://127.0.0.2:${system.port}`])
    expect((await both.ask('GET')).text).toBe('first')
    expect((await both.ask('GET')).text).toBe('127.0.0.2')
    expect((await both.ask('GET')).text).toBe('127.0.0.2') // the turn of the first, which cuts
    expect((await gateway.ask('POST', 'x')).text).toBe('first')
    expect((await gateway.ask('POST', 'x')).status).toBe(503)
    // There is no other replica: the same one is asked once more, on a new connection.
    expect((await gateway.ask('POST', 'x')).text).toBe('first')
    for (let i = 0; i < 4; i++) expect(await gateway.ask('GET')).toMatchObject({ status: 200, text: 'first' })
    cutter.close()
  })
})

describe('a replica that ends', () => {
  it('says so with its answers, and is left alone at once: no request meets a closed door', async () => {
    const ending = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (_, response) => { response.end('ending') })
    await using other = await serve((_, response) => { response.end('other') }, '127.0.0.2', ending.port)
    await using gateway = await serveForwarder([`http://127.0.0.1:${ending.port}`, `http://127.0.0.2:${other.port}`])
    await Promise.all(Array.from({ length: 8 }, async () => await gateway.ask('POST', 'x'))) // connections are kept to both
    ending.drain()
    const during = await Promise.all(Array.from({ length: 8 }, async () => await gateway.ask('POST', 'x')))
    expect(during.every(({ status }) => status === 200)).toBe(true)
    const after = [await gateway.ask('POST', 'x'), await gateway.ask('POST', 'x')]
    expect(after.map(({ text }) => text)).toEqual(['other', 'other'])
    await ending[Symbol.asyncDispose]()
    expect((await gateway.ask('POST', 'x')).text).toBe('other')
  })
})

describe('replicas that are replaced one after the other, under load, with a name server that tells of it late', () => {
  it('fail no request, and take each once', async () => {
    const taken: string[] = []
    const open = async (address: string, port: number): Promise<HttpServer> => await serveHttp({ host: address, port, clock: systemClock }, (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => { body += chunk.toString('utf8') }).on('end', () => {
        taken.push(body)
        void systemClock.sleep(2).then(() => response.end())
      })
    })
    let old = await open('127.0.0.1', 0)
    const { port } = old
    const names = fakeNames('127.0.0.1')
    await using gateway = await serveForwarder([`http://intake.test:${port}`], names, 50)
    const statuses: number[] = []
    let isOver = false
    let sent = 0
    const senders = Array.from({ length: 8 }, async () => {
      while (!isOver) statuses.push((await gateway.ask('POST', String(sent++))).status)
    })
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.1', '127.0.0.2']) {
      const fresh = await open(address, port)
      names.addresses = [...names.addresses, address]
      await names.asked()
      old.drain()
      await systemClock.sleep(100) // the drain delay: connections move on
      const gone = names.addresses[0]
      await old[Symbol.asyncDispose]()
      await gateway.ask('POST', String(sent++)).then(({ status }) => statuses.push(status)) // its address is still known
      names.addresses = names.addresses.filter((known) => known !== gone)
      await names.asked()
      old = fresh
    }
    isOver = true
    await Promise.all(senders)
    await old[Symbol.asyncDispose]()
    expect(statuses.length).toBeGreaterThan(100)
    expect(counted(statuses.map(String))).toEqual({ 200: statuses.length })
    expect(taken.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: sent }, (_, i) => String(i)))
  })
})

/** Far away. */
const HOURS = 3_600_000

interface FakeNames extends HostNames {
  addresses: readonly string[]
  fails: boolean
  /** Resolves when what is known now has been asked for and taken. */
  asked(): Promise<void>
}

function fakeNames(...addresses: readonly string[]): FakeNames {
  let questions = 0
  const names: FakeNames = {
    addresses, fails: false,
    lookUp() {
      questions++
      return names.fails ? Promise.reject(new Error('no name server answers')) : Promise.resolve(names.addresses)
    },
    async asked() {
      const from = questions
      while (questions < from + 2) await systemClock.sleep(2) // the one under way may have begun before
    },
  }
  return names
}

interface ServedForwarder extends AsyncDisposable {
  readonly port: number
  readonly forwarder: Forwarder
  ask(method: string, body?: string): Promise<{ readonly status: number; readonly text: string; readonly retryAfter: string | null }>
}

/** As the gateway does, with the signal that its guard gives. */
async function serveForwarder(urls: readonly string[], hostNames: HostNames = systemHostNames, lookUpMs = 20): Promise<ServedForwarder> {
  const forwarder = createForwarder({ name: 'query', urls, hostNames, clock: systemClock, log: createLog('silent'), lookUpMs })
  const served = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (raw, response) => {
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    void forwarder.forward({ raw, signal: gone.signal } as unknown as RouteRequest, response, 'millrace')
  })
  return {
    port: served.port,
    forwarder,
    async ask(method, body) {
      const answer = await fetch(`http://127.0.0.1:${served.port}/`, { method, ...(body === undefined ? {} : { body }) })
      return { status: answer.status, text: await answer.text(), retryAfter: answer.headers.get('retry-after') }
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      forwarder[Symbol.dispose]()
    },
  }
}

interface Served extends AsyncDisposable {
  readonly port: number
}

async function serve(listener: RequestListener, address = '127.0.0.1', port = 0): Promise<Served> {
  const server = createServer(listener).listen(port, address)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

interface System extends AsyncDisposable {
  readonly port: number
  readonly bodies: string[]
  /** `Host` of every request. */
  readonly hosts: Set<string>
  lastSocketOf(address: string): Socket
}

/** The same port at several addresses; each answers with its own. */
async function replicasAt(...addresses: readonly string[]): Promise<System> {
  const bodies: string[] = []
  const hosts = new Set<string>()
  const sockets = new Map<string, Socket>()
  const served: Served[] = []
  for (const address of addresses) {
    served.push(await serve((request, response) => {
      sockets.set(address, request.socket)
      hosts.add(request.headers.host ?? '')
      let body = ''
      request.on('data', (chunk: Buffer) => { body += chunk.toString('utf8') }).on('end', () => {
        if (body !== '') bodies.push(body)
        response.end(address)
      })
    }, address, served[0]?.port ?? 0))
  }
  return {
    port: served[0]?.port ?? 0, bodies, hosts,
    lastSocketOf: (address) => sockets.get(address) as Socket,
    async [Symbol.asyncDispose]() {
      await Promise.all(served.map(async (one) => { await one[Symbol.asyncDispose]() }))
    },
  }
}

function counted(texts: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1
  return counts
}

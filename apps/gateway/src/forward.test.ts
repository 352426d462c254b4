import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RouteRequest } from '@millrace/http/route'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { createForwarder } from './forward.ts'

describe('forwarding', () => {
  it('tells the service when the client leaves in the middle of an answer', async () => {
    const begun = Promise.withResolvers<ServerResponse>()
    await using service = await serve((_, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' })
      response.write('{"first":"line"}\n')
      begun.resolve(response)
    })
    await using gateway = await serveForwarder(service.port)
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
    await using gateway = await serveForwarder(service.port)
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/v1/views/x`, { method: 'PUT', headers: { 'if-match': '"6"' }, body: '{}' })
    expect([answer.status, answer.headers.get('etag'), await answer.text()]).toEqual([412, '"7"', '"6"'])
  })
})

/** As the gateway does, with the signal that its guard gives. */
async function serveForwarder(port: number): Promise<Served> {
  const forwarder = createForwarder({ name: 'query', urls: [`http://127.0.0.1:${port}`], clock: systemClock, log: createLog('silent') })
  const served = await serve((raw, response) => {
    const gone = new AbortController()
    response.once('close', () => {
      if (!response.writableFinished) gone.abort()
    })
    void forwarder.forward({ raw, signal: gone.signal } as unknown as RouteRequest, response, 'millrace')
  })
  return {
    ...served,
    async [Symbol.asyncDispose]() {
      forwarder[Symbol.dispose]()
      await served[Symbol.asyncDispose]()
    },
  }
}

interface Served extends AsyncDisposable {
  readonly port: number
}

async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

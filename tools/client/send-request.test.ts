import { once } from 'node:events'
import { Agent, createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort } from '../process/free-port.ts'
import { sendRequest } from './send-request.ts'

describe('one attempt', () => {
  let server: Server
  const received: string[] = []
  let url: string
  const agent = new Agent({ keepAlive: true })
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        received.push(body)
        if (body === 'hang up') request.socket.destroy()
        else response.end(`took ${body}`)
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  afterAll(async () => {
    agent.destroy()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('gives the reply', async () => {
    const attempt = await sendRequest({ method: 'POST', url, headers: {}, body: Buffer.from('one'), agent })
    expect(attempt).toMatchObject({ outcome: 'replied', status: 200, body: Buffer.from('took one') })
  })

  it('is unknown when it is cut on purpose, although the body arrived', async () => {
    const attempt = await sendRequest({ method: 'POST', url, headers: {}, body: Buffer.from('two'), agent, cutAfterMs: 20 })
    expect(attempt.outcome).toBe('unknown')
    expect(received).toContain('two')
  })

  it('is unknown when the server goes away without a reply', async () => {
    expect((await sendRequest({ method: 'POST', url, headers: {}, body: Buffer.from('hang up'), agent })).outcome).toBe('unknown')
  })

  it('is unsent when nobody listens', async () => {
    expect((await sendRequest({ method: 'POST', url: `http://127.0.0.1:${await freePort()}/`, headers: {}, body: Buffer.from('x'), agent })).outcome).toBe('unsent')
  })
})

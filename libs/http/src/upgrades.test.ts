import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { RequestListener } from 'node:http'
import { systemClock } from '@millrace/runtime/system-clock'
import { serveHttp, type HttpServer } from './serve-http.ts'
import { takeConnection } from './upgrades.ts'

const WEB_SOCKET = 'Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n'

/** Echoes on `/echo`, in upper case, once the connection is its own; answers everything else, with what it read. */
const listener: RequestListener = (request, response) => {
  const taken = request.url === '/echo' ? takeConnection(response) : undefined
  if (taken !== undefined) {
    taken.socket.write(`HTTP/1.1 101 Switching Protocols\r\n\r\n${taken.head.toString('utf8')}`)
    taken.socket.on('data', (data: Buffer) => taken.socket.write(data.toString('utf8').toUpperCase()))
    response.once('close', () => closed.push(request.url ?? ''))
    return
  }
  if (request.headers.upgrade?.toLowerCase() === 'websocket') {
    response.end('refused')
    return
  }
  let body = ''
  request.on('data', (chunk: Buffer) => { body += chunk.toString('utf8') })
  request.once('end', () => response.end(`${request.method} ${request.url} ${body}`))
}
const closed: string[] = []

async function talk(server: HttpServer, text: string): Promise<{ readonly socket: Socket; heard(): string; until(part: string): Promise<void> }> {
  const socket = connect(server.port, '127.0.0.1')
  let heard = ''
  socket.on('data', (data) => { heard += data.toString('utf8') })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(text)
  return { socket, heard: () => heard, until: async (part) => { while (!heard.includes(part)) await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => { throw new Error(`closed after ${heard}`) })]) } }
}

describe('a request for WebSocket', () => {
  it('gives its connection to a handler that takes it, with what was sent behind the head, and tells it of the end', async () => {
    await using server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, listener)
    const { socket, until } = await talk(server, `GET /echo HTTP/1.1\r\nHost: x\r\n${WEB_SOCKET}\r\nearly`)
    await until('101 Switching Protocols\r\n\r\nearly')
    socket.write('hello')
    await until('HELLO')
    socket.destroy()
    for (let i = 0; closed.length === 0 && i < 400; i++) await systemClock.sleep(5)
    expect(closed).toEqual(['/echo'])
  })

  it('is answered as any other by a handler that does not, and the connection ends behind it', async () => {
    await using server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, listener)
    const { socket, heard } = await talk(server, `GET /other HTTP/1.1\r\nHost: x\r\n${WEB_SOCKET}\r\n`)
    await once(socket, 'close')
    expect(heard()).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*refused/i)
  })

  it('is not what clients mean that would like another protocol: their bodies are read', async () => {
    await using server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, listener)
    for (const upgrade of ['Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n', 'Connection: Upgrade\r\nUpgrade: websocket2\r\n']) {
      const { socket, until } = await talk(server, `POST /post HTTP/1.1\r\nHost: x\r\n${upgrade}Content-Length: 4\r\n\r\nbody`)
      await until('POST /post body')
      socket.write('GET /again HTTP/1.1\r\nHost: x\r\n\r\n') // the connection lives on
      await until('GET /again ')
      socket.destroy()
    }
  })

  it('does not hold up the end of the server', async () => {
    const server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, listener)
    const { socket, until } = await talk(server, `GET /echo HTTP/1.1\r\nHost: x\r\n${WEB_SOCKET}\r\n`)
    await until('101')
    await Promise.all([once(socket, 'close'), server[Symbol.asyncDispose]()])
  })
})

import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { systemClock } from '@millrace/runtime/system-clock'
import { serveHttp, type HttpServer } from './serve-http.ts'

async function ask(server: HttpServer, agent: Agent, path = '/'): Promise<{ readonly connection: string | undefined; readonly isReused: boolean; readonly text: string }> {
  const request = httpRequest({ host: '127.0.0.1', port: server.port, path, agent })
  request.end()
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const chunk of answer as AsyncIterable<Buffer>) text += chunk.toString('utf8')
  return { connection: answer.headers.connection, isReused: request.reusedSocket, text }
}

describe('a server that drains', () => {
  it('answers on, and each answer is the last of its connection, also one that was under way', async () => {
    const slow = Promise.withResolvers<ServerResponse>()
    await using server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (request, response) => {
      if (request.url === '/slow') slow.resolve(response)
      else response.end('quick')
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect(await ask(server, agent)).toMatchObject({ connection: 'keep-alive', isReused: false })
    expect(await ask(server, agent)).toMatchObject({ connection: 'keep-alive', isReused: true })
    const answer = ask(server, new Agent({ keepAlive: true }), '/slow')
    const response = await slow.promise
    server.drain()
    expect(await ask(server, agent)).toMatchObject({ connection: 'close', isReused: true, text: 'quick' })
    expect(await ask(server, agent)).toMatchObject({ connection: 'close', isReused: false, text: 'quick' })
    response.end('done')
    expect(await answer).toMatchObject({ connection: 'close', text: 'done' })
  })

  it('ends as soon as its last answer has, though clients would keep their connections', async () => {
    const slow = Promise.withResolvers<ServerResponse>()
    const server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (_, response) => {
      response.write('begun, ') // its head says that the connection stays
      slow.resolve(response)
    })
    const answer = ask(server, new Agent({ keepAlive: true }))
    const response = await slow.promise
    const ended = server[Symbol.asyncDispose]()
    response.end('done')
    expect((await answer).text).toBe('begun, done')
    await ended // the test's own time is half of what a drain may take
  })
})

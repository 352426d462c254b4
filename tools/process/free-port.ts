import { createServer } from 'node:net'

/** A loopback port that nobody listens on at this moment, and that this process has not been given before: what asks for several has no two that are the same. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count)
    if (given.has(port)) continue
    given.add(port)
    if (await isFree(port)) return port
  }
}

/** Linux gives connections ports from 32768 on, and one of them may meet a port before it is listened on. */
const PORTS = { first: 20_000, count: 12_000 }
const given = new Set<number>()

/** True when a program could listen there now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return await new Promise<boolean>((resolve) => {
    server.once('error', () => { resolve(false) })
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => { resolve(true) }))
  })
}

import { connect } from 'node:net'

/**
 * Sends each request after the reply to the one before it, over one connection. Resolves with the replies, or `undefined` when nobody listens, the
 * connection ends early or the time is over: a probe asks again anyway.
 *
 * @param lengthOf full length in bytes of the reply that begins a buffer; `undefined` while it cannot be told yet.
 */
export async function askSocket(port: number, requests: readonly Uint8Array[], lengthOf: (reply: Buffer) => number | undefined): Promise<readonly Buffer[] | undefined> {
  const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_TIMEOUT_MS })
  const replies: Buffer[] = []
  let received: Buffer = Buffer.alloc(0)
  return await new Promise<readonly Buffer[] | undefined>((resolve) => {
    const end = (result: readonly Buffer[] | undefined): void => {
      socket.destroy()
      resolve(result)
    }
    const ask = (): void => {
      const request = requests[replies.length]
      if (request === undefined) end(replies)
      else socket.write(request)
    }
    for (const event of ['error', 'close', 'timeout']) socket.once(event, () => { end(undefined) })
    socket.once('connect', ask)
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      const length = lengthOf(received)
      if (length === undefined || received.length < length) return
      replies.push(received.subarray(0, length))
      received = received.subarray(length)
      ask()
    })
  })
}

/** A starting engine may accept a connection long before it answers; asking anew is cheaper than waiting on. */
const ANSWER_TIMEOUT_MS = 3000

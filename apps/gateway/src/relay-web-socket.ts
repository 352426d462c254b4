import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { takeConnection } from '@millrace/http/upgrades'

/** Joins the connections of client and replica once the replica has agreed to speak WebSocket. Holds what streams hold; either end ends the other. */
export function relayWebSocket(outgoing: ClientRequest, response: ServerResponse): void {
  outgoing.once('upgrade', (incoming: IncomingMessage, replica, head) => {
    const client = takeConnection(response)
    if (client === undefined) {
      replica.destroy()
      response.destroy()
      return
    }
    replica.setTimeout(0) // both sides ask for signs of life by themselves
    client.socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headText(incoming)}\r\n`)
    if (head.length > 0) client.socket.write(head)
    if (client.head.length > 0) replica.write(client.head)
    join(client.socket, replica)
    join(replica, client.socket)
  })
}

function join(from: Duplex, to: Duplex): void {
  from.pipe(to)
  from.on('error', () => { from.destroy() })
  from.once('close', () => { to.destroy() })
}

/** As the replica wrote them: its key's answer is among them. */
function headText({ rawHeaders }: IncomingMessage): string {
  let text = ''
  for (let i = 0; i < rawHeaders.length; i += 2) text += `${rawHeaders[i] ?? ''}: ${rawHeaders[i + 1] ?? ''}\r\n`
  return text
}

import { createSocket } from 'node:dgram'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { MAX_SYSLOG_BYTES, SyslogStream } from '@millrace/wire/syslog/split-stream'
import type { Registry } from '@millrace/telemetry/metrics'
import { createSyslogForwarder, type SyslogForwarderOptions } from './syslog-forwarder.ts'
import { createSyslogMetrics } from './syslog-metrics.ts'

export interface SyslogListenerOptions extends SyslogForwarderOptions {
  readonly host: string
  /** 0 takes any free one; undefined does not listen. */
  readonly tcpPort: number | undefined
  readonly udpPort: number | undefined
  readonly registry: Registry
}

/** Syslog over TCP and UDP. All messages are of one tenant, the one of the key: the protocol has no place for another. */
export interface SyslogListener extends AsyncDisposable {
  readonly tcpPort: number | undefined
  readonly udpPort: number | undefined
}

/** @throws when a port is in use. */
export async function openSyslogListener(options: SyslogListenerOptions): Promise<SyslogListener> {
  const { host, tcpPort, udpPort, registry, clock, log } = options
  const forwarder = createSyslogForwarder(options)
  const metrics = createSyslogMetrics(registry)
  const connections = new Set<Socket>()
  const resources = new AsyncDisposableStack()
  resources.defer(async () => { await forwarder.close() })

  const listenTcp = async (port: number): Promise<number> => {
    const server = createServer((socket) => {
      const stream = new SyslogStream()
      connections.add(socket)
      const take = (message: Uint8Array): void => {
        metrics.count('tcp', 'received')
        forwarder.add(message)
      }
      socket.on('data', (chunk: Buffer) => {
        for (const message of stream.push(chunk)) take(message)
        if (!forwarder.isFull) return
        socket.pause() // the sender waits, and keeps what it has
        void forwarder.whenRoom().then(() => { socket.resume() })
      })
      socket.on('error', (error) => { log.debug({ err: error }, 'a syslog connection broke') })
      socket.on('close', () => {
        connections.delete(socket)
        const last = stream.end()
        if (last !== undefined) take(last)
      })
    })
    server.maxConnections = MAX_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    resources.defer(async () => {
      const closed = new AbortController()
      server.close(() => { closed.abort() })
      // Senders hear of the end first: the protocol acknowledges nothing, and what they have sent may be on its way still.
      for (const socket of connections) socket.end()
      await clock.sleep(FAREWELL_MS, closed.signal)
      for (const socket of connections) socket.destroy()
    })
    return (server.address() as AddressInfo).port
  }

  const listenUdp = async (port: number): Promise<number> => {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: UDP_BUFFER_BYTES })
    socket.on('message', (datagram) => {
      // A datagram is a message; some senders end it as on a stream.
      const message = datagram.subarray(0, MAX_SYSLOG_BYTES)
      const end = message.length - (/[\r\n\0]+$/.exec(message.subarray(-4).toString('latin1'))?.[0].length ?? 0)
      if (end === 0) return
      metrics.count('udp', forwarder.isFull ? 'dropped' : 'received')
      if (!forwarder.isFull) forwarder.add(Buffer.from(message.subarray(0, end)))
    })
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(port, host, resolve)
    })
    socket.on('error', (error) => { log.warn({ err: error }, 'the syslog socket has an error') })
    resources.defer(async () => { await new Promise<void>((resolve) => { socket.close(resolve) }) })
    return socket.address().port
  }

  try {
    return {
      tcpPort: tcpPort === undefined ? undefined : await listenTcp(tcpPort),
      udpPort: udpPort === undefined ? undefined : await listenUdp(udpPort),
      [Symbol.asyncDispose]: async () => { await resources.disposeAsync() },
    }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

/** What was sent before a sender heard of our end arrives within a round trip. */
const FAREWELL_MS = 500
/** Each holds a message of at most 64 KiB that has not ended. */
const MAX_CONNECTIONS = 1000
/** Of the kernel, for bursts; it takes no more than its own limit. */
const UDP_BUFFER_BYTES = 4 * 1024 * 1024

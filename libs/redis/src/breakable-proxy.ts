import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A TCP proxy before an engine, which a test cuts and restores. For tests only. */
export interface BreakableProxy extends AsyncDisposable {
  /** `host:port` to connect to. */
  readonly address: string
  /** Connections that came so far, those that were broken at once included. */
  readonly connections: number
  /** Breaks all connections, and every new one. */
  cut(): void
  /** Keeps connections open and lets nothing through, as a cut cable does. */
  stall(): void
  /** Lets new connections through. Those that stalled stay silent. */
  restore(): void
}

/** @param target `host:port`. */
export async function openBreakableProxy(target: string): Promise<BreakableProxy> {
  const { hostname, port } = new URL(`tcp://${target}`)
  const sockets = new Set<Socket>()
  let mode: 'open' | 'cut' | 'stalled' = 'open'
  let connections = 0
  const server = createServer((near) => {
    connections++
    if (mode === 'cut') {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    const drop = (): void => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', drop).on('close', () => {
        sockets.delete(socket)
        drop()
      })
    }
    if (mode === 'stalled') return
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return connections
    },
    cut() {
      mode = 'cut'
      for (const socket of sockets) socket.destroy()
    },
    stall() {
      mode = 'stalled'
      for (const socket of sockets) socket.unpipe().pause()
    },
    restore() {
      mode = 'open'
    },
    async [Symbol.asyncDispose]() {
      mode = 'cut'
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

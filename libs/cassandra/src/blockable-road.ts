import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** For tests: a road to an engine that they can block, without a hand on the engine itself. */
export interface Road extends AsyncDisposable {
  readonly address: string
  /** Nothing passes either way. */
  isFrozen: boolean
  /** Requests pass, answers do not. */
  isDeaf: boolean
  /** Connections break and new ones are refused. */
  isClosed: boolean
  /** Resolves when the next request has passed. */
  passed(): Promise<void>
}

/** @param target `host:port` of the engine. */
export async function openRoad(target: string): Promise<Road> {
  const { hostname, port } = new URL(`tcp://${target}`)
  const sockets = new Set<Socket>()
  const state = { isFrozen: false, isDeaf: false, isClosed: false }
  const releases = new Set<() => void>()
  let onPassed: (() => void) | undefined
  const server = createServer((near) => {
    if (state.isClosed) {
      near.destroy()
      return
    }
    const far = connect(Number(port), hostname)
    const held: (() => void)[] = []
    releases.add(() => { for (const pass of held.splice(0)) pass() })
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from)
      from.on('data', (bytes) => {
        if (state.isDeaf && from === far) return
        if (state.isFrozen) held.push(() => to.write(bytes))
        else to.write(bytes, () => { if (from === near) onPassed?.() })
      })
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const listening = server.address()
  if (listening === null || typeof listening === 'string') throw new Error('no port')
  const breakAll = (): void => { for (const socket of sockets) socket.destroy() }
  return {
    address: `127.0.0.1:${listening.port}`,
    get isFrozen() { return state.isFrozen },
    set isFrozen(value) {
      state.isFrozen = value
      if (!value) for (const release of releases) release()
    },
    get isDeaf() { return state.isDeaf },
    set isDeaf(value) { state.isDeaf = value },
    get isClosed() { return state.isClosed },
    set isClosed(value) {
      state.isClosed = value
      if (value) breakAll()
    },
    async passed() { await new Promise<void>((resolve) => { onPassed = resolve }) },
    async [Symbol.asyncDispose]() {
      breakAll()
      server.close()
      await once(server, 'close')
    },
  }
}

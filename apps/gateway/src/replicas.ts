import { isIP } from 'node:net'
import { Agent } from 'node:http'
import type { Clock } from '@millrace/runtime/clock'
import type { HostNames } from '@millrace/runtime/host-names'
import type { Log } from '@millrace/telemetry/log'

/** One process of a service, with its own connections. */
export interface Replica {
  /** IPv4 or IPv6. */
  readonly address: string
  readonly port: number
  readonly agent: Agent
  /** Monotonic ms; others are asked first until then. */
  avoidUntilMs: number
}

/**
 * The replicas of one service, found under its URLs. A host name may stand for many, as that of a headless Service of Kubernetes does: it is looked up again and again. What is new takes its
 * turn at once; what is gone is asked no more and its idle connections are closed, while requests under way end in peace.
 */
export interface Replicas extends Disposable {
  /** The next to be asked of those not in `tried`: another one each time, and before all others those that need not be avoided. Undefined when none is left. */
  next(tried: ReadonlySet<Replica>): Replica | undefined
  /** Looks all names up now, unless that has just been done; resolves when it is known, or after {@link LOOK_UP_WAIT_MS}. Never rejects. */
  lookUp(): Promise<void>
  /** Lets others be asked first for so long. */
  avoid(replica: Replica, ms: number): void
  /** It said that it ends: its idle connections are closed before it does so itself, and others are asked first. */
  leave(replica: Replica): void
  /** Closes its idle connections, as one of them was found to be dead: the next request to it makes a new one. */
  renew(replica: Replica): void
}

export interface ReplicasOptions {
  /** Of the service, for logs. */
  readonly name: string
  /** `http://<name or address>:<port>` each. */
  readonly urls: readonly string[]
  readonly hostNames: HostNames
  readonly clock: Clock
  readonly log: Log
  /** {@link LOOK_UP_MS} by default. */
  readonly lookUpMs?: number
}

/** Below any drain delay, and seldom enough for a name server: one question per name and gateway. */
const LOOK_UP_MS = 2_000
/** Requests that fail together ask once. */
const LOOK_UP_GAP_MS = 250
/** How long a request waits for names. A name server that is away is asked for up to ten seconds by the machine's resolver. */
const LOOK_UP_WAIT_MS = 1_000
/** A replica that ends is gone for good, or back after some seconds. */
const LEAVE_MS = 5_000
/** Below the 65 s after which our services close an idle connection, so that none is used in the moment it is closed. */
const FREE_SOCKET_MS = 30_000
/** To one replica; a request that has to wait for one waits in order. */
const MAX_SOCKETS = 1024

export function createReplicas(options: ReplicasOptions): Replicas {
  return new FoundReplicas(options)
}

class FoundReplicas implements Replicas {
  readonly #options: ReplicasOptions
  readonly #hosts: readonly Host[]
  #all: readonly Replica[]
  #turn = 0
  #lookingUp: Promise<void> | undefined
  #lookedUpMs = -Infinity
  readonly #stop = new AbortController()

  constructor(options: ReplicasOptions) {
    this.#options = options
    this.#hosts = options.urls.map(hostOf)
    this.#all = this.#hosts.flatMap(({ replicas }) => [...replicas.values()])
    if (this.#hosts.some(({ isName }) => isName)) void this.#lookUpForever()
  }

  next(tried: ReadonlySet<Replica>): Replica | undefined {
    const now = this.#options.clock.monotonicMs()
    let second: Replica | undefined
    for (let i = 0; i < this.#all.length; i++) {
      const replica = this.#all[this.#turn++ % this.#all.length]
      if (replica === undefined || tried.has(replica)) continue
      if (replica.avoidUntilMs <= now) return replica
      second ??= replica
    }
    return second
  }

  async lookUp(): Promise<void> {
    if (!this.#hosts.some(({ isName }) => isName)) return
    const { clock } = this.#options
    if (this.#lookingUp === undefined && clock.monotonicMs() - this.#lookedUpMs < LOOK_UP_GAP_MS) return
    const known = new AbortController()
    void (this.#lookingUp ??= this.#lookUpAll()).then(() => { known.abort() })
    await clock.sleep(LOOK_UP_WAIT_MS, known.signal)
  }

  avoid(replica: Replica, ms: number): void {
    replica.avoidUntilMs = this.#options.clock.monotonicMs() + ms
  }

  leave(replica: Replica): void {
    this.avoid(replica, LEAVE_MS)
    closeIdle(replica.agent)
  }

  renew(replica: Replica): void {
    closeIdle(replica.agent)
  }

  [Symbol.dispose](): void {
    this.#stop.abort()
    for (const { agent } of this.#all) agent.destroy()
  }

  async #lookUpForever(): Promise<void> {
    const { clock, lookUpMs = LOOK_UP_MS } = this.#options
    while (!this.#stop.signal.aborted) {
      await (this.#lookingUp ??= this.#lookUpAll())
      await clock.sleep(lookUpMs, this.#stop.signal)
    }
  }

  /** Never rejects. */
  async #lookUpAll(): Promise<void> {
    await Promise.all(this.#hosts.filter(({ isName }) => isName).map(async (host) => { await this.#lookUpHost(host) }))
    if (!this.#stop.signal.aborted) this.#all = this.#hosts.flatMap(({ replicas }) => [...replicas.values()])
    this.#lookedUpMs = this.#options.clock.monotonicMs()
    this.#lookingUp = undefined
  }

  async #lookUpHost(host: Host): Promise<void> {
    const { name, hostNames, log } = this.#options
    let addresses: readonly string[]
    try {
      addresses = await hostNames.lookUp(host.hostName)
    } catch (error) {
      log.warn({ err: error, to: name, hostName: host.hostName }, 'a name cannot be looked up; the addresses that are known stay in use')
      return
    }
    if (this.#stop.signal.aborted) return
    const gone = [...host.replicas.keys()].filter((address) => !addresses.includes(address))
    const fresh = addresses.filter((address) => !host.replicas.has(address))
    for (const address of gone) {
      const replica = host.replicas.get(address)
      if (replica !== undefined) retire(replica.agent)
      host.replicas.delete(address)
    }
    for (const address of fresh) host.replicas.set(address, createReplica(address, host.port))
    if (gone.length + fresh.length > 0) log.info({ to: name, hostName: host.hostName, fresh, gone, replicas: host.replicas.size }, 'replicas came or went')
  }
}

interface Host {
  readonly hostName: string
  readonly port: number
  /** An address needs no look-up. */
  readonly isName: boolean
  readonly replicas: Map<string, Replica>
}

function hostOf(text: string): Host {
  const url = new URL(text)
  const hostName = url.hostname.replace(/^\[|\]$/g, '') // IPv6 stands in brackets
  const port = url.port === '' ? 80 : Number(url.port)
  const isName = isIP(hostName) === 0
  return { hostName, port, isName, replicas: new Map(isName ? [] : [[hostName, createReplica(hostName, port)]]) }
}

function createReplica(address: string, port: number): Replica {
  return { address, port, agent: new Agent({ keepAlive: true, timeout: FREE_SOCKET_MS, maxSockets: MAX_SOCKETS }), avoidUntilMs: -Infinity }
}

/** Requests under way keep their connections to their end, and leave none behind. */
function retire(agent: Agent): void {
  agent.maxFreeSockets = 0
  closeIdle(agent)
}

function closeIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

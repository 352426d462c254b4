import type { Redis } from 'ioredis'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import { createRedisClient, type RedisAddress } from './redis-client.ts'

export interface RedisConnectionOptions extends RedisAddress {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What it is for, in log lines: `limits`. */
  readonly purpose: string
  /** Longest wait for one answer. Choose it for what the caller does without Redis: a few ms where that is cheap. */
  readonly commandTimeoutMs: number
  /** Called once, before the client connects: the place to listen to its events. */
  readonly configure?: (client: Redis) => void
}

/**
 * One connection to Redis that is either there and quick, or out of the way.
 *
 * After a command that failed, or a late one and a late probe, every other is refused at once until Redis has answered a probe: while it is down, or answers too slowly,
 * callers lose no time on it. Probes are made in the background, and only while there are callers.
 */
export interface RedisConnection extends AsyncDisposable {
  /** False during an outage; what {@link run} would then say. */
  readonly isUp: boolean
  /**
   * Runs commands; they must settle with what the driver's own commands do.
   *
   * @throws {RedisUnavailableError} Redis is down or slow, or refused a command. What was sent may or may not have happened.
   */
  run<T>(commands: (redis: Redis) => Promise<T>): Promise<T>
}

/** Redis did not do what was asked, or not in time. Whatever is kept there may be forgotten, so callers go on without it. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError'
  readonly code = 'REDIS_UNAVAILABLE'
  readonly retryable = true
}

/** Opens a connection. It need not be there yet: opening waits for it a moment, and goes on without it. */
export async function openRedisConnection(options: RedisConnectionOptions): Promise<RedisConnection> {
  const connection = new BreakingRedisConnection(options)
  await connection.waitUntilUp(MAX_OPEN_WAIT_MS)
  return connection
}

/** A Redis in reach answers within a few ms, also when the process has just started; one that is down must not keep an app from starting. */
const MAX_OPEN_WAIT_MS = 1_000
/** Wait between two probes of a Redis that is connected and slow. */
const PROBE_PAUSE_MS = 1_000

class BreakingRedisConnection implements RedisConnection {
  readonly #clock: Clock
  readonly #log: Log
  readonly #purpose: string
  readonly #client: Redis
  readonly #opened = new AbortController()
  #state: 'opening' | 'up' | 'down' | 'closed' = 'opening'
  #probeAtMs = 0
  #isSuspected = false

  constructor({ clock, log, purpose, configure, ...options }: RedisConnectionOptions) {
    this.#clock = clock
    this.#log = log
    this.#purpose = purpose
    this.#client = createRedisClient({ ...options, onError: (error) => { this.#fall(error) } })
    this.#client.on('ready', () => { this.#rise() })
    this.#client.on('close', () => { this.#fall(new Error('the connection was closed')) })
    configure?.(this.#client)
  }

  get isUp(): boolean {
    return this.#state === 'up'
  }

  async waitUntilUp(maxWaitMs: number): Promise<void> {
    await this.#clock.sleep(maxWaitMs, this.#opened.signal)
    if (this.#state === 'opening') this.#fall(new Error(`no connection within ${maxWaitMs} ms`))
  }

  async run<T>(commands: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#state !== 'up') {
      this.#probeWhenDue()
      throw new RedisUnavailableError('redis is unavailable')
    }
    try {
      return await commands(this.#client)
    } catch (cause) {
      if (isLate(cause)) this.#suspect(cause)
      else this.#fall(cause)
      throw new RedisUnavailableError('redis failed', { cause })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#state = 'closed'
    this.#opened.abort()
    this.#client.disconnect()
    return await Promise.resolve()
  }

  #rise(): void {
    if (this.#state === 'down') this.#log.info({ purpose: this.#purpose }, 'redis is back')
    if (this.#state !== 'closed') this.#state = 'up'
    this.#opened.abort()
  }

  /** Said once per outage: what fails while it lasts tells nothing new. */
  #fall(cause: unknown): void {
    if (this.#state === 'down' || this.#state === 'closed') return
    this.#state = 'down'
    this.#probeAtMs = this.#clock.monotonicMs() + PROBE_PAUSE_MS
    this.#opened.abort()
    this.#log.warn({ err: cause, purpose: this.#purpose }, 'redis became unavailable')
  }

  /** When this process was busy for a moment, everything under way is late at once, though the answers lie ready: one more question tells. */
  #suspect(cause: unknown): void {
    if (this.#isSuspected || this.#state !== 'up') return
    this.#isSuspected = true
    this.#client.ping().catch(() => { this.#fall(cause) }).finally(() => { this.#isSuspected = false })
  }

  /** A lost connection says by itself when it is there again; one that is only slow has to be asked. */
  #probeWhenDue(): void {
    const nowMs = this.#clock.monotonicMs()
    if (this.#state !== 'down' || this.#client.status !== 'ready' || nowMs < this.#probeAtMs) return
    this.#probeAtMs = nowMs + PROBE_PAUSE_MS
    this.#client.ping().then(() => { this.#rise() }, () => undefined) // still down: the next probe asks again
  }
}

/** The driver has no class for it. */
function isLate(cause: unknown): boolean {
  return cause instanceof Error && cause.message === 'Command timed out'
}

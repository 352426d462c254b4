import type { TenantId } from '@millrace/event/event'
import type { RedisAddress } from '@millrace/redis/redis-client'
import { openRedisConnection, RedisUnavailableError, type RedisConnection } from '@millrace/redis/redis-connection'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import { openRedisSubscriptions, type RedisSubscriptions } from './redis-subscriptions.ts'
import { encodeTailMessage } from './tail-message.ts'
import { LISTENERS_KNOWN_WITHIN_MS, MAX_TAIL_FRAGMENT_BYTES, TailUnavailableError, type Tail, type TailFragment, type TailItem } from './tail.ts'

export interface RedisTailOptions extends RedisAddress {
  /** Before every channel, so that several installations may share one Redis: `millrace:`. */
  readonly prefix: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Hands on through channels of Redis, one per tenant. Subscriptions have a connection of their own, which is made for the first one. */
export async function openRedisTail({ prefix, ...options }: RedisTailOptions): Promise<Tail> {
  const publishing = await openRedisConnection({ ...options, purpose: 'tail', commandTimeoutMs: MAX_PUBLISH_MS })
  return new RedisTail(publishing, async () => await openRedisSubscriptions(options), `${prefix}tail:`, options.clock)
}

/** Nobody waits for it; what takes longer stands for a Redis that does not keep up. */
const MAX_PUBLISH_MS = 1_000
/** What may wait to be sent: a Redis that does not keep up must not fill the memory of a router. */
const MAX_IN_FLIGHT_BYTES = 4 * 1024 * 1024
/** Tenants whose drops are counted until the next message can tell them. */
const MAX_COUNTED_TENANTS = 10_000

class RedisTail implements Tail {
  readonly #publishing: RedisConnection
  readonly #openSubscriptions: () => Promise<RedisSubscriptions>
  readonly #channelPrefix: string
  readonly #clock: Clock
  readonly #dropped = new Map<TenantId, number>()
  #subscriptions: Promise<RedisSubscriptions> | undefined
  #listened: ReadonlySet<TenantId> = new Set()
  #askedAtMs = -Infinity
  #inFlightBytes = 0
  #isClosed = false

  constructor(publishing: RedisConnection, openSubscriptions: () => Promise<RedisSubscriptions>, channelPrefix: string, clock: Clock) {
    this.#publishing = publishing
    this.#openSubscriptions = openSubscriptions
    this.#channelPrefix = channelPrefix
    this.#clock = clock
  }

  hasSubscribers(tenantId: TenantId): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#askedAtMs >= LISTENERS_KNOWN_WITHIN_MS) {
      this.#askedAtMs = nowMs
      void this.#askForListeners()
    }
    return this.#listened.has(tenantId)
  }

  publish(tenantId: TenantId, fragment: TailFragment): void {
    if (this.#inFlightBytes + fragment.bytes.length > MAX_IN_FLIGHT_BYTES) this.#drop(tenantId, 1)
    else if (fragment.bytes.length > MAX_TAIL_FRAGMENT_BYTES) void this.#send(tenantId, undefined, 1)
    else void this.#send(tenantId, fragment, 0)
  }

  async subscribe(tenantId: TenantId, signal: AbortSignal): Promise<AsyncIterable<TailItem>> {
    if (this.#isClosed) throw new TailUnavailableError('the tail is closed')
    this.#subscriptions ??= this.#openSubscriptions()
    return await (await this.#subscriptions).subscribe(this.#channelOf(tenantId), signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#publishing[Symbol.asyncDispose]()
    await (await this.#subscriptions)?.[Symbol.asyncDispose]()
  }

  /** The braces are those of the other keys. */
  #channelOf(tenantId: TenantId): string {
    return `${this.#channelPrefix}{${tenantId}}`
  }

  /** @param more fragments that are dropped with this message. */
  async #send(tenantId: TenantId, fragment: TailFragment | undefined, more: number): Promise<void> {
    const dropped = (this.#dropped.get(tenantId) ?? 0) + more
    this.#dropped.delete(tenantId)
    const message = encodeTailMessage({ dropped, fragment })
    this.#inFlightBytes += message.length
    try {
      await this.#publishing.run(async (redis) => await redis.publish(this.#channelOf(tenantId), message))
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error
      this.#drop(tenantId, dropped + (fragment === undefined ? 0 : 1))
    } finally {
      this.#inFlightBytes -= message.length
    }
  }

  #drop(tenantId: TenantId, count: number): void {
    if (this.#dropped.size < MAX_COUNTED_TENANTS || this.#dropped.has(tenantId)) this.#dropped.set(tenantId, (this.#dropped.get(tenantId) ?? 0) + count)
  }

  /** One question for all tenants. Without an answer the last one stands, so that what cannot be sent goes on being counted. */
  async #askForListeners(): Promise<void> {
    const start = `${this.#channelPrefix}{`
    const pattern = `${start.replace(/[*?[\]\\]/g, '\\$&')}*`
    try {
      const channels = await this.#publishing.run(async (redis) => (await redis.pubsub('CHANNELS', pattern)) as string[])
      this.#listened = new Set(channels.map((channel) => channel.slice(start.length, -1)))
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error
    }
  }
}

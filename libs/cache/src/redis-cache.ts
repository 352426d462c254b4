import type { TenantId } from '@millrace/event/event'
import type { RedisAddress } from '@millrace/redis/redis-client'
import { openRedisConnection, RedisUnavailableError, type RedisConnection } from '@millrace/redis/redis-connection'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import { MAX_ENTRY_BYTES, type Cache } from './cache.ts'
import { checkEntry } from './check-entry.ts'

export interface RedisCacheOptions extends RedisAddress {
  /** Before every key, so that several installations may share one Redis: `millrace:`. */
  readonly prefix: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Default: {@link MAX_REDIS_WAIT_MS}. */
  readonly maxWaitMs?: number
}

/**
 * Keeps entries in Redis, where all processes share them. Redis bounds their sum by `maxmemory`: every key has a time to live, so that a policy such as
 * `volatile-lru` may drop any.
 */
export async function openRedisCache({ prefix, maxWaitMs = MAX_REDIS_WAIT_MS, ...options }: RedisCacheOptions): Promise<Cache> {
  return new RedisCache(await openRedisConnection({ ...options, purpose: 'cache', commandTimeoutMs: maxWaitMs }), prefix)
}

/** The largest entry takes some 10 ms within one network; what takes longer is soon made anew. */
export const MAX_REDIS_WAIT_MS = 100

class RedisCache implements Cache {
  readonly #connection: RedisConnection
  readonly #prefix: string

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection
    this.#prefix = prefix
  }

  async get(tenantId: TenantId, key: string): Promise<Uint8Array | undefined> {
    const bytes = await this.#orEmpty(this.#connection.run(async (redis) => await redis.getBuffer(this.#keyOf(tenantId, key))))
    return bytes === undefined || bytes === null || bytes.length > MAX_ENTRY_BYTES ? undefined : bytes
  }

  async set(tenantId: TenantId, key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    checkEntry(key, ttlMs)
    const name = this.#keyOf(tenantId, key)
    const value = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    await this.#orEmpty(this.#connection.run(async (redis) => {
      // What cannot be kept must not leave what was there before.
      if (bytes.length > MAX_ENTRY_BYTES) await redis.del(name)
      else await redis.set(name, value, 'PX', Math.ceil(ttlMs))
    }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
  }

  /** The braces keep a tenant's entries on one node of a cluster. A tenant's name holds no brace, so no key reaches into another's. */
  #keyOf(tenantId: TenantId, key: string): string {
    return `${this.#prefix}cache:{${tenantId}}:${key}`
  }

  async #orEmpty<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer
    } catch (error) {
      if (error instanceof RedisUnavailableError) return undefined
      throw error
    }
  }
}

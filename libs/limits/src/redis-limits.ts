import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { TenantId } from '@millrace/event/event'
import type { RedisAddress } from '@millrace/redis/redis-client'
import { openRedisConnection, RedisUnavailableError, type RedisConnection } from '@millrace/redis/redis-connection'
import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'
import type { Limits, Rate } from './limits.ts'
import { createProcessLimits } from './process-limits.ts'

export interface RedisLimitsOptions extends RedisAddress {
  /** Before every key, so that several installations may share one Redis: `millrace:`. */
  readonly prefix: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Default: {@link MAX_REDIS_WAIT_MS}. */
  readonly maxWaitMs?: number
}

/**
 * Keeps the buckets in Redis, where all processes share them, by the clock of Redis.
 *
 * While Redis is down or slow, buckets of this process decide at once: each process then grants the whole rate. They see what was taken before, so that an
 * outage is no new burst. No call ever fails because of Redis.
 */
export async function openRedisLimits({ prefix, maxWaitMs = MAX_REDIS_WAIT_MS, ...options }: RedisLimitsOptions): Promise<Limits> {
  const connection = await openRedisConnection({ ...options, purpose: 'limits', commandTimeoutMs: maxWaitMs })
  return new RedisLimits(connection, prefix, createProcessLimits(options))
}

/** What a request may lose on a slow Redis, once: it takes well under a millisecond, and a busy process is late by some more. */
export const MAX_REDIS_WAIT_MS = 25

class RedisLimits implements Limits {
  readonly #connection: RedisConnection
  readonly #prefix: string
  readonly #local: Limits

  constructor(connection: RedisConnection, prefix: string, local: Limits) {
    this.#connection = connection
    this.#prefix = prefix
    this.#local = local
  }

  async take(tenantId: TenantId, bucket: string, rate: Rate, amount: number): Promise<{ readonly isTaken: boolean; readonly retryAfterMs: number }> {
    assert(rate.perSecond > 0 && rate.burst > 0 && amount >= 0, 'a rate is positive and an amount is not negative')
    const retryAfterMs = await this.#run('take', tenantId, bucket, rate, amount)
    if (retryAfterMs === undefined) return await this.#local.take(tenantId, bucket, rate, amount)
    if (retryAfterMs === 0) await this.#local.debit(tenantId, bucket, rate, amount)
    return { isTaken: retryAfterMs === 0, retryAfterMs }
  }

  async debit(tenantId: TenantId, bucket: string, rate: Rate, amount: number): Promise<void> {
    await this.#local.debit(tenantId, bucket, rate, amount)
    await this.#run('debit', tenantId, bucket, rate, amount)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]()
    await this.#local[Symbol.asyncDispose]()
  }

  /** Answers 0 when the tokens were taken, else after how many ms there will be enough; undefined when Redis does not answer. */
  async #run(act: 'take' | 'debit', tenantId: TenantId, bucket: string, { perSecond, burst }: Rate, amount: number): Promise<number | undefined> {
    // The braces keep a tenant's buckets on one node of a cluster.
    const key = `${this.#prefix}limits:{${tenantId}}:${bucket}`
    const parameters = [key, act, perSecond, burst, amount] as const
    try {
      return await this.#connection.run(async (redis) => {
        try {
          return Number(await redis.evalsha(BUCKET_SHA1, 1, ...parameters))
        } catch (error) {
          // Redis forgets scripts when it starts again; EVAL teaches it.
          if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
          return Number(await redis.eval(BUCKET_SCRIPT, 1, ...parameters))
        }
      })
    } catch (error) {
      if (error instanceof RedisUnavailableError) return undefined
      throw error
    }
  }
}

/**
 * One bucket: a text `<tokens> <µs since 1970 when it held them>`, absent when full. It lives until it is full again, so whatever Redis lets go by its
 * time to live is no loss. A clock of Redis that goes back gives no tokens; the margin of 1e-6 is the one of the process's buckets, and about the precision
 * that is kept. The cap on the time to live, a year, only keeps absurd rates within what Redis accepts.
 */
const BUCKET_SCRIPT = `
local act, per_second, burst, amount = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local tokens = burst
local known = redis.call('GET', KEYS[1])
if known then
  local before, at = string.match(known, '(%S+) (%S+)')
  tokens = math.min(burst, tonumber(before) + math.max(0, now - tonumber(at)) * per_second / 1000000)
end
if act == 'take' then
  local needed = math.min(amount, burst)
  if tokens < needed - 0.000001 then
    return math.max(1, math.ceil((needed - tokens) * 1000 / per_second))
  end
end
tokens = tokens - amount
local full_in = math.ceil((burst - tokens) * 1000 / per_second) + 1
redis.call('SET', KEYS[1], string.format('%.17g %.0f', tokens, now), 'PX', string.format('%.0f', math.max(1, math.min(full_in, 31536000000))))
return 0
`
const BUCKET_SHA1 = createHash('sha1').update(BUCKET_SCRIPT).digest('hex')

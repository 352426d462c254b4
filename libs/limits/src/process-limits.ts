import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'
import type { Limits, Rate } from './limits.ts'

export interface ProcessLimitsOptions {
  readonly clock: Clock
  /** Buckets remembered; the one that was used longest ago is forgotten first, and is full when it comes back. */
  readonly maxBuckets?: number
}

/** Keeps the buckets of this process in memory. */
export function createProcessLimits({ clock, maxBuckets = DEFAULT_MAX_BUCKETS }: ProcessLimitsOptions): Limits {
  /** In order of use, the oldest first. */
  const buckets = new Map<string, Bucket>()
  const tokensOf = (name: string, { perSecond, burst }: Rate, nowMs: number): number => {
    const before = buckets.get(name) ?? { tokens: burst, atMs: nowMs }
    return Math.min(burst, before.tokens + ((nowMs - before.atMs) * perSecond) / 1000)
  }
  const put = (name: string, bucket: Bucket): void => {
    buckets.delete(name)
    buckets.set(name, bucket)
    if (buckets.size > maxBuckets) for (const oldest of buckets.keys()) {
      buckets.delete(oldest)
      break
    }
  }
  return {
    async take(tenantId, bucket, rate, amount) {
      const { perSecond, burst } = rate
      assert(perSecond > 0 && burst > 0 && amount >= 0, 'a rate is positive and an amount is not negative')
      const name = `${tenantId}/${bucket}`
      const nowMs = clock.monotonicMs()
      const tokens = tokensOf(name, rate, nowMs)
      const needed = Math.min(amount, burst)
      const isTaken = tokens >= needed - ROUNDING
      put(name, { tokens: isTaken ? tokens - amount : tokens, atMs: nowMs })
      return { isTaken, retryAfterMs: isTaken ? 0 : Math.ceil(((needed - tokens) * 1000) / perSecond) }
    },
    async debit(tenantId, bucket, rate, amount) {
      const name = `${tenantId}/${bucket}`
      const nowMs = clock.monotonicMs()
      put(name, { tokens: tokensOf(name, rate, nowMs) - amount, atMs: nowMs })
    },
    async [Symbol.asyncDispose]() {
      buckets.clear()
    },
  }
}

/** A few for each tenant of a large installation: some ten megabytes. */
const DEFAULT_MAX_BUCKETS = 100_000
/** Tokens regained in many small steps sum up to a little less than in one. */
const ROUNDING = 1e-6

interface Bucket {
  /** Below 0 after an amount above the burst. */
  readonly tokens: number
  readonly atMs: number
}

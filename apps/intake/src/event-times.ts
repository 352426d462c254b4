import { MAX_AHEAD_NS, NS_PER_DAY, NS_PER_MS } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import type { DecodeOptions } from '@millrace/wire/decoded-events'

/** Which event times are taken: not older than the tenant's retention, not more than ten minutes ahead. */
export function decodeOptions(clock: Clock, receivedMs: number, retentionDays: number): DecodeOptions {
  const receivedNs = BigInt(Math.trunc(receivedMs)) * NS_PER_MS
  const nowNs = BigInt(Math.trunc(clock.nowMs())) * NS_PER_MS
  return { receivedNs, oldestNs: nowNs - BigInt(retentionDays) * NS_PER_DAY, newestNs: nowNs + MAX_AHEAD_NS, maxPartBytes: PART_BYTES }
}

/**
 * A request is cut into parts of this many bytes as received. Never change it within a topic generation: a retry must be cut alike. Small enough that
 * a part fits one record however badly it packs.
 */
export const PART_BYTES = 512 * 1024

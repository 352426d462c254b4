import { createHash } from 'node:crypto'

/**
 * The partitions that a tenant's requests spread over: the same for one tenant and generation for ever. Few, so that a noisy tenant
 * shares its partitions with few others; more than one, so that one tenant is not bound to one writer.
 */
export function shardSet(tenantId: string, partitions: number): readonly number[] {
  const ranked = Array.from({ length: partitions }, (_, partition) => ({ partition, weight: createHash('sha256').update(`${tenantId}/${partition}`).digest('hex') }))
  ranked.sort((a, b) => (a.weight < b.weight ? 1 : -1))
  return ranked.slice(0, SHARD_SET_SIZE).map(({ partition }) => partition)
}

/** Where a request goes: a retry with the same id meets its first attempt. @param requestId 16 bytes. */
export function partitionOf(requestId: Uint8Array, shards: readonly number[]): number {
  const [first = 0, second = 0] = requestId
  const shard = shards[(first * 256 + second) % shards.length]
  if (shard === undefined) throw new RangeError('a shard set has at least one partition')
  return shard
}

/** Two: a tenant is not bound to one writer, and shares its partitions with few others. */
const SHARD_SET_SIZE = 2

import { partitionOf, shardSet } from '@millrace/bus/partitioning'
import { receiptText } from '@millrace/bus/receipt'
import type { TenantId } from '@millrace/event/event'
import type { Topics } from '@millrace/bus/topics'
import type { DecodedPart } from '@millrace/wire/decoded-events'
import type { Batcher } from './batcher.ts'
import type { IntakeRequest, Placed } from './intake-request.ts'
import type { RequestIdentity } from './request-ids.ts'

/** Hands decoded events to the batcher and answers with a receipt once all are durable. */
export interface Acceptor {
  /** All parts of one request under one identity. @throws as {@link Batcher.submit} */
  acceptParts(tenantId: TenantId, identity: RequestIdentity, parts: readonly DecodedPart[], receivedMs: number): Promise<readonly Placed[]>
  /**
   * Documents that are requests of their own, all of one partition; `identities` in row order, undefined for those that were refused: they leave no id behind, so that
   * a mended one is stored. @throws as {@link Batcher.submit}
   */
  acceptDocuments(tenantId: TenantId, partition: number, identities: readonly (RequestIdentity | undefined)[], part: DecodedPart, receivedMs: number): Promise<readonly Placed[]>
  /** As {@link Batcher.admit}. */
  admit(tenantId: TenantId, sourceBytes: number): Disposable
  /** Where an identity of the tenant goes. */
  partitionOf(tenantId: TenantId, identity: RequestIdentity): number
  /** Text for the header `Millrace-Receipt`. */
  receipt(tenantId: TenantId, places: readonly Placed[]): string
}

export function createAcceptor({ batcher, topics, receiptSecret }: { readonly batcher: Batcher; readonly topics: Topics; readonly receiptSecret: string }): Acceptor {
  const shards = new Map<TenantId, readonly number[]>()
  const place = (tenantId: TenantId, { id }: RequestIdentity): number => {
    let set = shards.get(tenantId)
    if (set === undefined) {
      if (shards.size === MAX_CACHED_SHARD_SETS) shards.clear()
      set = shardSet(tenantId, topics.partitions)
      shards.set(tenantId, set)
    }
    return partitionOf(id, set)
  }
  const submitAll = async (requests: readonly IntakeRequest[]): Promise<readonly Placed[]> => {
    // All settle before the first failure is reported: a body must stay held while any part of it is being appended.
    const settled = await Promise.allSettled(requests.map((request) => batcher.submit(request)))
    return settled.map((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
  }
  return {
    partitionOf: place,
    admit: (tenantId, sourceBytes) => batcher.admit(tenantId, sourceBytes),
    receipt: (tenantId, places) => receiptText(receiptSecret, tenantId, { generation: topics.generation, places: distinct(places) }),
    acceptParts: async (tenantId, identity, parts, receivedMs) => {
      const partition = place(tenantId, identity)
      return await submitAll(
        parts.map(({ rows, tables, sourceBytes }, part) => ({
          tenantId, partition, rows, sourceBytes, receivedMs, units: [{ ...identity, part, firstRow: 0, rows }], tables: tables.map((table) => ({ kind: 'log', table })),
        })),
      )
    },
    acceptDocuments: async (tenantId, partition, identities, { rows, tables, sourceBytes }, receivedMs) =>
      await submitAll([
        { tenantId, partition, rows, sourceBytes, receivedMs, units: identities.flatMap((identity, firstRow) => (identity === undefined ? [] : [{ ...identity, part: 0, firstRow, rows: 1 }])), tables: tables.map((table) => ({ kind: 'log', table })) },
      ]),
  }
}

/** A shard set takes some microseconds to find; the cache forgets all when very many tenants pass. */
const MAX_CACHED_SHARD_SETS = 10_000

function distinct(places: readonly Placed[]): readonly Placed[] {
  return [...new Map(places.map((place) => [`${place.partition}-${place.offset}`, place])).values()]
}

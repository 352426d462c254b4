import type { Topics } from '@millrace/bus/topics'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import type { Tail } from '@millrace/tail/tail'

/** Shows routed batches to whoever watches their tenant. */
export interface TailPublisher {
  /**
   * Publishes the logs of a batch, unless nobody listens or this process has published it before: what is routed again is not new. Neither waits nor fails.
   *
   * @param offset of the batch in `batches`.
   */
  publish(partition: number, offset: number, record: BatchRecord): void
}

export function createTailPublisher(tail: Tail, { generation }: Topics): TailPublisher {
  /** Per partition: offset behind the last batch that was seen. */
  const seenEnds = new Map<number, number>()
  return {
    publish(partition, offset, { tenantId, fragments }) {
      if (offset < (seenEnds.get(partition) ?? 0)) return
      seenEnds.set(partition, offset + 1)
      if (!tail.hasSubscribers(tenantId)) return
      for (const { kind, bytes } of fragments) if (kind === 'log') tail.publish(tenantId, { stream: `${generation}/${partition}`, offset, bytes })
    },
  }
}

import { BusCorruptError, type Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'

/**
 * A log that ends below what was committed has lost acknowledged records or belongs to another installation. What is appended to it would get offsets that
 * are committed already, and never be read. @throws {BusCorruptError}
 */
export async function assertLogReachesCommits(bus: Pick<Bus, 'endOffset'>, catalog: Pick<Catalog, 'readPosition'>, topics: Topics): Promise<void> {
  for (let partition = 0; partition < topics.partitions; partition++) {
    // In this order: a commit that comes in between only makes the log longer than it needs to be.
    const { nextOffset, nextSourceOffset } = await catalog.readPosition(`${topics.generation}/${partition}`)
    if ((await bus.endOffset(topics.batches, partition)) < nextSourceOffset || (await bus.endOffset(topics.routed, partition)) < nextOffset) {
      throw new BusCorruptError(`the log of partition ${partition} ends below what the catalog has committed: the two do not belong together`)
    }
  }
}

import { BusCorruptError, type Bus } from '@millrace/bus/bus'
import { topicsOf } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'
import { assertLogReachesCommits } from './assert-log-reaches-commits.ts'

describe('a log and the commits that were made of it', () => {
  const topics = topicsOf({ generation: 'g1', partitions: 2 })
  const catalog: Pick<Catalog, 'readPosition'> = { readPosition: (stream: string) => Promise.resolve({ epoch: 1, sequence: 1, nextOffset: stream === 'g1/1' ? 5 : 0, nextSourceOffset: stream === 'g1/1' ? 7 : 0 }) }
  const busOf = (batches: number, routed: number): Pick<Bus, 'endOffset'> => ({ endOffset: (topic: string) => Promise.resolve(topic === topics.batches ? batches : routed) })

  it('belong together when the log reaches the commits, or goes beyond', async () => {
    await assertLogReachesCommits(busOf(7, 5), catalog, topics)
    await assertLogReachesCommits(busOf(70, 50), catalog, topics)
  })

  it('do not when either topic ends below', async () => {
    await expect(assertLogReachesCommits(busOf(6, 5), catalog, topics)).rejects.toThrow(BusCorruptError)
    await expect(assertLogReachesCommits(busOf(7, 4), catalog, topics)).rejects.toThrow('partition 1')
  })
})

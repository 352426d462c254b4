import type { ServerResponse } from 'node:http'
import type { Bus } from '@millrace/bus/bus'
import { topicsOf } from '@millrace/bus/topics'
import type { Catalog } from '@millrace/catalog/catalog'
import type { RouteRequest } from '@millrace/http/route'
import { systemClock } from '@millrace/runtime/system-clock'
import { statusRoute } from './status-route.ts'

const topics = topicsOf({ generation: 'g1', partitions: 40 })

describe('GET /v1/status', () => {
  it('counts what waits in each partition, and until when answers are complete', async () => {
    const bus = {
      endOffset: (topic: string, partition: number) => Promise.resolve(topic === topics.batches ? 100 + partition : topic === topics.deadLetters && partition === 3 ? 9 : 0),
      startOffset: (topic: string, partition: number) => Promise.resolve(topic === topics.deadLetters && partition === 3 ? 7 : 0),
    } as unknown as Bus
    const catalog = {
      readPosition: (stream: string) => Promise.resolve({ epoch: 1, sequence: 12, nextOffset: 0, nextSourceOffset: stream === 'g1/39' ? 100 : 1_000 }),
      readSealPosition: () => Promise.resolve({ epoch: 1, sequence: 1, throughCommit: 10 }),
    } as unknown as Catalog
    let asked: readonly string[] = []
    const completeUntilMs = (positions: ReadonlyMap<string, unknown>): number => {
      asked = [...positions.keys()]
      return systemClock.nowMs() - 2_000
    }
    let body = ''
    const response = { setHeader: () => undefined, end: (bytes: Buffer) => { body = bytes.toString() } } as unknown as ServerResponse
    await statusRoute({ bus, catalog, topics, frontier: { completeUntilMs }, clock: systemClock }).handle({} as RouteRequest, response)
    const answer = JSON.parse(body) as { readonly behindSeconds: number; readonly partitions: readonly object[] }
    expect(answer).toMatchObject({ generation: 'g1', waitingRecords: 39, unsealedCommits: 80, deadLetters: 2 })
    // What is committed by now may lie beyond the end that was read before it: that is nothing, and not less.
    expect([answer.partitions.length, answer.partitions[0], answer.partitions[39], answer.partitions[3]]).toEqual([
      40, { partition: 0, waitingRecords: 0, commits: 12, unsealedCommits: 2, deadLetters: 0 }, { partition: 39, waitingRecords: 39, commits: 12, unsealedCommits: 2, deadLetters: 0 }, expect.objectContaining({ deadLetters: 2 }),
    ])
    expect([asked.length, Math.round(answer.behindSeconds)]).toEqual([40, 2])
  })
})

import type { BatchRecord } from '@millrace/fragment/batch-record'
import { openTail } from '@millrace/tail/open-tail'
import { createTailPublisher } from './tail-publisher.ts'

const topics = { generation: 'g1', partitions: 4, batches: 'b', routed: 'r', commits: 'c', deadLetters: 'd' }
const record = (tenantId: string, ...kinds: BatchRecord['fragments'][number]['kind'][]): BatchRecord => ({
  tenantId, receivedMs: 0, sourceOffset: undefined, requests: [], fragments: kinds.map((kind, index) => ({ kind, dayNs: 0n, rows: 1, bytes: Uint8Array.of(index) })),
})

describe('what a router shows to watchers', () => {
  it('is the logs of their tenant, under the place of their batch, each batch once', async () => {
    await using tail = await openTail({ kind: 'process' })
    const gone = new AbortController()
    const items = await tail.subscribe('mine', gone.signal)
    const publisher = createTailPublisher(tail, topics)
    publisher.publish(2, 5, record('mine', 'metric', 'log', 'span', 'log'))
    publisher.publish(2, 6, record('theirs', 'log'))
    publisher.publish(2, 7, record('mine', 'log'))
    publisher.publish(2, 5, record('mine', 'log')) // routed again from the commit
    publisher.publish(1, 5, record('mine', 'log'))
    gone.abort()
    const shown: string[] = []
    for await (const { fragment } of items) shown.push(`${fragment?.stream} ${fragment?.offset} ${String(fragment?.bytes[0])}`)
    expect(shown).toEqual(['g1/2 5 1', 'g1/2 5 3', 'g1/2 7 0', 'g1/1 5 0'])
  })
})

import { topicsOf } from '@millrace/bus/topics'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { createLog } from '@millrace/telemetry/log'
import { createRegistry } from '@millrace/telemetry/metrics'
import type { Frontier } from './frontier.ts'
import { watchLag } from './watch-lag.ts'

const topics = topicsOf({ generation: 'g1', partitions: 2 })

describe('the gauge of the lag', () => {
  it('follows the commits, grows while they stand still or cannot be read, and reads nothing of what is idle', async () => {
    const clock = new ManualClock(1_000_000)
    let committed = 0
    let reads = 0
    let isDown = false
    // Batch 0 was acknowledged at the start, one more each second later until the tenth.
    const frontier: Frontier = {
      completeUntilMs(positions) {
        const reached = Math.min(...[...positions.values()].map(({ nextSourceOffset }) => nextSourceOffset))
        return reached >= 10 ? clock.nowMs() - 100 : 1_000_000 + reached * 1000
      },
    }
    const catalog = {
      readPosition: () => {
        reads++
        return isDown ? Promise.reject(new Error('no quorum')) : Promise.resolve({ epoch: 1, sequence: 1, nextOffset: committed, nextSourceOffset: committed })
      },
    }
    const registry = createRegistry('query')
    const stop = new AbortController()
    const watching = watchLag({ frontier, catalog, topics, clock, log: createLog('silent'), registry }, stop.signal)
    const lagAfter = async (seconds: number): Promise<number> => {
      for (let passed = 0; passed < seconds; passed++) await clock.advance(1000)
      const [, value = ''] = /^millrace_query_lag_seconds\{app="query"\} (\S+)$/m.exec(await registry.metrics()) ?? []
      return Number(value)
    }
    expect(await lagAfter(6)).toBe(6)
    committed = 5
    expect(await lagAfter(6)).toBe(7)
    isDown = true
    committed = 10
    expect(await lagAfter(8)).toBe(15)
    isDown = false
    expect(await lagAfter(5)).toBeLessThan(5)
    const before = reads
    await lagAfter(60)
    expect(reads).toBe(before)
    stop.abort()
    await watching
  })

  it('has no lag of its own with as many partitions as there may be, reads a few at once, and ends in the middle when it is told to', async () => {
    const clock = new ManualClock(1_000_000)
    const many = topicsOf({ generation: 'g1', partitions: 1024 })
    // What was acknowledged is committed at once; it is never told to be nearer than 2 s, so that each look reads all.
    const frontier: Frontier = { completeUntilMs: (positions) => (positions.size < many.partitions ? undefined : clock.nowMs() - 2000) }
    let [reads, atOnce, mostAtOnce] = [0, 0, 0]
    const catalog = {
      readPosition: async () => {
        reads++
        mostAtOnce = Math.max(mostAtOnce, ++atOnce)
        await clock.sleep(10)
        atOnce--
        return { epoch: 1, sequence: 1, nextOffset: 1, nextSourceOffset: 1 }
      },
    }
    const registry = createRegistry('query')
    const stop = new AbortController()
    const watching = watchLag({ frontier, catalog, topics: many, clock, log: createLog('silent'), registry }, stop.signal)
    let most = 0
    for (let passedMs = 0; passedMs < 30_000; passedMs += 100) {
      await clock.advance(100)
      const [, value = ''] = /^millrace_query_lag_seconds\{app="query"\} (\S+)$/m.exec(await registry.metrics()) ?? []
      most = Math.max(most, Number(value))
    }
    expect(most).toBeLessThan(10)
    expect(mostAtOnce).toBe(32)
    for (const before = reads; reads === before;) await clock.advance(10)
    const begun = reads
    stop.abort()
    await clock.advance(100)
    await watching
    expect(reads).toBe(begun)
  })
})

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
})

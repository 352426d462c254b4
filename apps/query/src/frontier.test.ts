import type { Bus } from '@millrace/bus/bus'
import { topicsOf } from '@millrace/bus/topics'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { createLog } from '@millrace/telemetry/log'
import { createFrontier } from './frontier.ts'

const topics = topicsOf({ generation: 'g1', partitions: 2 })
const position = (nextSourceOffset: number) => ({ epoch: 1, sequence: 1, nextOffset: nextSourceOffset, nextSourceOffset })

describe('the frontier of acknowledgements', () => {
  it('is the newest moment whose ends the commits have passed, in every stream that is asked for', async () => {
    const clock = new ManualClock(1_000_000)
    const ends = [0, 0]
    const bus = { endOffset: (_topic: string, partition: number) => Promise.resolve(ends[partition] ?? 0) } as unknown as Bus
    const stop = new AbortController()
    const frontier = createFrontier()
    const sampling = frontier.sampleForever({ bus, topics, clock, log: createLog('silent') }, stop.signal)
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 100) await clock.advance(100)
    }
    await pass(100)
    ends[0] = 5
    await pass(1000)
    ends[0] = 9
    await pass(1000)
    const until = (first: number, second: number): number | undefined => frontier.completeUntilMs(new Map([['g1/0', position(first)], ['g1/1', position(second)]]))
    // Nothing was in the log at first, then five batches for a second, now nine.
    expect(until(0, 0)).toBeLessThanOrEqual(1_000_100)
    expect(until(5, 0)).toBeGreaterThan(1_000_900)
    expect(until(5, 0)).toBeLessThanOrEqual(1_001_100)
    expect(until(9, 0)).toBeGreaterThan(1_001_900)
    // A stream that is behind holds the answer back; one that is not asked for does not.
    ends[1] = 1
    await pass(1000)
    expect(until(9, 0)).toBeLessThanOrEqual(1_002_100)
    expect(frontier.completeUntilMs(new Map([['g1/0', position(9)]]))).toBeGreaterThan(1_002_900)
    stop.abort()
    await pass(100)
    await sampling
  })
})

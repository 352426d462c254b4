import { ManualClock } from './manual-clock.ts'

describe('the manual clock', () => {
  it('wakes sleepers in the order of their times, each at its own time', async () => {
    const clock = new ManualClock(1000)
    const woken: [string, number, number][] = []
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms)
      woken.push([name, clock.monotonicMs(), clock.nowMs()])
    }
    void sleep('late', 50)
    void sleep('early', 10).then(() => sleep('again', 20))
    void sleep('never', 200)
    await clock.advance(100)
    expect(woken).toEqual([['early', 10, 1010], ['again', 30, 1030], ['late', 50, 1050]])
    expect([clock.monotonicMs(), clock.nowMs(), clock.sleeping]).toEqual([100, 1100, 1])
  })

  it('ends a sleep when its signal aborts', async () => {
    const clock = new ManualClock()
    const stop = new AbortController()
    const sleeping = clock.sleep(1000, stop.signal)
    stop.abort()
    await sleeping
    await clock.sleep(1000, stop.signal)
    expect(clock.sleeping).toBe(0)
  })

  it('lets a wait of no time end without an advance', async () => {
    await new ManualClock().sleep(0)
  })

  it('sets the wall clock without a change of durations', async () => {
    const clock = new ManualClock(1000)
    await clock.advance(5)
    clock.setWallTime(10)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([10, 5])
  })
})

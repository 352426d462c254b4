import { ManualClock } from '@millrace/simulator/manual-clock'
import { systemClock } from '@millrace/runtime/system-clock'
import { createFairWork } from './fair-work.ts'

/** Steps that note where they are, each as long as it is told. */
function* steps(name: string, count: number, noted: string[], clock = new ManualClock(), stepMs = 0): Generator<void, string, void> {
  for (let n = 0; n < count; n++) {
    noted.push(name)
    void clock.advance(stepMs) // the time itself passes at once
    if (n < count - 1) yield
  }
  return name
}

describe('work in turns', () => {
  it('does what is short between the steps of what is long', async () => {
    const noted: string[] = []
    const clock = new ManualClock()
    const work = createFairWork({ clock, maxWaiting: 10 })
    const long = work.run('long', steps('long', 100, noted, clock, 1))
    const short = work.once('short', () => noted.push('short'))
    expect(await long).toBe('long')
    await short
    expect(noted.indexOf('short')).toBeLessThanOrEqual(2)
    expect(noted.length).toBe(101)
  })

  it('finishes what a tenant began before it begins the next', async () => {
    const noted: string[] = []
    const work = createFairWork({ clock: new ManualClock(), maxWaiting: 10 })
    await Promise.all([work.run('t', steps('first', 5, noted)), work.run('t', steps('second', 5, noted))])
    expect(noted).toEqual([...Array<string>(5).fill('first'), ...Array<string>(5).fill('second')])
  })

  it('counts the time of the steps, not their number', async () => {
    const noted: string[] = []
    const clock = new ManualClock()
    const work = createFairWork({ clock, maxWaiting: 10 })
    await Promise.all([work.run('slow', steps('slow', 10, noted, clock, 5)), work.run('quick', steps('quick', 50, noted, clock, 1))])
    const slowBefore = noted.slice(0, noted.lastIndexOf('quick')).filter((name) => name === 'slow').length
    expect(slowBefore).toBeGreaterThanOrEqual(8)
  })

  it('lets timers and input through between steps', async () => {
    const noted: string[] = []
    const work = createFairWork({ clock: systemClock, maxWaiting: 10 })
    setImmediate(() => noted.push('input'))
    await work.run('t', steps('step', 10, noted))
    expect(noted.indexOf('input')).toBeLessThan(5)
  })

  it('hands on what a step throws, and goes on', async () => {
    const work = createFairWork({ clock: systemClock, maxWaiting: 10 })
    await expect(work.once('t', () => { throw new Error('of the step') })).rejects.toThrow('of the step')
    expect(await work.once('t', () => 1)).toBe(1)
  })
})

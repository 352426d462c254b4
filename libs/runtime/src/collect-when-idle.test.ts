import type { Clock } from './clock.ts'
import { collectGarbage } from './collect-garbage.ts'
import { collectWhenIdle } from './collect-when-idle.ts'

describe('memory', () => {
  /** How often it was collected within each window, of which each takes so much CPU. */
  async function collectionsOf(windowsMs: readonly number[]): Promise<readonly number[]> {
    const collections = windowsMs.map(() => 0)
    const ended = new AbortController()
    let window = -1
    let usedMs = 0
    const clock: Clock = {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleep() {
        window += 1
        usedMs += windowsMs[window] ?? 0
        if (window === windowsMs.length) ended.abort()
        return Promise.resolve()
      },
    }
    await collectWhenIdle({ clock, signal: ended.signal, usedMs: () => usedMs, collect: () => { collections[window] = (collections[window] ?? 0) + 1; usedMs += 5_000 } })
    return collections
  }

  it('is given back once each time a thread comes to rest', async () => {
    expect(await collectionsOf([9_000, 9_000, 100, 100, 100, 2_000, 0, 0])).toEqual([0, 0, 1, 0, 0, 0, 1, 0])
  })

  it('is given back after a start that nothing follows', async () => {
    expect(await collectionsOf([10, 10])).toEqual([1, 0])
  })

  it('that is garbage is gone at once', async () => {
    const waste = new FinalizationRegistry(() => { collected += 1 })
    let collected = 0
    for (let index = 0; index < 1000; index++) waste.register({ index }, index)
    collectGarbage(Infinity)
    for (let turn = 0; turn < MAX_TURNS && collected <= 900; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(waste).toBeDefined() // a register that is garbage itself tells nothing
    expect(collected).toBeGreaterThan(900) // the last ones may still stand in a register of the machine
  })
})

/** Finalizers are called in a task of their own. */
const MAX_TURNS = 10_000

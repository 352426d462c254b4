import type { Clock } from '@millrace/runtime/clock'

/** A clock that stands still until it is told to go on: waits of hours pass at once, in order. */
export class ManualClock implements Clock {
  #nowMs: number
  #monotonicMs = 0
  readonly #sleepers = new Set<Sleeper>()

  /** @param nowMs wall time at the start, ms since 1970. */
  constructor(nowMs = 1_767_225_600_000) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  /** A wait of 0 ms ends at the next turn of the event loop, without an advance. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    if (ms <= 0) {
      await nextTurn()
      return
    }
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleepers.delete(sleeper)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const sleeper: Sleeper = { atMs: this.#monotonicMs + ms, wake }
      this.#sleepers.add(sleeper)
      signal?.addEventListener('abort', wake)
    })
  }

  /** Waits that no advance has reached yet. */
  get sleeping(): number {
    return this.#sleepers.size
  }

  /** Lets `ms` pass. Sleepers wake in the order of their times, each at its own time, and what they do at once happens before the next one wakes. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    for (;;) {
      const next = [...this.#sleepers].reduce<Sleeper | undefined>((first, sleeper) => (sleeper.atMs <= endMs && (first === undefined || sleeper.atMs < first.atMs) ? sleeper : first), undefined)
      if (next === undefined) break
      this.#pass(next.atMs - this.#monotonicMs)
      next.wake()
      await nextTurn()
    }
    this.#pass(endMs - this.#monotonicMs)
  }

  /** Sets the wall clock, as an operator or NTP may at any moment; durations do not notice. */
  setWallTime(nowMs: number): void {
    this.#nowMs = nowMs
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms
    this.#nowMs += ms
  }
}

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

async function nextTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

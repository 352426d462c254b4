import type { Clock } from '@millrace/runtime/clock'

/** Keeps callers from waiting, one after the other, for an engine that has just failed to answer. */
export class EnginePause {
  readonly #clock: Clock
  readonly #pauseMs: number
  #untilMs = -Infinity

  constructor(clock: Clock, pauseMs: number) {
    this.#clock = clock
    this.#pauseMs = pauseMs
  }

  get isOn(): boolean {
    return this.#clock.monotonicMs() < this.#untilMs
  }

  begin(): void {
    this.#untilMs = this.#clock.monotonicMs() + this.#pauseMs
  }
}
